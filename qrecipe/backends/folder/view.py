"""A finished folder as tensors: the arrays of its modules put together into records, row by row.

What config.json says of a module is held against its arrays: names, dtypes, shapes, and what constant arrays hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from qrecipe.backends.folder import faults
from qrecipe.errors import Diagnostic, SourceError
from qrecipe.types.scheme import ITEM_BITS, Array, Scheme
from qrecipe.types.source import Checkpoint, Container, StoredFile, StoredTensor

if TYPE_CHECKING:
    from qrecipe.types.metadata import MetadataEntry


@dataclass(frozen=True, slots=True)
class ModuleRows:
    """Rows `start` to `stop` of a tensor, which the artifact has as a module of its own."""

    module: str
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Quantized:
    """A tensor of the source that is quantized: its modules, all of one scheme."""

    scheme: Scheme
    cols: int
    modules: tuple[ModuleRows, ...]

    @property
    def row_bytes(self) -> int:
        """Bytes of a record."""
        return self.scheme.nbytes((1, self.cols), ())


@dataclass(frozen=True, slots=True)
class FolderView:
    """`types.source.Checkpoint` over an artifact, under its source's names.

    Attributes:
        original: The artifact as its files have it.
        tensors: By the source's name; those that are quantized have records for bytes.
        quantized: How the quantized ones are stored.
    """

    original: Checkpoint
    tensors: Mapping[str, StoredTensor]
    quantized: Mapping[str, Quantized]

    @property
    def reference(self) -> str:
        """The original's."""
        return self.original.reference

    @property
    def container(self) -> Container:
        """The original's."""
        return self.original.container

    @property
    def files(self) -> tuple[StoredFile, ...]:
        """The original's."""
        return self.original.files

    @property
    def metadata(self) -> tuple[MetadataEntry, ...] | None:
        """None: it is no GGUF."""
        return None

    @property
    def config(self) -> Mapping[str, object] | None:
        """The original's."""
        return self.original.config

    @property
    def folder(self) -> Path | None:
        """The original's."""
        return self.original.folder

    @property
    def header_digest(self) -> str:
        """The original's."""
        return self.original.header_digest

    @property
    def warnings(self) -> tuple[str, ...]:
        """The original's."""
        return self.original.warnings

    def read(self, name: str, start: int, size: int) -> bytes:
        """Return `size` bytes of a tensor from byte `start` on."""
        found = self.quantized.get(name)
        if found is None:
            return self.original.read(name, start, size)
        row = found.row_bytes
        first, last = start // row, -(-(start + size) // row)
        data = b"".join(_records(self.original, found, first, last))
        skipped = start - first * row
        return data if len(data) == size else data[skipped : skipped + size]

    def read_file(self, file: int, start: int, size: int) -> bytes:
        """Return `size` bytes of one of the original's files."""
        return self.original.read_file(file, start, size)


def view_of(
    original: Checkpoint,
    schemes: Mapping[str, Scheme],
    modules: Mapping[str, tuple[tuple[int, ...], Sequence[ModuleRows]]],
) -> FolderView:
    """Put the modules of an artifact together.

    Args:
        original: The artifact as its files have it.
        schemes: How each module is stored.
        modules: The source's tensors that are not one module of the same name: their shape and modules.

    Raises:
        SourceError: A module is not stored as its scheme says.
    """
    held = _by_module(original)
    arrays = _all_checked(original, schemes, held)
    taken = {module + array.suffix for module, found in arrays.items() for array in found[1]}
    elsewhere = {each.module for _, parts in modules.values() for each in parts}
    tensors = {name: stored for name, stored in original.tensors.items() if name not in taken}
    quantized: dict[str, Quantized] = {}
    for name, (shape, parts) in modules.items():
        _require_whole(original, name, shape, parts, {module: shape_ for module, (shape_, _) in arrays.items()})
        tensors[name], quantized[name] = _tensor(original, name, shape, parts, schemes)
    for module, (rows_cols, _) in arrays.items():
        if module not in elsewhere:
            name, whole = f"{module}.weight", (ModuleRows(module, 0, rows_cols[0]),)
            tensors[name], quantized[name] = _tensor(original, name, rows_cols, whole, schemes)
    return FolderView(original, tensors, quantized)


def _tensor(
    original: Checkpoint, name: str, shape: Sequence[int], parts: Sequence[ModuleRows], schemes: Mapping[str, Scheme]
) -> tuple[StoredTensor, Quantized]:
    scheme = schemes[parts[0].module]
    found = Quantized(scheme, shape[-1], tuple(parts))
    first = original.tensors[parts[0].module + scheme.arrays(1, shape[-1])[0].suffix]
    rows = parts[-1].stop
    return StoredTensor(name, scheme.name, tuple(shape), rows * found.row_bytes, first.file, first.offset), found


def _require_whole(
    original: Checkpoint,
    name: str,
    shape: Sequence[int],
    parts: Sequence[ModuleRows],
    held: Mapping[str, tuple[int, int]],
) -> None:
    """Raise SourceError unless the modules of a tensor hold all of its rows, one behind the other."""
    stops = [0, *(each.stop for each in parts)]
    there = all(
        held.get(each.module) == (each.stop - each.start, shape[-1]) and each.start == stop
        for each, stop in zip(parts, stops, strict=False)
    )
    if not there or prod(shape[:-1]) != stops[-1]:
        raise SourceError(faults.torn(original.reference, name))


def _all_checked(
    original: Checkpoint, schemes: Mapping[str, Scheme], held: Mapping[str, Mapping[str, StoredTensor]]
) -> dict[str, tuple[tuple[int, int], tuple[Array, ...]]]:
    """Return every module's shape and arrays; SourceError with all that are not as their schemes have them."""
    found: dict[str, tuple[tuple[int, int], tuple[Array, ...]]] = {}
    wrong: list[Diagnostic] = []
    for module, scheme in schemes.items():
        try:
            found[module] = _checked(original, module, scheme, held.get(module, {}))
        except SourceError as error:
            wrong += error.diagnostics
    if wrong:
        raise SourceError(*wrong)
    return found


def _checked(
    original: Checkpoint, module: str, scheme: Scheme, suffixes: Mapping[str, StoredTensor]
) -> tuple[tuple[int, int], tuple[Array, ...]]:
    """Return the shape of a module's matrix and its arrays, each as its scheme has it."""
    shape = _shape(original, module, scheme, suffixes)
    arrays = scheme.arrays(*shape)
    for array in arrays:
        name = module + array.suffix
        stored = original.tensors.get(name)
        if stored is None or (stored.dtype, stored.shape) != (array.dtype, array.shape):
            found = "missing" if stored is None else f"{stored.dtype} {list(stored.shape)}"
            what = f"{name} should be {array.dtype} {list(array.shape)} and is {found}"
            raise SourceError(faults.array_shape(original.reference, module, what))
        if array.along is None and original.read(name, 0, stored.nbytes) != array.constant:
            what = f"{name} holds other numbers than its matrix of {shape[0]} by {shape[1]} has"
            raise SourceError(faults.array_shape(original.reference, module, what))
    return shape, arrays


def _shape(original: Checkpoint, module: str, scheme: Scheme, suffixes: Mapping[str, StoredTensor]) -> tuple[int, int]:
    """Return rows and columns of a module."""
    try:
        return scheme.shape_of(suffixes, lambda suffix: original.read(module + suffix, 0, suffixes[suffix].nbytes))
    except KeyError as error:
        raise SourceError(
            faults.array_shape(original.reference, module, f"{module}{error.args[0]} is missing")
        ) from None
    except ValueError as error:
        raise SourceError(faults.array_shape(original.reference, module, str(error))) from None


def _by_module(original: Checkpoint) -> dict[str, dict[str, StoredTensor]]:
    """Return the arrays behind each prefix that ends at a dot, by what follows."""
    found: dict[str, dict[str, StoredTensor]] = {}
    for name, stored in original.tensors.items():
        module, dot, rest = name.rpartition(".")
        found.setdefault(module, {})[dot + rest] = stored
    return found


def _records(original: Checkpoint, found: Quantized, first: int, last: int) -> Iterator[bytes]:
    for each in found.modules:
        start, stop = max(first, each.start), min(last, each.stop)
        if start < stop:
            rows = each.stop - each.start
            yield _put_together(original, each.module, found, (start - each.start, stop - each.start, rows))


def _put_together(original: Checkpoint, module: str, found: Quantized, rows: tuple[int, int, int]) -> bytes:
    """Return records of rows `start` to `stop` of `count` of a module."""
    import numpy as np  # noqa: PLC0415 - headers alone need none

    start, stop, count = rows
    columns = []
    for array in found.scheme.arrays(count, found.cols):
        if array.along is None:
            continue
        data = _rows_of(original, module + array.suffix, array, (start, stop, count))
        block = np.frombuffer(data, np.uint8)
        item = ITEM_BITS[array.dtype] // 8
        if array.along == 0:
            columns.append(block.reshape(stop - start, -1))
        else:
            spread = block.reshape(-1, stop - start, item).transpose(1, 0, 2)
            columns.append(spread.reshape(stop - start, -1))
    return np.concatenate(columns, axis=1).tobytes()


def _rows_of(original: Checkpoint, name: str, array: Array, rows: tuple[int, int, int]) -> bytes:
    start, stop, count = rows
    if array.along == 0:
        return original.read(name, start * array.row_bytes, (stop - start) * array.row_bytes)
    item = ITEM_BITS[array.dtype] // 8
    lines = range(array.row_bytes // item)
    return b"".join(original.read(name, (line * count + start) * item, (stop - start) * item) for line in lines)
