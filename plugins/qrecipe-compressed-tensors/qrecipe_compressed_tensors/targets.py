"""Proof that `config_groups` reaches what it should: each quantized module by one group, no kept linear by any.

Runtimes say nothing where that fails: a module in no group gets random weights, and of two groups the one whose pattern
comes first in the alphabet wins. So this is checked on every plan, with the runtimes' own rule: an exact name, or
`re:` and a regular expression that is matched from the start of the name (`match_targets` of compressed-tensors).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from qrecipe.errors import Diagnostic

from qrecipe_compressed_tensors.groups import is_kept_linear
from qrecipe_compressed_tensors.names import module_of, runtime_name

if TYPE_CHECKING:
    from qrecipe.backends.folder.family import Module


def target_faults(config: Mapping[str, object], modules: Sequence[Module]) -> Iterator[Diagnostic]:
    """Yield the modules that the groups of a `quantization_config` do not reach as they should."""
    groups = Groups(config)
    for module in modules:
        name = runtime_name(module_of(module))
        found = groups.of(name)
        if module.scheme is not None and len(found) != 1:
            yield _not_one(name, found)
        elif is_kept_linear(module) and found:
            yield _kept(name, found)


class Groups:
    """The targets of a `quantization_config`, ready to be asked."""

    def __init__(self, config: Mapping[str, object]) -> None:
        self._exact: dict[str, list[str]] = {}
        self._regexes: list[tuple[str, re.Pattern[str]]] = []
        groups = config.get("config_groups")
        for group, scheme in groups.items() if isinstance(groups, Mapping) else ():
            for target in scheme["targets"]:
                if target.startswith("re:"):
                    self._regexes.append((group, re.compile(target.removeprefix("re:"))))
                else:
                    self._exact.setdefault(target, []).append(group)
        ignore = config.get("ignore")
        listed = [str(entry) for entry in ignore] if isinstance(ignore, list | tuple) else []
        self._ignored = {entry for entry in listed if not entry.startswith("re:")}
        self._ignored_regexes = [re.compile(entry.removeprefix("re:")) for entry in listed if entry.startswith("re:")]

    def of(self, module: str) -> list[str]:
        """Return the groups that reach a module; none where it is ignored."""
        if module in self._ignored or any(regex.match(module) for regex in self._ignored_regexes):
            return []
        return [*self._exact.get(module, ()), *(group for group, regex in self._regexes if regex.match(module))]


def _not_one(name: str, found: Sequence[str]) -> Diagnostic:
    what = "no group" if not found else " and ".join(found)
    return Diagnostic(
        "targets-not-one",
        f"module {name!r} is a target of {what}, not of one group",
        why="a runtime would load random weights, or choose among the groups by the alphabet",
        fix="keep this module, and report it: its name is one that qrecipe-compressed-tensors should know",
    )


def _kept(name: str, found: Sequence[str]) -> Diagnostic:
    return Diagnostic(
        "targets-kept",
        f"module {name!r} is kept, but a target of {' and '.join(found)}",
        why="a runtime would look for codes that are not there",
        fix="quantize it too, and report it: its name is one that qrecipe-compressed-tensors should know",
    )
