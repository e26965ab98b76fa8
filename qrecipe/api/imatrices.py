"""Imatrix files as things of their own: what one holds, several made one, one form made the other.

Sums and counts are added and written as llama-imatrix does with `--in-file`, byte for byte in the legacy form and in
each tensor of the GGUF form; the statistics that it adds to the latter are left out, and nothing reads them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from qrecipe.api.opening import open_model
from qrecipe.api.outcome import model_with
from qrecipe.api.staging import Staging
from qrecipe.api.weighting import uncounted
from qrecipe.errors import BuildError, Diagnostic, Location
from qrecipe.host.catalog import make_catalog
from qrecipe.planner.faults import tensors
from qrecipe.types.imatrix import ImatrixEntry, ImatrixInspection
from qrecipe.types.target import OutputFile

if TYPE_CHECKING:
    from qrecipe.sources.imatrix_data import ImatrixSums

Form = Literal["gguf", "dat"]
"""The two forms of imatrix files: that of today, and llama.cpp's older one."""
_SCARCE = 10  # a matrix that was reached this many times less often than the mean


def inspect_imatrix(file: str | Path, *, source: str | Path | None = None) -> ImatrixInspection:
    """Read an imatrix file and say what it has data for.

    Args:
        file: The file, in either form.
        source: A model to hold it against.

    Raises:
        SourceError: The file is no imatrix, or broken, or has values that are not finite; the model cannot be read, or
            the imatrix is another model's.
    """
    from qrecipe.sources.imatrix import read_imatrix_sums  # noqa: PLC0415 - loads numpy

    found = read_imatrix_sums(Path(file))
    entries = tuple(_entries(found))
    against = () if source is None else tuple(_against(Path(file), str(source)))
    return ImatrixInspection(
        file=str(file),
        form="dat" if found.legacy else "gguf",
        entries=entries,
        datasets=found.datasets,
        chunk_count=found.chunk_count,
        chunk_size=found.chunk_size,
        findings=(*uncounted(str(file), {each.name: each.uncounted for each in entries if each.uncounted}), *against),
    )


def combine_imatrices(files: Sequence[str | Path], *, output: str | Path, form: Form = "gguf") -> Path:
    """Add imatrix files of one model up, or write a single one in the other form; return the new file.

    Args:
        files: One file or several, in either form.
        output: The file to write; none is replaced.
        form: What to write. The older one keeps means only: experts that no token reached get ones.

    Raises:
        QrecipeError: A file is broken, two are not of the same model, or the output exists.
    """
    from qrecipe.api.imatrix_files import added, written  # noqa: PLC0415 - loads numpy
    from qrecipe.sources.imatrix import read_imatrix_sums  # noqa: PLC0415 - likewise

    path = Path(output)
    if path.exists() or path.is_symlink():
        raise BuildError(_exists(path))
    data = written(added([read_imatrix_sums(Path(file)) for file in files]), form)
    with Staging(path.parent, (OutputFile(path.name, len(data), None),), replace=False) as staging:
        staging.paths[path.name].write_bytes(data)
        staging.publish()
    return path


def _entries(found: ImatrixSums) -> Iterator[ImatrixEntry]:
    for name, sums in found.sums.items():
        counts = [int(count) for count in found.counts[name]]
        scarce = [i for i, count in enumerate(counts) if 0 < count * len(counts) * _SCARCE < sum(counts)]
        missed = () if found.legacy else tuple(i for i, count in enumerate(counts) if count == 0)
        yield ImatrixEntry(name, sums.shape[0], sums.shape[1], min(counts), max(counts), missed, tuple(scarce))


def _against(file: Path, source: str) -> Iterator[Diagnostic]:
    """Yield a warning about matrices of a model that have no data."""
    from qrecipe.api.opening import open_imatrix  # noqa: PLC0415 - loads numpy

    _, inventory = open_model(source, Path.cwd(), make_catalog())
    imatrix, _ = open_imatrix(file, inventory)
    having = model_with(inventory).protected.keys() | imatrix.names
    lacking = [each.name for each in inventory.tensors if each.name not in having]
    if lacking:
        yield Diagnostic(
            "imatrix-lacks",
            f"the imatrix has no data for {tensors(lacking)}",
            Location(file=str(file)),
            why="embeddings are looked up and MTP blocks are not run while one is made",
            fix="give these tensors types that need none; `qrecipe types` says which",
            severity="warning",
        )


def _exists(path: Path) -> Diagnostic:
    return Diagnostic(
        "imatrix-exists",
        f"{path} exists{' and is a folder' if path.is_dir() else ''}",
        why="an imatrix takes hours to make, so none is replaced",
        fix="choose another name with --output",
    )
