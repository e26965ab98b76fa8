"""Files of a web server, and of fsspec's stores: opened as local ones are, and as little believed."""

from __future__ import annotations

import pickle
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import fsspec
import pytest

from qrecipe.errors import SourceAbsentError, SourceError
from qrecipe.sources.filesystem import FilesystemSource
from qrecipe.sources.http_fault import Patience
from qrecipe.sources.web import WebSource
from tests.sources import safetensors_bytes as made
from tests.sources.hub_server import Fault, HubServer, at_home

INDEX = "model.safetensors.index.json"
FILES = {
    INDEX: made.index({"a": "m-1.safetensors", "b": "m-2.safetensors"}),
    "m-1.safetensors": made.one("a", 1, shape=(64, 4096)),
    "m-2.safetensors": made.one("b", 2),
    "config.json": b'{"model_type": "none"}',
    "tokenizer.json": b"{}",
}
ONCE = Patience(attempts=1)
SOURCE = WebSource(patience=ONCE, asking=ONCE)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[HubServer]:
    with HubServer(dict(FILES)).running() as running, at_home(running, tmp_path, "hf_secret"):
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[str]:
    memory = fsspec.filesystem("memory")
    for name, content in FILES.items():
        memory.pipe(f"/models/m/{name}", content)
    with at_home(None, tmp_path):
        yield "memory://models/m"
    memory.rm("/models", recursive=True)


def test_an_index_on_a_web_server_opens_with_what_lies_beside_it(server):
    address = f"{server.endpoint}/files/{INDEX}"
    checkpoint = SOURCE.open(address, Path())
    assert checkpoint.reference == address
    assert checkpoint.config == {"model_type": "none"}
    assert sorted(path.name for path in checkpoint.folder.iterdir()) == ["config.json", "tokenizer.json"]
    assert checkpoint.read("a", 1 << 19, 3) == b"\1\1\1"
    assert pickle.loads(pickle.dumps(checkpoint)) == checkpoint  # noqa: S301 - our own


def test_no_token_is_sent_to_a_web_server(server):
    SOURCE.open(f"{server.endpoint}/files/{INDEX}", Path())
    assert {host for _, _, host in server.asked} == {"hub"}


def test_an_address_without_a_file_says_so(server):
    with pytest.raises(SourceError) as caught:
        SOURCE.open(f"{server.endpoint}/files/none.gguf", Path())
    assert str(caught.value).replace(server.endpoint, "https://host") == (
        "error: there is no such file: none.gguf\n"
        "  --> https://host/files/none.gguf\n"
        "why: the server answers 404\n"
        "fix: check the spelling"
    )


def test_a_web_file_that_changed_is_not_read(server):
    checkpoint = SOURCE.open(f"{server.endpoint}/files/m-1.safetensors", Path())
    server.files["m-1.safetensors"] = made.one("a", 3, shape=(64, 4096))
    with pytest.raises(SourceError, match="the server has another version of it now"):
        checkpoint.read("a", 0, 4)


@pytest.mark.parametrize(
    "end", ["/x.gguf?download=true", "/x.gguf#y", "", "/", "/a/", "/x y.gguf", "/x\n.gguf"], ids=repr
)
def test_an_address_that_names_no_file_is_not_asked(server, end):
    with pytest.raises(SourceError, match="this address cannot be a source"):
        SOURCE.open(f"{server.endpoint}{end}", Path())
    assert server.asked == []


def test_a_password_in_an_address_is_not_shown():
    with pytest.raises(SourceError) as caught:
        SOURCE.open("https://me:secret@host/x.gguf", Path())
    assert "secret" not in str(caught.value)


def test_a_read_holds_little_more_than_what_it_returns(server):
    """What `--stream` adds to a task is its range, once."""
    size = 64 * 4096 * 4
    checkpoint = SOURCE.open(f"{server.endpoint}/files/m-1.safetensors", Path())
    checkpoint.read("a", 0, 4)
    tracemalloc.start()
    checkpoint.read("a", 0, size)
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert held < 2.2 * size + (1 << 19)  # the server's own copy is in this process too


def test_a_file_larger_than_a_range_is_never_read_whole(server):
    server.fault("m-1.safetensors", Fault(whole=True))
    with pytest.raises(SourceError, match="ignores which bytes it is asked for"):
        SOURCE.open(f"{server.endpoint}/files/m-1.safetensors", Path())


@pytest.mark.parametrize("end", ["", "/", f"/{INDEX}"])
def test_a_store_opens_by_folder_and_by_file(store, end):
    checkpoint = FilesystemSource().open(store + end, Path())
    assert checkpoint.config == {"model_type": "none"}
    assert checkpoint.read("b", 0, 2) == b"\2\2"
    assert checkpoint.reference == (store + end).rstrip("/")
    assert pickle.loads(pickle.dumps(checkpoint)) == checkpoint  # noqa: S301 - our own


def test_a_file_of_a_store_that_shrank_has_changed(store):
    checkpoint = FilesystemSource().open(f"{store}/m-1.safetensors", Path())
    fsspec.filesystem("memory").pipe("/models/m/m-1.safetensors", b"short")
    with pytest.raises(SourceError) as caught:
        checkpoint.read("a", 1000, 4)
    assert str(caught.value) == (
        "error: 4 bytes were asked for at byte 1082, and 0 came\n"
        "  --> memory://models/m/m-1.safetensors\n"
        "fix: run again, from the recipe and not from a plan"
    )


@pytest.mark.parametrize(
    ("raised", "code", "is_absent"),
    [
        (ImportError("Install s3fs"), "driver-missing", True),
        (FileNotFoundError("x"), "remote-missing", False),
        (PermissionError("x"), "remote-refused", False),
        (RuntimeError("anything"), "remote-unavailable", True),
    ],
)
def test_what_a_driver_raises_becomes_words(raised, code, is_absent):
    with mock.patch("fsspec.core.url_to_fs", side_effect=raised), pytest.raises(SourceError) as caught:
        FilesystemSource().open("s3://bucket/model", Path())
    assert [each.code for each in caught.value.diagnostics] == [code]
    assert isinstance(caught.value, SourceAbsentError) is is_absent


@pytest.mark.parametrize("reference", ["memory://a::b", "sftp://me:secret@host/x", "s3://b/c?d", "s3://[/x"])
def test_addresses_of_stores_hold_nothing_else(reference):
    with pytest.raises(SourceError, match="this address cannot be a source") as caught:
        FilesystemSource().open(reference, Path())
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "reference", ["zip://a.zip", "simplecache://x", "reference://x", "pkg:x", "model.gguf", "C:\\m"]
)
def test_wrappers_and_paths_are_not_claimed(reference):
    assert not FilesystemSource().claims(reference, Path())
