from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from qrecipe.sources.http_fault import Patience
from qrecipe.sources.hub import HubSource
from tests.sources.hub_model import FILES, WEIGHTS
from tests.sources.hub_server import HubServer, at_home


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty working folder: paths in messages are short and always the same."""
    monkeypatch.chdir(tmp_path)
    return Path()


@dataclass
class Clock:
    """Notes how long one would have slept."""

    slept: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubServer]:
    with HubServer(FILES, apart=(WEIGHTS,)).running() as server, at_home(server, tmp_path, token="hf_secret"):  # noqa: S106 - a word
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source(clock: Clock) -> HubSource:
    return HubSource(
        patience=Patience(attempts=4, sleep=clock), asking=Patience(attempts=3, sleep=clock, stubborn=False)
    )
