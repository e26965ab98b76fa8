"""`hf://org/name[@revision][/file]`: models of the Hugging Face hub, or of the one that HF_ENDPOINT names.

Opening asks for the list of files, their headers (by ranges) and the small files beside the weights, and keeps all of
it: a commit that was opened once opens again without a request. The reference of what is opened names the commit.
Weights are read from the cache where they are in it, by ranges where not; `fetch` puts them there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from qrecipe.errors import SourceError
from qrecipe.sources.checkpoint import FileCheckpoint
from qrecipe.sources.fault import Place, fault
from qrecipe.sources.http_fault import SHORT, USUAL, Patience
from qrecipe.sources.hub_cache import cache_of
from qrecipe.sources.hub_folder import HubFolder
from qrecipe.sources.hub_listing import list_files
from qrecipe.sources.hub_model import PREFIX, parse_reference
from qrecipe.sources.remote_folder import open_remote


@dataclass(frozen=True, slots=True)
class HubSource:
    """Models of the hub. `asking` is the patience with which it is asked what there is: plans should not wait long."""

    name: str = "hub"
    example: str = "hf://ORG/NAME"
    patience: Patience = USUAL
    asking: Patience = SHORT

    def claims(self, reference: str, folder: Path) -> bool:  # noqa: ARG002 - the protocol's
        """Take what begins with `hf://`."""
        return reference.startswith(PREFIX)

    def open(self, reference: str, folder: Path) -> FileCheckpoint:  # noqa: ARG002 - likewise
        """Open a model, one of its folders, or one of its files."""
        found, name = self._folder(reference)
        checkpoint = open_remote(found, name)
        warning = found.listing.warning
        return replace(checkpoint, warnings=(*checkpoint.warnings, warning)) if warning else checkpoint

    def missing(self, reference: str, names: Sequence[str]) -> int:
        """Return how many bytes `fetch` would download."""
        found, _ = self._folder(reference)
        return sum(found.sizes[name] for name in names if found.is_missing(name))

    def fetch(self, reference: str, names: Sequence[str], tell: Callable[[int], None]) -> None:
        """Download files of an opened checkpoint into the cache; `tell` is told of bytes as they come."""
        found, _ = self._folder(reference)
        found.fetch(names, tell)

    def _folder(self, reference: str) -> tuple[HubFolder, str]:
        """Return the folder that is meant, and the file in it; "" where the whole folder is."""
        from huggingface_hub import constants  # noqa: PLC0415 - heavy

        model = parse_reference(reference)
        cache = cache_of(model.repo)
        endpoint = constants.ENDPOINT.rstrip("/")
        listing = list_files(model, endpoint, cache, self.asking)
        whole = HubFolder(model, listing, cache, endpoint, self.patience)
        if not model.file:
            return whole, ""
        if any(name.startswith(f"{model.file}/") for name in listing.files):
            return replace(whole, within=f"{model.file}/"), ""
        if model.file not in listing.files:
            raise _no_file(whole, model.file)
        inner, _, name = model.file.rpartition("/")
        return replace(whole, within=f"{inner}/" if inner else ""), name


def _no_file(folder: HubFolder, name: str) -> SourceError:
    near = get_close_matches(name, folder.listing.files, n=1)
    fix = f"did you mean {near[0]!r}?" if near else "leave the file out to take the checkpoint that the model is"
    return fault("hub-no-file", Place(folder.name), f"the model has no file {name!r}", fix=fix)
