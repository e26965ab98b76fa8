"""One request for a file, redirects included, and the checks of what comes back before a byte of it is used.

Redirects are followed by hand (http and https only, a few at most), so that a token goes to the hub's host and to no
other. An answer is believed only where its status, Content-Range, ETag and length agree with what is known of the file;
a server that would send the whole file instead of a part is not listened to. Connections are kept open and shared by
huggingface_hub's session, which knows proxies and certificates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from qrecipe.sources.http_fault import HttpFault, HttpFile

if TYPE_CHECKING:
    from httpx2 import Response

_OK, _PARTIAL = 200, 206
_MOVED = (301, 302, 303, 307, 308)
_MOVES_MOST = 5
_TIMEOUT = (10.0, 30.0, 30.0, None)  # seconds to connect, read, write; a worker may wait for a free connection
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")
_UNREACHABLE = ("ConnectError", "ConnectTimeout", "ProxyError")
_HOST = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}|[0-9a-f.]*:[0-9a-f:.]{1,44}")
_URL_MOST = 16 << 10
_SAID_MOST = 200  # characters of an error's
_CODE_MOST = 60  # characters of a server's own words


@dataclass(frozen=True, slots=True)
class Exchange:
    """A file's answer, its body not yet read: which bytes it brings, of how many, of which version."""

    response: Response
    start: int
    stop: int | None
    nbytes: int | None
    etag: str

    def pieces(self, most: int) -> Iterator[bytes]:
        """Yield the body; a fault where it is longer than `most`, or shorter than was said."""
        left = most if self.stop is None else min(most, self.stop - self.start)
        expected = None if self.stop is None else self.stop - self.start
        for piece in self.response.iter_raw():
            if len(piece) > left:
                raise HttpFault("answer", "the server sends more than was asked for")
            left -= len(piece)
            expected = None if expected is None else expected - len(piece)
            yield piece
        if expected:
            raise HttpFault("cut", "the connection was cut")


@contextmanager
def exchange(file: HttpFile, wanted: tuple[int, int] | None) -> Iterator[Exchange]:
    """Ask for the bytes from `wanted[0]` to `wanted[1]`, or for the whole file."""
    headers = _headers(file)
    if wanted is not None:
        headers["range"] = f"bytes={wanted[0]}-{wanted[1] - 1}"
    with _faults(), _followed(file, headers) as (response, etag):
        yield _checked(file, wanted, response, etag)


def _checked(file: HttpFile, wanted: tuple[int, int] | None, response: Response, etag: str) -> Exchange:
    if file.etag and etag and etag != file.etag:
        raise HttpFault("changed", "the server has another version of it now")
    length = response.headers.get("content-length", "")
    size = int(length) if re.fullmatch(r"[0-9]{1,18}", length) else None
    if wanted is None:
        return Exchange(response, 0, size, size, etag)
    if response.status_code == _OK:
        if wanted[0] or size is None or size > wanted[1] or file.nbytes not in {None, size}:
            raise HttpFault("answer", "the server ignores which bytes it is asked for, and sends the whole file")
        return Exchange(response, 0, size, size, etag)
    return _partial(file, wanted, response, etag)


def _partial(file: HttpFile, wanted: tuple[int, int], response: Response, etag: str) -> Exchange:
    start, stop = wanted
    found = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
    if found is None:
        raise HttpFault("answer", "the server does not say which bytes it sends")
    first, last, nbytes = (int(number) for number in found.groups())
    if file.nbytes not in {None, nbytes}:
        raise HttpFault("changed", f"it had {file.nbytes} bytes when it was opened and has {nbytes} now")
    if (first, last + 1) != (start, min(stop, nbytes)):
        raise HttpFault("answer", f"the server was asked for bytes {start} to {stop}, and sends {first} to {last + 1}")
    return Exchange(response, first, last + 1, nbytes, etag)


@contextmanager
def _followed(file: HttpFile, headers: Mapping[str, str]) -> Iterator[tuple[Response, str]]:
    """Follow redirects to the answer; with it goes the version, which the hub names before it redirects."""
    from huggingface_hub.utils import get_session  # type: ignore[attr-defined]  # noqa: PLC0415 - heavy

    url, linked = file.url, ""
    for _ in range(_MOVES_MOST + 1):
        sent = dict(headers) if _origin(url) == _origin(file.endpoint) else _without_token(headers)
        with get_session().stream("GET", url, headers=sent, timeout=_TIMEOUT, follow_redirects=False) as response:
            if response.status_code in {_OK, _PARTIAL}:
                if response.headers.get("content-encoding", "identity") != "identity":
                    raise HttpFault("answer", "the server compresses what it sends")
                yield response, linked or ("" if _origin(url) != _origin(file.url) else _etag(response, "etag"))
                return
            if response.status_code not in _MOVED:
                raise _refused(response)
            linked = linked or _etag(response, "x-linked-etag")
            url = _next(url, response.headers.get("location", ""))
    raise HttpFault("redirect", f"the server redirects more than {_MOVES_MOST} times")


def _next(url: str, location: str) -> str:
    try:
        url = urljoin(url, location)
        found = urlsplit(url)
        fits = found.scheme in {"http", "https"} and _HOST.fullmatch(found.hostname or "") and found.port != 0
    except ValueError:  # a port or an IPv6 address that is none
        fits = None
    if not fits or not url.isprintable() or not location or len(url) > _URL_MOST:
        raise HttpFault("redirect", "the server redirects to what is no address of http or https")
    return url


def _headers(file: HttpFile) -> dict[str, str]:
    """Return what is sent along; huggingface_hub's own `build_hf_headers` may make a request of its own first."""
    headers = {"user-agent": f"qrecipe/{version('qrecipe')}", "accept-encoding": "identity"}
    token = _token() if file.endpoint else None
    if token is None:
        return headers
    if not (token.isascii() and token.isprintable()):
        raise HttpFault("token", "it holds characters that no token has")
    return headers | {"authorization": f"Bearer {token}"}


def _token() -> str | None:
    from huggingface_hub import constants, get_token  # noqa: PLC0415 - heavy

    return None if constants.HF_HUB_DISABLE_IMPLICIT_TOKEN else get_token()


def _without_token(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "authorization"}


def _origin(url: str) -> tuple[str, str, int]:
    found = urlsplit(url)
    return found.scheme, found.hostname or "", found.port or {"http": 80, "https": 443}.get(found.scheme, 0)


def _etag(response: Response, header: str) -> str:
    return str(response.headers.get(header, "")).removeprefix("W/").strip('"')


def _refused(response: Response) -> HttpFault:
    status, said = response.status_code, str(response.headers.get("x-error-code", ""))[:_CODE_MOST]
    return HttpFault(
        "status", f"the server answers {status}", status=status, said=said, retry_after=_retry_after(response)
    )


def _retry_after(response: Response) -> float | None:
    """Return the seconds of Retry-After, which is a number or a date."""
    said = str(response.headers.get("retry-after", ""))
    if re.fullmatch(r"[0-9]{1,6}", said):
        return float(said)
    try:
        return (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):  # no date, or one without a time zone
        return None


@contextmanager
def _faults() -> Iterator[None]:
    """Turn what the HTTP library raises into faults; its own words only where no header can stand in them."""
    from huggingface_hub.errors import HTTPError, OfflineModeIsEnabled  # type: ignore[attr-defined]  # noqa: PLC0415 - heavy

    try:
        yield
    except OfflineModeIsEnabled:
        raise HttpFault("offline", "HF_HUB_OFFLINE is set") from None
    except HTTPError as error:
        if type(error).__name__ in _UNREACHABLE:
            raise HttpFault("unreachable", f"no connection ({str(error)[:_SAID_MOST]})") from None
        slow = type(error).__name__.endswith("Timeout")
        raise HttpFault("cut", "the server fell silent" if slow else "the connection was cut") from None
