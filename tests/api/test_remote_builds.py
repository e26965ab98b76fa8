"""Recipes whose checkpoint is on a hub: planned from headers, built from downloads or from ranges, the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import qrecipe
from qrecipe.errors import SourceError
from qrecipe.types.event import FetchDone, Fetched, FetchStarted
from tests.sources.gguf_bytes import Row, gguf, text
from tests.sources.hub_server import COMMIT, Fault, HubServer, at_home, offline

PINNED = f"hf://org/name@{COMMIT}"
MODEL = gguf([Row(b"token_embd.weight", (512, 4096))], [text(b"general.architecture", b"llama")])
RULES = 'inventory = "lib:gemma-4-e2b"\nrules = [{ match = "**", type = "Q8_0" }]\n'


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text(f'qrecipe = 1\nname = "m"\nsource = "hf://org/name"\n{RULES}')
    with HubServer({"model.gguf": MODEL}, apart=("model.gguf",)).running() as server, at_home(server, tmp_path):
        yield server


def built(output: str, **options: object) -> bytes:
    return qrecipe.build("mine.toml", output=output, **options).built[0].paths[0].read_bytes()


def test_a_download_and_ranges_build_the_same_bytes(hub):
    events: list[object] = []
    streamed = built("streamed", stream=True)
    assert not list(Path("hub").rglob("*.gguf"))
    assert built("downloaded", on_event=events.append) == streamed
    assert list(Path("hub").rglob("*.gguf"))
    assert events[0] == FetchStarted(PINNED, len(MODEL))
    assert sum(event.nbytes for event in events if isinstance(event, Fetched)) == len(MODEL)
    assert events.count(FetchDone()) == 1
    before = hub.sent
    with offline():
        assert built("again", on_event=events.append) == streamed
    assert hub.sent == before
    assert events.count(FetchDone()) == 1


def test_a_part_of_a_model_is_never_downloaded_whole(hub):
    built("part", only=["token_embd"])
    assert not list(Path("hub").rglob("*.gguf"))


def test_a_plan_names_the_commit_and_is_built_from_it(hub):
    Path("plan.json").write_text(qrecipe.plan_json(qrecipe.plan("mine.toml")))
    assert json.loads(Path("plan.json").read_text())["source"] == PINNED
    hub.fault("api", Fault(status=500))
    assert qrecipe.build("plan.json", output="planned").complete


def test_a_file_that_changed_since_the_plan_is_an_error(hub):
    plan = qrecipe.plan("mine.toml")
    hub.files["model.gguf"] = MODEL[:-1] + b"\1"
    with pytest.raises(SourceError) as caught:
        qrecipe.build(plan, output="changed", stream=True)
    assert [each.code for each in caught.value.diagnostics] == ["remote-changed"]
    assert not list(Path("changed").glob("*.gguf"))


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Fault(status=403, headers={"X-Error-Code": "GatedRepo"}), "org/name is gated: its terms have to be accepted"),
        (Fault(status=504), "cannot get the list of files of org/name: the server answers 504"),
    ],
)
def test_an_inventory_stands_in_for_what_is_out_of_reach(hub, monkeypatch, fault, why):
    monkeypatch.setattr("time.sleep", lambda _: None)
    hub.fault("api", *[fault] * 3)
    plan = qrecipe.plan("mine.toml")
    assert plan.stand_in == "lib:gemma-4-e2b"
    assert next(note.why for note in plan.findings if note.code == "inventory-stands-in").startswith(why)


@pytest.mark.parametrize("code", ["RepoNotFound", "RevisionNotFound"])
def test_no_inventory_stands_in_for_a_wrong_name(hub, code):
    hub.fault("api", Fault(status=404, headers={"X-Error-Code": code}))
    with pytest.raises(SourceError):
        qrecipe.plan("mine.toml")


def test_without_a_network_planning_does_not_wait(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("time.sleep", lambda _: pytest.fail("planning waits for a network that is not there"))
    Path("mine.toml").write_text(f'qrecipe = 1\nname = "m"\nsource = "hf://org/name"\n{RULES}')
    with at_home(None, tmp_path):
        assert qrecipe.plan("mine.toml").stand_in == "lib:gemma-4-e2b"
