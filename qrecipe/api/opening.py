"""Opens what a recipe names: the checkpoint, the inventory that stands in for it, the imatrix.

A reference is given to the first source that claims it. Local paths are relative to the folder that is handed in.
"""

from __future__ import annotations

import hashlib
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from qrecipe.errors import Diagnostic, Location, PluginError, QrecipeError, SourceAbsentError, SourceError
from qrecipe.host.manager import describe, is_builtin
from qrecipe.inventory.build import arch_of, converted_inventory, inventory_of
from qrecipe.inventory.compact import read_inventory
from qrecipe.planner.plan import Imatrix
from qrecipe.recipe.shipped import shipped_inventory
from qrecipe.sources.mapped import mapped
from qrecipe.sources.origin import with_origin

if TYPE_CHECKING:
    from qrecipe.host.catalog import Catalog
    from qrecipe.sources.imatrix import Imatrix as ImatrixData
    from qrecipe.types.architecture import Architecture
    from qrecipe.types.source import Checkpoint
    from qrecipe.types.tensor import Inventory

_OFFERS = {"sources": "a source", "architectures": "an architecture"}


def open_checkpoint(reference: str, folder: Path, catalog: Catalog, where: Location | None = None) -> Checkpoint:
    """Open a checkpoint by whichever source claims the reference; SourceError where none does."""
    for name, source in catalog.sources.items():
        try:
            if source.claims(reference, folder):
                return source.open(reference, folder)
        except QrecipeError:
            raise
        except Exception as error:
            if is_builtin(catalog.origins["sources", name]):
                raise
            raise PluginError(_broken("sources", name, reference, catalog, error)) from error
    raise _unclaimed(reference, folder, catalog, where)


def open_model(
    reference: str, folder: Path, catalog: Catalog, where: Location | None = None
) -> tuple[Checkpoint, Inventory]:
    """Open a checkpoint under canonical names where an architecture knows it, with its inventory."""
    return model_of(open_checkpoint(reference, folder, catalog, where), catalog)


def model_of(checkpoint: Checkpoint, catalog: Catalog) -> tuple[Checkpoint, Inventory]:
    """Put an opened checkpoint under canonical names where an architecture knows it; return it with its inventory."""
    if checkpoint.metadata is not None:
        return checkpoint, inventory_of(checkpoint, catalog.architectures.get(arch_of(checkpoint.metadata)))
    architecture = next((each for each in catalog.architectures.values() if _claims(each, checkpoint, catalog)), None)
    if architecture is None:
        inventory = inventory_of(checkpoint, None, *_why_unmapped(checkpoint, catalog))
        return checkpoint, with_origin(inventory, checkpoint)
    try:
        conversion = architecture.convert(checkpoint)
        view = mapped(checkpoint, conversion)
        return view, with_origin(converted_inventory(view, architecture, conversion), checkpoint)
    except QrecipeError:
        raise
    except Exception as error:
        raise _failed(architecture, checkpoint.reference, catalog, error) from error


def _claims(architecture: Architecture, checkpoint: Checkpoint, catalog: Catalog) -> bool:
    try:
        return architecture.claims(checkpoint.config or {})
    except Exception as error:
        raise _failed(architecture, checkpoint.reference, catalog, error) from error


def _failed(architecture: Architecture, reference: str, catalog: Catalog, error: Exception) -> Exception:
    """Return what to raise where an architecture fails: a built-in's fault is ours."""
    if is_builtin(catalog.origins["architectures", architecture.name]):
        return error
    return PluginError(_broken("architectures", architecture.name, reference, catalog, error))


def _why_unmapped(checkpoint: Checkpoint, catalog: Catalog) -> tuple[str, str]:
    """Return why no architecture claims a checkpoint, and what to do where a config.json would help."""
    if checkpoint.config is None:
        why = "there is no config.json beside the weights, so nothing says which architecture they have"
        return why, "put the model's own config.json beside the weights"
    named = checkpoint.config.get("architectures")
    known = ", ".join(model for each in catalog.architectures.values() for model in each.models)
    if isinstance(named, list) and named:
        return f"config.json names {', '.join(map(str, named[:3]))}; known are {known or 'none'}", ""
    why = f"config.json names no architecture (`architectures`); known are {known or 'none'}"
    return why, "put the model's own config.json beside the weights"


def open_inventory(reference: str, folder: Path) -> Inventory:
    """Read a shipped inventory (`lib:NAME`) or a file."""
    name = reference.removeprefix("lib:")
    return read_inventory(shipped_inventory(name) if reference.startswith("lib:") else folder / reference)


def open_imatrix(path: Path, model: Inventory) -> tuple[Imatrix, ImatrixData]:
    """Read an imatrix file and say which tensors of the model it has data for; SourceError if it is another model's."""
    from qrecipe.sources.imatrix import read_imatrix  # noqa: PLC0415 - loads numpy

    data = read_imatrix(path)
    names = frozenset(t.name for t in model.tensors if data.importance_for(t) is not None)
    if not names:
        raise SourceError(_other_model(path, data, model))
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Imatrix(str(path), digest, names, _notes(path, data)), data


def _notes(path: Path, data: ImatrixData) -> tuple[tuple[str, str | int], ...]:
    """Return what an artifact says of its imatrix, under the names of llama-quantize's keys (only what is known)."""
    notes: list[tuple[str, str | int]] = [("file", path.name)]
    if data.datasets:
        notes.append(("dataset", data.datasets[0]))
    notes.append(("entries_count", len(data.entries)))
    if data.chunk_count:
        notes.append(("chunks_count", data.chunk_count))
    return tuple(notes)


def _other_model(path: Path, data: ImatrixData, model: Inventory) -> Diagnostic:
    theirs = next(iter(data.entries), "nothing")
    return Diagnostic(
        "imatrix-other-model",
        "the imatrix has no data for any tensor of this model",
        Location(file=str(path)),
        why=f"it knows {theirs}; the model has {_a_matrix(model)}",
        fix="give the imatrix that was made from this model",
    )


def _a_matrix(model: Inventory) -> str:
    """Return the name of a tensor that an imatrix could be about."""
    names = [tensor.name for tensor in model.tensors if tensor.dims > 1] or [tensor.name for tensor in model.tensors]
    return names[0] if names else "no tensors"


def _broken(kind: str, name: str, reference: str, catalog: Catalog, error: Exception) -> Diagnostic:
    plugin = catalog.origins[kind, name]
    return Diagnostic(
        "plugin-broken",
        f"{kind[:-1]} {name!r} of plug-in {plugin!r} failed on {reference}: {describe(error)}",
        why=f"{_OFFERS[kind]} says what it cannot open; this is a fault in the plug-in",
        fix=f"update or uninstall {plugin.split(maxsplit=1)[0]}, or report it to its author",
    )


def _unclaimed(reference: str, folder: Path, catalog: Catalog, where: Location | None) -> SourceError:
    path = Path(folder, reference)
    scheme, colon, _ = reference.partition(":")
    if colon and len(scheme) > 1:
        return SourceAbsentError(_unknown_scheme(reference, scheme, catalog, where))
    near = get_close_matches(path.name, names_in(path.parent), n=1)
    exists = path.exists()
    found = Diagnostic(
        "source-unreadable" if exists else "source-missing",
        f"{reference} is no checkpoint that can be read" if exists else f"there is no {reference}",
        where,
        why=f"looked at {path}" if exists else f"looked for {path}",
        fix=(f"did you mean {near[0]}? " if near and not exists else "") + f"a source is one of: {_forms(catalog)}",
    )
    return SourceError(found) if exists else SourceAbsentError(found)


def _unknown_scheme(reference: str, scheme: str, catalog: Catalog, where: Location | None) -> Diagnostic:
    return Diagnostic(
        "source-scheme",
        f"no source plug-in reads {reference}",
        where,
        why=f"nothing that is installed knows {scheme}:",
        fix=f"download the checkpoint and name its folder with --source, or use one of: {_forms(catalog)}",
    )


def _forms(catalog: Catalog) -> str:
    return ", ".join(source.example for source in catalog.sources.values())


def names_in(folder: Path) -> list[str]:
    """Return what a folder holds, for near names in messages; [] where it cannot be read."""
    try:
        return [entry.name for entry in folder.iterdir()]
    except OSError:
        return []
