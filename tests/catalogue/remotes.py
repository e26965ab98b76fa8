"""What checkpoints on servers can be told: provocations by name, by a hub on the loopback address."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from qrecipe.sources.filesystem import FilesystemSource
from qrecipe.sources.http_fault import Patience
from qrecipe.sources.hub import HubSource
from qrecipe.sources.web import WebSource
from tests.sources.hub_model import FILES, WEIGHTS
from tests.sources.hub_server import Fault, HubServer, at_home, offline

ONCE = Patience(attempts=1)
SOURCE = HubSource(patience=ONCE, asking=ONCE)


def a_model_behind_terms() -> object:
    return _asked(Fault(status=401, headers={"X-Error-Code": "GatedRepo"}))


def a_model_that_the_hub_does_not_have() -> object:
    return _asked(Fault(status=401, headers={"X-Error-Code": "RepoNotFound"}))


def a_revision_that_a_model_does_not_have() -> object:
    return _asked(Fault(status=404, headers={"X-Error-Code": "RevisionNotFound"}), "hf://org/name@v9")


def a_file_that_a_model_does_not_have() -> object:
    return _asked(None, "hf://org/name/model.gguf")


def a_hub_that_may_not_be_asked() -> object:
    with HubServer(FILES).running() as hub, at_home(hub, Path.cwd()), offline():
        return SOURCE.open("hf://org/name", Path())


def a_hub_that_is_down() -> object:
    return _asked(Fault(status=503))


def a_hub_that_forbids() -> object:
    return _asked(Fault(status=403))


def a_token_of_other_letters() -> object:
    return _asked(None, token="hf_é")  # noqa: S106 - a word


def a_reference_without_an_organization() -> object:
    return _asked(None, "hf://name")


def a_list_of_files_without_a_commit() -> object:
    return _with(lambda hub: hub.__setattr__("answer", {"siblings": []}))


def a_server_that_ignores_ranges() -> object:
    return _with(lambda hub: hub.fault(WEIGHTS, Fault(whole=True)))


def a_file_that_changes_on_the_server() -> object:
    return _with(lambda hub: hub.fault(f"redirect {WEIGHTS}", Fault(headers={"X-Linked-Etag": '"other"'})))


def a_download_that_came_damaged() -> object:
    with HubServer(FILES, apart=(WEIGHTS,)).running() as hub, at_home(hub, Path.cwd()):
        checkpoint = SOURCE.open("hf://org/name", Path())
        (Path("hub/models--org--name/blobs") / f"{hub.etag(WEIGHTS)}.incomplete").write_bytes(b"others")
        return SOURCE.fetch(checkpoint.reference, [WEIGHTS], lambda _: None)


def a_disk_that_is_too_small() -> object:
    with mock.patch("shutil.disk_usage", return_value=SimpleNamespace(free=0)):
        return _with(lambda _: None)


def a_cache_that_cannot_be_written() -> object:
    Path("hub").write_bytes(b"")
    return _with(lambda _: None)


def a_copy_in_the_cache_of_another_size() -> object:
    with HubServer(FILES).running() as hub, at_home(hub, Path.cwd()):
        checkpoint = SOURCE.open("hf://org/name", Path())
        SOURCE.fetch(checkpoint.reference, [WEIGHTS], lambda _: None)
        (Path("hub/models--org--name/blobs") / hub.etag(WEIGHTS)).write_bytes(b"short")
        return checkpoint.read("a", 0, 4)


def an_address_with_a_password() -> object:
    return WebSource().open("https://me:secret@example.org/model.gguf", Path())


def a_store_without_a_driver() -> object:
    with mock.patch("fsspec.core.url_to_fs", side_effect=ImportError("Install s3fs to access S3")):
        return FilesystemSource().open("s3://bucket/model", Path())


def a_store_without_such_a_folder() -> object:
    return FilesystemSource().open("memory://nowhere/model", Path())


def _asked(fault: Fault | None, reference: str = "hf://org/name", token: str | None = None) -> object:
    with HubServer(FILES).running() as hub, at_home(hub, Path.cwd(), token):
        if fault is not None:
            hub.fault("api", fault)
        return SOURCE.open(reference, Path())


def _with(prepare: Callable[[HubServer], object]) -> object:
    with HubServer(FILES, apart=(WEIGHTS,)).running() as hub, at_home(hub, Path.cwd()):
        prepare(hub)
        return SOURCE.open("hf://org/name", Path())
