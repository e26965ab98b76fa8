"""Which model of the hub a reference names: `hf://org/name[@revision][/file]`, from the text alone.

A revision ends at the next slash, but for `refs/pr/N`; slashes in others are written `%2F`. Every piece is checked
before it goes into an address or a path: names are plain, and nothing climbs out of its folder.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from qrecipe.sources.fault import Place, fault

PREFIX = "hf://"
_REFERENCE = re.compile(
    r"hf://(?P<repo>[^/@]+/[^/@]+)(?:@(?P<revision>refs/pr/\d+|refs/convert/[^/]+|[^/]+))?(?:/(?P<file>.*))?", re.DOTALL
)
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_FILE_MOST = 1000


@dataclass(frozen=True, slots=True)
class HubModel:
    """A model, or one file of it; without a revision, what stands at `main`."""

    repo: str
    revision: str = "main"
    file: str = ""

    @property
    def name(self) -> str:
        """The reference without its file; `main` goes unsaid."""
        at = (
            "" if self.revision == "main" else f"@{self.revision if _is_ref(self.revision) else _quoted(self.revision)}"
        )
        return f"{PREFIX}{self.repo}{at}"

    @property
    def is_pinned(self) -> bool:
        """The revision is a commit: what it names never changes."""
        return _COMMIT.fullmatch(self.revision) is not None


def parse_reference(reference: str) -> HubModel:
    """Take a reference apart; SourceError where it is none."""
    found = _REFERENCE.fullmatch(reference)
    if found is None or not all(_is_name(part) for part in found["repo"].split("/")):
        what = f"{reference!r} names no model of the hub"
        why = "a model has the form hf://ORG/NAME, with @REVISION and /FILE behind it where they are wanted"
        raise fault(
            "hub-reference", Place(reference), what, why=why, fix="write it as the hub's page of the model does"
        )
    file, revision = (found["file"] or "").rstrip("/"), unquote(found["revision"] or "main")
    if not is_plain_path(file) or not _is_revision(revision):
        wrong = f"the revision {revision!r}" if is_plain_path(file) else f"the file {file!r}"
        why = "revisions are branches, tags or commits; files are named by their path from the top, without `..`"
        fix = "write it as the hub's page of the model does"
        raise fault("hub-reference", Place(reference), f"{wrong} cannot be one of the hub's", why=why, fix=fix)
    return HubModel(found["repo"], revision, file)


def is_plain_path(path: str) -> bool:
    """Say whether a path stays in its folder and is fit for any file system; the empty path does."""
    parts = path.split("/") if path else []
    fits = (
        len(path.encode("utf-8", errors="replace")) <= _FILE_MOST and path.isprintable() and not set(path) & set("\\:")
    )
    return fits and all(part not in {"", ".", ".."} for part in parts)


def _is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None and "--" not in text and ".." not in text


def _is_revision(text: str) -> bool:
    return 0 < len(text) <= 200 and text.isprintable() and text.isascii() and ".." not in text and text[0] not in "./-"  # noqa: PLR2004 - git's own limits are near


def _is_ref(revision: str) -> bool:
    return revision.startswith(("refs/pr/", "refs/convert/"))


def _quoted(revision: str) -> str:
    return quote(revision, safe="")
