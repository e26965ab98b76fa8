"""What a hub answers, and a small one that answers exactly that: lists of files, headers of answers, kept headers.

A seed is the hub's list (`listing.json`), headers of its answers (`headers.json`: by `api`, `redirect`, or a file's
name), and, in some, what is put in the place of headers that were kept when the model was opened before (`kept`).
"""

from __future__ import annotations

import atexit
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from unittest.mock import patch
from urllib.parse import unquote, urlsplit

from huggingface_hub.utils import close_session

from qrecipe.sources.http_fault import Patience
from qrecipe.sources.hub import HubSource
from qrecipe.sources.hub_cache import cache_of
from tests.sources import safetensors_bytes as made
from tests.sources.hub_server import COMMIT, Fault, HubServer, at_home

LISTING, HEADERS, KEPT = "listing.json", "headers.json", "kept"
WEIGHTS = "model.safetensors"
FILES = {"config.json": b'{"model_type": "none"}', "README.md": b"---\nlicense: mit\n---\n", WEIGHTS: made.one()}
APART = "APART"  # stands for the address of the host that has the weights
_HEADERS = {
    "api": {"Content-Type": "application/json", "X-Error-Message": "none", "Retry-After": "1"},
    "redirect": {"X-Linked-Size": "72", "X-Repo-Commit": COMMIT, "Location": f"{APART}/files/{WEIGHTS}"},
    WEIGHTS: {"Content-Encoding": "identity", "X-Amz-Error": "none"},
    "config.json": {"Content-Length": "22", "Content-Range": "bytes 0-21/22", "X-Error-Code": "EntryNotFound"},
}
_PATIENCE = Patience(attempts=2, sleep=lambda _: None)


def answers() -> Iterator[tuple[Mapping[str, bytes], str]]:
    """Yield what a hub has to say, with the part of it that is to be broken."""
    listing = json.dumps(_hub().listing()).encode()
    files = {LISTING: listing}
    yield from ((files, LISTING) for _ in range(4))
    for host in ("api", "redirect", WEIGHTS, "config.json"):
        for key, value in _HEADERS[host].items():
            yield {**files, HEADERS: json.dumps({host: {key: value}}).encode()}, HEADERS
    yield {**files, KEPT: FILES[WEIGHTS]}, KEPT


class _Hub(HubServer):
    """Serves the answers of one seed after the other."""

    raw = b""
    said: Mapping[str, Mapping[str, str]]

    @property
    def apart_address(self) -> str:
        return f"http://localhost:{self._apart.server_port}"

    def serve(self, request: BaseHTTPRequestHandler, host: str) -> None:
        path = unquote(urlsplit(request.path).path)
        if path.startswith("/api/models/"):
            self._body(request, self.raw, Fault(headers=dict(self.said.get("api", {}))))
            return
        name = path.rpartition("/")[2]
        if name in self.said:
            self.fault(name, Fault(headers=dict(self.said[name])))
        if "redirect" in self.said:
            self.fault(f"redirect {name}", Fault(headers=dict(self.said["redirect"])))
        super().serve(request, host)


@cache
def _hub() -> _Hub:
    """Return the process's hub, which ends with it."""
    hub, serving = _Hub(FILES, (WEIGHTS,)), ExitStack()
    serving.enter_context(hub.running())
    serving.callback(close_session)
    atexit.register(serving.close)
    return hub


def open_and_read(listing: Path) -> None:
    """Open what the hub lists, and read all of it; twice where what was kept of it is broken in between."""
    folder, hub = listing.parent, _hub()
    hub.raw, hub.said = listing.read_bytes(), _headers(folder / HEADERS, hub.apart_address)
    hub._faults.clear()
    source = HubSource(patience=_PATIENCE, asking=_PATIENCE)
    kept = folder / KEPT
    with _quick(), at_home(hub, folder / "home"):
        if kept.exists():
            source.open("hf://org/name", folder)
            cache_of("org/name").header(COMMIT, WEIGHTS).write_bytes(kept.read_bytes())
        checkpoint = source.open("hf://org/name", folder)
        for tensor in checkpoint.tensors.values():
            assert len(checkpoint.read(tensor.name, 0, tensor.nbytes)) == tensor.nbytes
        source.fetch(checkpoint.reference, [file.name for file in checkpoint.files], lambda _: None)
    left = {path.name for path in folder.iterdir()} - {LISTING, HEADERS, KEPT, "home"}
    assert not left, f"written elsewhere: {left}"


@contextmanager
def _quick() -> Iterator[None]:
    """Keep the session, which takes long to open, and do not wait for the next look at what has come."""
    with patch("tests.sources.hub_server.close_session"), patch("qrecipe.sources.hub_download._TICK", 0.001):
        yield


def _headers(path: Path, apart: str) -> Mapping[str, Mapping[str, str]]:
    """Return what is still a table of texts; HTTP can carry nothing else."""
    try:
        found = json.loads(path.read_bytes()) if path.exists() else {}
    except (ValueError, RecursionError):
        found = {}
    tables = found.items() if isinstance(found, dict) else ()
    return {
        name: {
            key: str(value).replace(APART, apart).encode(errors="replace").decode("latin-1")
            for key, value in table.items()
        }
        for name, table in tables
        if isinstance(table, dict)
    }
