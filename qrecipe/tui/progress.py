"""What a build's events add up to: done, rate, time left. Plain values; the clock is an argument."""

from __future__ import annotations

from dataclasses import dataclass, field

from qrecipe.types.event import Event, FetchDone, Fetched, FetchStarted, TargetDone, TargetStarted, TaskDone
from qrecipe.types.quantity import size

_MINUTE = 60


@dataclass(slots=True)
class Progress:
    """Counts events.

    Attributes:
        doing: What goes on, for people.
        total: Bytes of it.
        done: Bytes that are there.
        tensors: How many bytes of each tensor of this target are written.
        log: What happened, in order.
        began: When it began, in the clock's seconds.
    """

    doing: str = "getting ready"
    total: int = 0
    done: int = 0
    count: int = 0
    current: str = ""
    tensors: dict[str, int] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    began: float = 0.0

    def take(self, event: Event, now: float) -> None:
        """Take one event."""
        match event:
            case TargetStarted():
                self._begin(f"building {event.target}", event.nbytes, now)
                self.count = event.tensors
                self.log.append(f"{event.target}: {event.tensors} tensors, {event.nbytes:,} bytes")
            case FetchStarted():
                self._begin(f"downloading {event.source}", event.nbytes, now)
                self.log.append(f"downloading {event.source}: {event.nbytes:,} bytes")
            case TaskDone():
                self.done += event.nbytes
                self.current = event.tensor
                self.tensors[event.tensor] = self.tensors.get(event.tensor, 0) + event.nbytes
            case Fetched():
                self.done += event.nbytes
            case TargetDone():
                self.log.append(f"{event.output}: {event.nbytes:,} bytes, whole")
            case FetchDone():
                self.log.append("downloaded")

    def line(self, now: float) -> str:
        """Return how far it is, how fast, and how long it will take."""
        seconds = max(now - self.began, 1e-6)
        rate = self.done / seconds
        if not self.total or not self.done:
            return self.doing
        left = max(self.total - self.done, 0) / rate
        share = f"{self.done / self.total:.0%}"
        return f"{share}  {size(self.done)} of {size(self.total)}  {size(int(rate))}/s  {_time(left)} left"

    def _begin(self, doing: str, nbytes: int, now: float) -> None:
        self.doing, self.total, self.done, self.began = doing, nbytes, 0, now
        self.count, self.current = 0, ""
        self.tensors.clear()


def _time(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), _MINUTE)
    hours, minutes = divmod(minutes, _MINUTE)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"
