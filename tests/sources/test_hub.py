"""Models of the hub, from a small one on the loopback address: what is asked for, what is kept, and every fault."""

from __future__ import annotations

import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from qrecipe.errors import SourceAbsentError, SourceError
from qrecipe.sources.http_fault import Patience
from qrecipe.sources.hub import HubSource
from tests.sources import safetensors_bytes as made
from tests.sources.hub_model import FILES, PINNED, WEIGHTS, opened, said, said_of_reading
from tests.sources.hub_server import COMMIT, Fault, HubServer, at_home, offline

HEADER_STEP = 1 << 18


def test_opening_names_the_commit_and_copies_what_stands_beside_the_weights(hub, source):
    checkpoint = opened(source)
    assert checkpoint.reference == PINNED
    assert checkpoint.config == {"model_type": "none"}
    assert [file.name for file in checkpoint.files] == [WEIGHTS]
    assert sorted(path.name for path in checkpoint.folder.iterdir()) == ["README.md", "config.json", "tokenizer.json"]
    assert pickle.loads(pickle.dumps(checkpoint)) == checkpoint  # noqa: S301 - our own


def test_planning_reads_less_than_a_hundredth_of_the_weights(hub, source):
    opened(source)
    assert hub.sent < len(FILES[WEIGHTS]) / 100
    assert hub.requests(WEIGHTS) == [f"bytes=0-{HEADER_STEP - 1}"]


def test_a_commit_that_was_opened_opens_again_without_a_request(hub, source):
    first = opened(source)
    before = list(hub.asked)
    assert opened(source, first.reference) == first
    assert hub.asked == before


def test_a_branch_is_asked_about_again_and_nothing_else(hub, source):
    opened(source)
    before = len(hub.asked)
    opened(source)
    assert [path for path, _, _ in hub.asked[before:]] == ["/api/models/org/name/revision/main"]


def test_the_token_goes_to_the_hub_and_to_no_other_host(hub, source):
    opened(source)
    assert {host for _, _, host in hub.asked} == {"hub+token", "apart"}


def test_without_a_network_what_is_kept_counts_and_a_warning_says_so(hub, source):
    opened(source)
    with offline():
        checkpoint = opened(source)
    assert checkpoint.reference == PINNED
    assert checkpoint.warnings == (
        "the hub was not asked (HF_HUB_OFFLINE is set): hf://org/name is what was known of it, c0ffee00c0ff",
    )


def test_what_another_program_downloaded_opens_without_a_network(hub, source, tmp_path):
    opened(source)
    source.fetch(PINNED, [WEIGHTS], lambda _: None)
    (tmp_path / "hub/models--org--name/refs").mkdir()
    (tmp_path / "hub/models--org--name/refs/main").write_text(COMMIT)
    for path in sorted((tmp_path / "assets").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    with offline():
        assert opened(source).read("a", 5, 3) == b"\7\7\7"


def test_a_fetched_file_is_read_from_the_cache(hub, source, tmp_path):
    checkpoint = opened(source)
    told: list[int] = []
    assert source.missing(checkpoint.reference, [WEIGHTS]) == len(FILES[WEIGHTS])
    source.fetch(checkpoint.reference, [WEIGHTS], told.append)
    assert sum(told) == len(FILES[WEIGHTS])
    assert source.missing(checkpoint.reference, [WEIGHTS]) == 0
    before = len(hub.asked)
    assert checkpoint.read("a", 9, 1 << 20) == b"\7" * (1 << 20)
    assert len(hub.asked) == before
    link = tmp_path / f"hub/models--org--name/snapshots/{COMMIT}/{WEIGHTS}"
    assert link.is_symlink()
    assert link.resolve() == tmp_path / "hub/models--org--name/blobs" / hub.etag(WEIGHTS)


def test_a_download_that_was_cut_goes_on_where_it_stopped(hub, source):
    """Both within a run, and in the next run after one that gave up: no byte is transferred twice."""
    checkpoint = opened(source)
    impatient = HubSource(patience=Patience(attempts=2, first=0.0))
    before = hub.sent
    hub.fault(WEIGHTS, Fault(cut=3_000_000), Fault(status=503), Fault(status=503))
    with pytest.raises(SourceAbsentError, match=r"cannot get model\.safetensors of org/name: the server answers 503"):
        impatient.fetch(checkpoint.reference, [WEIGHTS], lambda _: None)
    impatient.fetch(checkpoint.reference, [WEIGHTS], lambda _: None)
    assert hub.sent - before == len(FILES[WEIGHTS])
    assert checkpoint.read("a", 0, 4) == b"\7" * 4


def test_a_download_with_another_digest_is_thrown_away(hub, source, tmp_path):
    checkpoint = opened(source)
    blob = tmp_path / "hub/models--org--name/blobs" / f"{hub.etag(WEIGHTS)}.incomplete"
    blob.write_bytes(b"x" * 100)
    with pytest.raises(SourceError) as caught:
        source.fetch(checkpoint.reference, [WEIGHTS], lambda _: None)
    assert str(caught.value) == (
        "error: model.safetensors came damaged\n"
        f"  --> {PINNED}\n"
        f"why: its digest is not {hub.etag(WEIGHTS)}, which the hub lists\n"
        "fix: run again to download it"
    )
    assert not blob.exists()
    source.fetch(checkpoint.reference, [WEIGHTS], lambda _: None)
    assert checkpoint.read("a", 0, 4) == b"\7" * 4


def test_two_downloads_of_one_file_at_once_transfer_it_once(hub, source):
    checkpoint = opened(source)
    before = hub.sent
    with ThreadPoolExecutor(2) as pool:
        tasks = [pool.submit(source.fetch, checkpoint.reference, [WEIGHTS], lambda _: None) for _ in range(2)]
    assert [task.result() for task in tasks] == [None, None]
    assert hub.sent - before == len(FILES[WEIGHTS])


def test_threads_read_ranges_at_once(hub, source):
    checkpoint = opened(source)
    start = threading.Barrier(8)

    def read(number: int) -> bytes:
        start.wait()
        return checkpoint.read("a", number * 50_000, 50_000)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(read, range(8))) == {b"\7" * 50_000}


def test_a_range_that_was_cut_goes_on_where_it_stopped(hub, source, clock):
    checkpoint = opened(source)
    before, asked = hub.sent, len(hub.requests(WEIGHTS))
    hub.fault(WEIGHTS, Fault(cut=1000), Fault(status=500), Fault(status=429, headers={"Retry-After": "7"}))
    assert checkpoint.read("a", 0, 5000) == b"\7" * 5000
    assert hub.sent - before == 5000
    spans = hub.requests(WEIGHTS)[asked:]
    offset = checkpoint.tensors["a"].offset
    assert spans[0] == f"bytes={offset}-{offset + 4999}"
    assert spans[1:] == [f"bytes={offset + 1000}-{offset + 4999}"] * 3
    assert clock.slept == [0.5, 1.0, 7.0]


def test_a_range_that_stays_out_of_reach_says_which_and_that_a_download_goes_on(hub, source):
    hub.fault(WEIGHTS, Fault(), *[Fault(status=500)] * 4)
    start = (1 << 20) + 85
    assert said_of_reading(source) == (
        f"error: cannot get bytes {start} to {start + 4096} of model.safetensors of org/name: the server answers 500\n"
        f"  --> {PINNED}\n"
        "fix: run again later: what was downloaded is kept, and a download goes on where it stopped"
    )


def test_a_gated_model_lists_its_files_and_refuses_them(hub, source):
    hub.fault("README.md", Fault(status=401, headers={"X-Error-Code": "GatedRepo"}))
    assert said("hf://org/name", source).startswith("error: org/name is gated")


def test_a_hub_that_is_not_there_is_believed_at_once(tmp_path, source, clock):
    with at_home(None, tmp_path):
        assert said("hf://org/name", source) == (
            "error: cannot get the list of files of org/name: no connection ([Errno 111] Connection refused)\n"
            "  --> hf://org/name\n"
            "fix: run again later: what was downloaded is kept, and a download goes on where it stopped"
        )
    assert clock.slept == []


def test_offline_says_what_is_not_in_the_cache(hub, source):
    with offline():
        assert said("hf://org/name", source) == (
            "error: the list of files of org/name is not in the cache, and HF_HUB_OFFLINE forbids to ask the hub\n"
            "  --> hf://org/name\n"
            "why: a plan needs the headers, the config and the tokenizer; a build needs the weights as well\n"
            "fix: take HF_HUB_OFFLINE out of the environment, or download it where there is a network: "
            "hf download org/name"
        )


def test_a_token_that_no_header_can_hold_is_told_and_not_shown(tmp_path, source):
    with HubServer(FILES).running() as server, at_home(server, tmp_path, token="hf_sécret"):  # noqa: S106 - a word
        words = said("hf://org/name", source)
    assert words == (
        "error: the token for the hub cannot be sent\n"
        "  --> hf://org/name\n"
        "why: it holds characters that no token has\n"
        "fix: write it anew: `hf auth login`, or set HF_TOKEN"
    )


LISTS = {
    "no commit": ({"siblings": []}, "the hub's answer names no commit, or no files"),
    "a commit that is a path": ({"sha": "../" * 10, "siblings": []}, "the hub's answer names no commit, or no files"),
    "a path": (
        {"sha": COMMIT, "siblings": [{"rfilename": "../x", "size": 1, "blobId": "0" * 40}]},
        "the hub lists '../x', which is no name of a file",
    ),
    "an absolute path": (
        {"sha": COMMIT, "siblings": [{"rfilename": "/x", "size": 1, "blobId": "0" * 40}]},
        "the hub lists '/x', which is no name of a file",
    ),
    "no size": ({"sha": COMMIT, "siblings": [{"rfilename": "x"}]}, "the hub lists 'x' without a size"),
    "no digest": (
        {"sha": COMMIT, "siblings": [{"rfilename": "x", "size": 1, "blobId": "../../x"}]},
        "the hub lists 'x' without a digest",
    ),
    "no table": ({"sha": COMMIT, "siblings": [1]}, "the hub lists None, which is no name of a file"),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_files_is_believed_after_every_check(hub, source, name):
    hub.answer, what = LISTS[name]
    assert said("hf://org/name", source) == (
        f"error: {what}\n"
        "  --> hf://org/name\n"
        "fix: see whether HF_ENDPOINT names a hub; else download the model and name its folder"
    )


def test_a_file_of_a_model_is_named_by_its_path(tmp_path, source):
    files = {"sub/a.safetensors": made.one("a"), "sub/config.json": b'{"x": 1}', "b.safetensors": made.one("b")}
    with HubServer(files).running() as server, at_home(server, tmp_path):
        assert list(opened(source, "hf://org/name/b.safetensors").tensors) == ["b"]
        one, folder = opened(source, "hf://org/name/sub/a.safetensors"), opened(source, "hf://org/name/sub/")
        assert list(one.tensors) == list(folder.tensors) == ["a"]
        assert one.config == folder.config == {"x": 1}
        assert (one.reference, folder.reference) == (f"{PINNED}/sub/a.safetensors", f"{PINNED}/sub")
        assert said("hf://org/name/sub/b.safetensors", source) == (
            f"error: the model has no file 'sub/b.safetensors'\n  --> {PINNED}\nfix: did you mean 'sub/a.safetensors'?"
        )


def test_shards_are_those_of_the_index(tmp_path, source):
    index = made.index({"a": "m-1.safetensors", "b": "m-2.safetensors"})
    files = {"model.safetensors.index.json": index, "m-1.safetensors": made.one("a")}
    with HubServer(files | {"m-2.safetensors": made.one("b")}).running() as server, at_home(server, tmp_path / "1"):
        assert [file.name for file in opened(source).files] == ["m-1.safetensors", "m-2.safetensors"]
    with HubServer(files).running() as server, at_home(server, tmp_path / "2"):
        assert said("hf://org/name", source) == (
            "error: of the index's 2 files, these are missing: m-2.safetensors\n"
            f"  --> {PINNED}/model.safetensors.index.json\n"
            "fix: name a revision that is whole, or tell those who published it"
        )


@pytest.mark.parametrize(
    "reference",
    [
        "hf://name",
        "hf://org/",
        "hf://../name",
        "hf://org/na me",
        "hf://org/name@",
        "hf://org/a--b",
        "hf://org/name/../x",
    ],
)
def test_a_reference_that_names_no_model_is_refused_unasked(hub, source, reference):
    with pytest.raises(SourceError) as caught:
        opened(source, reference)
    assert [each.code for each in caught.value.diagnostics] == ["hub-reference"]
    assert hub.asked == []


def test_a_copy_in_the_cache_of_another_size_is_an_error(hub, source):
    checkpoint = opened(source)
    source.fetch(checkpoint.reference, [WEIGHTS], lambda _: None)
    copy = checkpoint.folder / WEIGHTS
    copy.resolve().write_bytes(b"short")
    with pytest.raises(SourceError) as caught:
        checkpoint.read("a", 0, 4)
    assert str(caught.value) == (
        f"error: the copy in the cache has 5 bytes; the hub's file has {len(FILES[WEIGHTS])}\n"
        f"  --> {copy}\n"
        "fix: delete that file, and run again"
    )


def test_a_disk_without_room_is_told_before_the_first_byte(hub, source, monkeypatch, tmp_path):
    checkpoint = opened(source)
    before = len(hub.asked)
    usage = type("Usage", (), {"free": 10_000_000})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(SourceError) as caught:
        source.fetch(checkpoint.reference, [WEIGHTS], lambda _: None)
    assert str(caught.value) == (
        "error: 0.03 GB do not fit into the cache\n"
        f"  --> {tmp_path / 'hub'}\n"
        "why: its disk has 0.01 GB left\n"
        "fix: make room, name a folder on another disk with HF_HUB_CACHE, or build with --stream, which keeps nothing"
    )
    assert len(hub.asked) == before
