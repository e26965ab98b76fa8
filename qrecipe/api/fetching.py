"""Brings the weights of a remote checkpoint to this machine before they are read, where its source offers that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from qrecipe.types.event import Event, FetchDone, Fetched, FetchStarted
from qrecipe.types.source import Fetching

if TYPE_CHECKING:
    from qrecipe.host.catalog import Catalog
    from qrecipe.types.source import Checkpoint


def fetch_weights(checkpoint: Checkpoint, catalog: Catalog, tell: Callable[[Event], None]) -> None:
    """Fetch what is not here yet; a checkpoint that is here, or whose source only streams, is left as it is."""
    reference, names = checkpoint.reference, [file.name for file in checkpoint.files]
    source: object = next((each for each in catalog.sources.values() if each.claims(reference, Path())), None)
    if not isinstance(source, Fetching) or not (missing := source.missing(reference, names)):
        return
    tell(FetchStarted(reference, missing))
    source.fetch(reference, names, lambda nbytes: tell(Fetched(nbytes)))
    tell(FetchDone())
