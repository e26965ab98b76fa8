"""`re:` patterns through google-re2, in time linear in the name. The package is optional and loads on first use.

Many expressions are matched as one `re2.Set`. A set that runs out of memory says nothing but "no match", so each holds
an expression that matches everything: where that one is missing, the expressions are tried one by one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_CHUNK = 200  # expressions in one set: few sets, none of them near re2's memory limit


class RegexSet:
    """Expressions, each with an index; indexes ascend."""

    def __init__(self, regexes: Sequence[tuple[int, str]]) -> None:
        self._chunks = [_Chunk(regexes[start : start + _CHUNK]) for start in range(0, len(regexes), _CHUNK)]

    def covering(self, name: str) -> list[int]:
        """Return the indexes of the expressions that cover the whole name."""
        # A name may hold surrogates (bytes that were no UTF-8, careless JSON), which re2 would refuse as a str.
        encoded = name.encode("utf-8", errors="surrogatepass") if self._chunks else b""
        return [index for chunk in self._chunks for index in chunk.covering(encoded)]


def refusal(regex: str) -> str | None:
    """Say why google-re2 does not take an expression, None if it does; ImportError where it is not installed."""
    import re2  # noqa: PLC0415 - optional, and not needed without `re:`

    try:
        _compiled(regex)
    except UnicodeEncodeError:
        return "a character of it is no Unicode text"
    except re2.error as error:
        reason = error.args[0] if error.args else "refused"
        return reason.decode("utf-8", errors="replace") if isinstance(reason, bytes) else str(reason)
    return None


class _Chunk:
    def __init__(self, regexes: Sequence[tuple[int, str]]) -> None:
        self._regexes = regexes
        self._set = _set(tuple(regex for _, regex in regexes))

    def covering(self, name: bytes) -> list[int]:
        found = sorted(self._set.Match(name) or ()) if self._set is not None else []
        if found[-1:] == [len(self._regexes)]:
            return [self._regexes[place][0] for place in found[:-1]]
        return [index for index, regex in self._regexes if _compiled(regex).fullmatch(name)]


@lru_cache(maxsize=4096)
def _compiled(regex: str) -> Any:  # noqa: ANN401 - re2 has no types
    import re2  # noqa: PLC0415 - optional, and not needed without `re:`

    return re2.compile(regex, _quiet())


def _set(regexes: tuple[str, ...]) -> Any:  # noqa: ANN401 - re2 has no types
    """Return a set that ends in an expression for everything; None if re2 cannot make it."""
    import re2  # noqa: PLC0415 - optional, and not needed without `re:`

    together = re2.Set.FullMatchSet(_quiet())
    try:
        for regex in (*regexes, "(?s).*"):
            together.Add(regex)
        together.Compile()
    except re2.error:
        return None
    return together


def _quiet() -> Any:  # noqa: ANN401 - re2 has no types
    import re2  # noqa: PLC0415 - optional, and not needed without `re:`

    options = re2.Options()
    options.log_errors = False
    return options
