"""Which files a model of the hub has at a commit, with their sizes and digests: one request, kept for the next time.

A commit's list never changes, so that it is asked for once. A branch or a tag is asked about each time; where the hub
cannot be asked, what is known of it counts, and a warning says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from qrecipe.sources.fault import Place, fault
from qrecipe.sources.http_fault import HttpFault, HttpFile, Patience
from qrecipe.sources.http_request import read_whole
from qrecipe.sources.hub_cache import HubCache, keep, read_kept
from qrecipe.sources.hub_faults import hub_error
from qrecipe.sources.hub_model import HubModel, is_plain_path
from qrecipe.sources.json_text import parse_object

_MOST = 64 << 20
_COMMIT = re.compile(r"[0-9a-f]{40}")
_DIGEST = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file's size, and its digest: SHA-256 of what the hub stores apart, git's own SHA-1 of other files."""

    nbytes: int
    digest: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A commit's files by name; `warning` says why that may be out of date."""

    commit: str
    files: Mapping[str, HubFile]
    warning: str = ""


def list_files(model: HubModel, endpoint: str, cache: HubCache, patience: Patience) -> Listing:
    """Return what the hub has under the model's revision, or what is known of that."""
    if model.is_pinned and (known := _known(model, cache)) is not None:
        return known
    address = f"{endpoint}/api/models/{model.repo}/revision/{quote(model.revision, safe='')}?blobs=true"
    try:
        raw = read_whole(HttpFile(address, endpoint=endpoint), _MOST, patience)
    except HttpFault as error:
        if (error.kind != "offline" and not error.passes) or (known := _known(model, cache)) is None:
            raise hub_error(error, model.name, model.repo, "the list of files") from None
        why = f"the hub was not asked ({error.detail})"
        return Listing(known.commit, known.files, f"{why}: {model.name} is what was known of it, {known.commit[:12]}")
    listing = _parsed(raw, model)
    keep(cache.listing(listing.commit), _text(listing))
    keep_revision = not model.is_pinned
    if keep_revision:
        cache.keep_commit(model.revision, listing.commit)
    return listing


def _known(model: HubModel, cache: HubCache) -> Listing | None:
    """Return the list that is kept, or what another program has downloaded."""
    commit = model.revision if model.is_pinned else cache.known_commit(model.revision)
    if commit is None:
        return None
    kept = read_kept(cache.listing(commit), _MOST)
    return _downloaded(commit, cache) if kept is None else _parsed(kept, model)


def _downloaded(commit: str, cache: HubCache) -> Listing | None:
    folder = cache.snapshot(commit)
    paths = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    files = {path.relative_to(folder).as_posix(): HubFile(path.stat().st_size, "") for path in paths}
    return Listing(commit, {n: f for n, f in sorted(files.items()) if is_plain_path(n)}) if files else None


def _parsed(raw: bytes, model: HubModel) -> Listing:
    place = Place(model.name)
    found = parse_object(raw, place, "the hub's list of files")
    commit, siblings = found.get("sha"), found.get("siblings")
    if not isinstance(commit, str) or _COMMIT.fullmatch(commit) is None or not isinstance(siblings, list):
        raise _broken(place, "the hub's answer names no commit, or no files")
    if model.is_pinned and commit != model.revision:
        raise _broken(place, f"the hub was asked about this commit, and answers about {commit}")
    return Listing(commit, dict(sorted(_file(sibling, place) for sibling in siblings)))


def _file(sibling: object, place: Place) -> tuple[str, HubFile]:
    entry = sibling if isinstance(sibling, dict) else {}
    name, lfs = entry.get("rfilename"), entry.get("lfs")
    stored = lfs if isinstance(lfs, dict) else entry
    size, digest = stored.get("size"), stored.get("sha256", stored.get("blobId"))
    if not isinstance(name, str) or not name or not is_plain_path(name):
        raise _broken(place, f"the hub lists {name!r}, which is no name of a file")
    if type(size) is not int or not 0 <= size < 1 << 62:
        raise _broken(place, f"the hub lists {name!r} without a size")
    if not isinstance(digest, str) or _DIGEST.fullmatch(digest) is None:
        raise _broken(place, f"the hub lists {name!r} without a digest")
    return name, HubFile(size, digest)


def _text(listing: Listing) -> bytes:
    """Write a list as the hub does, without what is not used."""
    siblings = [{"rfilename": name, "size": file.nbytes, "blobId": file.digest} for name, file in listing.files.items()]
    return json.dumps({"sha": listing.commit, "siblings": siblings}).encode()


def _broken(place: Place, what: str) -> Exception:
    fix = "see whether HF_ENDPOINT names a hub; else download the model and name its folder"
    return fault("hub-listing", place, what, fix=fix)
