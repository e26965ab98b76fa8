"""What a file at an address is, how a request for it can fail, and how long one waits before trying again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["offline", "unreachable", "status", "cut", "answer", "redirect", "changed", "token"]
"""What a request came to nothing by; `answer`: other bytes than those that were asked for."""
_PASSING = (408, 425, 429, 500, 502, 503, 504)


class HttpFault(Exception):  # noqa: N818 - never seen by users: each source says it in its own words
    """A request that came to nothing.

    Attributes:
        kind: By what.
        detail: For people, one phrase; never holds a token.
        status: The server's, where it is the reason.
        said: What the hub says beside the status (`GatedRepo`).
        retry_after: Seconds after which the server wants to be asked again.
    """

    def __init__(
        self, kind: Kind, detail: str, *, status: int = 0, said: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(detail)
        self.kind, self.detail, self.status, self.said, self.retry_after = kind, detail, status, said, retry_after

    @property
    def passes(self) -> bool:
        """The same request may succeed later."""
        return self.kind in {"unreachable", "cut"} or self.status in _PASSING


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a request is tried, and how long between: doubling from `first`, as the server asks, `most` at most.

    Without `stubborn`, no connection at all is believed at once.
    """

    attempts: int = 6
    first: float = 0.5
    most: float = 60.0
    sleep: Callable[[float], object] = time.sleep
    stubborn: bool = True

    def is_over(self, attempt: int, fault: HttpFault) -> bool:
        """Say whether an attempt, counted from 0, was the last."""
        wanted = fault.passes and (self.stubborn or fault.kind != "unreachable")
        return not wanted or attempt + 1 >= self.attempts

    def pause(self, attempt: int, fault: HttpFault) -> None:
        """Wait before the next attempt; `attempt` counts from 0."""
        self.sleep(min(max(self.first * 2.0**attempt, fault.retry_after or 0.0), self.most))


USUAL = Patience()
SHORT = Patience(attempts=3, stubborn=False)


@dataclass(frozen=True, slots=True)
class HttpFile:
    """A file at an address.

    Attributes:
        url: Where it is asked for.
        nbytes: Its size; None where that is to be learned.
        etag: What the server calls this version of it; empty where that is not known, and is not compared.
        endpoint: The address of the hub, whose host is sent the token; empty: nobody is.
    """

    url: str
    nbytes: int | None = None
    etag: str = ""
    endpoint: str = ""
