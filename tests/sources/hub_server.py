"""A small hub on the loopback address: lists of files, ranges, redirects to a second host for weights, and every fault.

What the next answers for a file shall do wrong is queued with `fault`; each is used once. Counts what it serves.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest.mock import patch
from urllib.parse import unquote, urlsplit

from huggingface_hub import constants
from huggingface_hub.utils import close_session

COMMIT = "c0ffee00" * 5


@dataclass
class Fault:
    """One wrong answer: a status, bytes after which the line is cut, other headers, ranges ignored, …"""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    whole: bool = False
    extra: bytes = b""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that hang up."""


class HubServer:
    """Serves `files` of the model `org/name`; those in `apart` through a redirect to another host."""

    def __init__(self, files: dict[str, bytes], apart: tuple[str, ...] = ()) -> None:
        self.files, self.apart = files, apart
        self.commit = COMMIT
        self.answer: dict[str, object] | None = None
        self.asked: list[tuple[str, str, str]] = []  # path, range, whether a token came: "hub", "apart", ""
        self.sent = 0
        self._faults: dict[str, list[Fault]] = {}
        self._lock = threading.Lock()
        self._hub = _Server(("127.0.0.1", 0), self._handler("hub"))
        self._apart = _Server(("127.0.0.1", 0), self._handler("apart"))

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._hub.server_port}"

    @contextmanager
    def running(self) -> Iterator[HubServer]:
        servers = (self._hub, self._apart)
        for server in servers:
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield self
        finally:
            for server in servers:
                server.shutdown()
                server.server_close()

    def fault(self, name: str, *faults: Fault) -> None:
        """Let the next answers for a file (`api` for the list) go wrong."""
        self._faults.setdefault(name, []).extend(faults)

    def requests(self, name: str) -> list[str]:
        """Return the ranges that were asked for of a file, redirects counted once."""
        last = "apart" if name in self.apart else "hub"
        return [span for path, span, host in self.asked if path.endswith(f"/{name}") and host.startswith(last)]

    def listing(self) -> dict[str, object]:
        return self.answer or {"sha": self.commit, "siblings": [self._sibling(name) for name in self.files]}

    def _sibling(self, name: str) -> dict[str, object]:
        content = self.files[name]
        entry: dict[str, object] = {"rfilename": name, "size": len(content), "blobId": git_digest(content)}
        if name in self.apart:
            entry["lfs"] = {"sha256": digest(content), "size": len(content), "pointerSize": 130}
        return entry

    def etag(self, name: str) -> str:
        return (digest if name in self.apart else git_digest)(self.files[name])

    def _handler(self, host: str) -> type[BaseHTTPRequestHandler]:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None: ...

            def do_GET(self) -> None:
                hub.serve(self, host)

        return Handler

    def serve(self, request: BaseHTTPRequestHandler, host: str) -> None:
        path = unquote(urlsplit(request.path).path)
        token = "+token" if request.headers.get("authorization") else ""
        span = request.headers.get("range", "")
        with self._lock:
            self.asked.append((path, span, host + token))
        if path.startswith("/api/models/"):
            self._body(request, json.dumps(self.listing()).encode(), self._next("api"))
            return
        name = path.partition(f"/resolve/{self.commit}/")[2] or path.removeprefix("/files/")
        if name not in self.files:
            self._status(request, 404, {"X-Error-Code": "EntryNotFound"})
        elif name in self.apart and host == "hub":
            port = self._apart.server_port
            target = {"Location": f"http://localhost:{port}/files/{name}", "X-Linked-Etag": f'"{self.etag(name)}"'}
            self._status(request, 302, target | self._moved(name))
        else:
            self._body(request, self.files[name], self._next(name), span, self.etag(name))

    def _moved(self, name: str) -> dict[str, str]:
        fault = self._next(f"redirect {name}")
        return fault.headers if fault else {}

    def _next(self, name: str) -> Fault | None:
        with self._lock:
            queued = self._faults.get(name, [])
            return queued.pop(0) if queued else None

    def _body(
        self, request: BaseHTTPRequestHandler, content: bytes, fault: Fault | None, span: str = "", etag: str = ""
    ) -> None:
        fault = fault or Fault()
        if fault.status:
            self._status(request, fault.status, fault.headers)
            return
        headers = {"ETag": f'"{etag}"'} if etag else {}
        found = None if fault.whole else re.fullmatch(r"bytes=(\d+)-(\d+)", span)
        status = 200
        if found:
            start, stop = int(found[1]), min(int(found[2]) + 1, len(content))
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(content)}"
            content, status = content[start:stop], 206
        content += fault.extra
        request.send_response(status)
        for key, value in ({"Content-Length": str(len(content))} | headers | fault.headers).items():
            if value:
                request.send_header(key, value)
        request.end_headers()
        sent = content if fault.cut is None else content[: fault.cut]
        with self._lock:
            self.sent += len(sent)
        try:
            request.wfile.write(sent)
        except OSError:
            request.close_connection = True
        if fault.cut is not None or "Content-Length" in fault.headers:
            request.close_connection = True

    def _status(self, request: BaseHTTPRequestHandler, status: int, headers: dict[str, str]) -> None:
        request.send_response(status)
        for key, value in ({"Content-Length": "0"} | headers).items():
            request.send_header(key, value)
        request.end_headers()


@contextmanager
def at_home(hub: HubServer | None, folder: Path, token: str | None = None) -> Iterator[None]:
    """Let huggingface_hub ask this server (None: nobody is there), and keep what it keeps in a folder."""
    settings = {
        "ENDPOINT": "http://127.0.0.1:9" if hub is None else hub.endpoint,
        "HF_HUB_CACHE": str(folder / "hub"),
        "HF_ASSETS_CACHE": str(folder / "assets"),
        "HF_TOKEN_PATH": str(folder / "token"),
        "HF_STORED_TOKENS_PATH": str(folder / "tokens"),
        "HF_HUB_OFFLINE": False,
    }
    with patch.multiple(constants, **settings), patch.dict(os.environ):
        for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
            os.environ.pop(name, None)
        if token is not None:
            os.environ["HF_TOKEN"] = token
        try:
            yield
        finally:
            close_session()


def offline() -> AbstractContextManager[object]:
    """Forbid every request, as HF_HUB_OFFLINE=1 does."""
    return patch.object(constants, "HF_HUB_OFFLINE", True)


@cache
def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@cache
def git_digest(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
