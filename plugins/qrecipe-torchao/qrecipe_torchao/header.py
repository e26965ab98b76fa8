"""The metadata of safetensors headers by which torchao's loader makes tensors of arrays, written and read.

`P.weight` has an entry with its class, attributes and arrays, and `tensor_names` lists them all. Every shard says the
same: transformers merges them, and of `tensor_names` the last one stands.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from qrecipe.errors import Diagnostic, Location, SourceError

from qrecipe_torchao.described import RUN_DTYPES
from qrecipe_torchao.float8 import KIND as FLOAT8
from qrecipe_torchao.float8 import Float8
from qrecipe_torchao.int4 import KIND as INT4
from qrecipe_torchao.int4 import Int4
from qrecipe_torchao.int8 import KIND as INT8
from qrecipe_torchao.int8 import Int8
from qrecipe_torchao.intx import KIND as INTX
from qrecipe_torchao.intx import Intx
from qrecipe_torchao.scheme import TorchaoScheme, stores_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qrecipe.backends.folder.family import Module
    from qrecipe.types.source import Checkpoint, StoredTensor

    from qrecipe_torchao.stores import Store

NAMES = "tensor_names"
_WIDTHS = {f"int{width}": width for width in range(1, 9)}


def entries(modules: Sequence[Module]) -> dict[str, str]:
    """Return the metadata of a folder; {} where nothing is quantized."""
    found = {f"{module.name}.weight": json.dumps(store.entry(*module.shape)) for module, store in stores_of(modules)}
    return {**found, NAMES: json.dumps(list(found))} if found else {}


def schemes(checkpoint: Checkpoint) -> dict[str, TorchaoScheme]:
    """Return the schemes of a folder of torchao's by module; SourceError where its metadata says what is not so."""
    found: dict[str, TorchaoScheme] = {}
    for number in range(len(checkpoint.files)):
        for name, text in _metadata(checkpoint, number).items():
            if name.endswith(".weight") and name not in checkpoint.tensors:
                found[name.removesuffix(".weight")] = TorchaoScheme(_store(name, text, checkpoint))
    return found


def _metadata(checkpoint: Checkpoint, number: int) -> Mapping[str, str]:
    """Return what a shard's header says besides its tensors; the checkpoint's source has checked it."""
    size = int.from_bytes(checkpoint.read_file(number, 0, 8), "little")
    said = json.loads(checkpoint.read_file(number, 8, size)).get("__metadata__")
    return said if isinstance(said, dict) else {}


def _store(name: str, text: str, checkpoint: Checkpoint) -> Store:
    try:
        entry = json.loads(text)
        parts = {part: checkpoint.tensors[_array(name, part)] for part in ("qdata", "scale")}
        return _made(entry["_type"], entry["_data"], parts)
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise _unreadable(name, checkpoint, f"{type(error).__name__}: {error}") from error


def _array(name: str, part: str) -> str:
    return f"{name.removesuffix('.weight')}._weight_{part}"


def _made(kind: str, data: Mapping[str, object], parts: Mapping[str, StoredTensor]) -> Store:
    """Return the store of an entry; KeyError, ValueError or TypeError where it says something else than ours do."""
    if kind == INT4:
        return Int4(_group(data, 0) or 0, dynamic=_named(data, "activation_dtype") == "float8_e4m3fn")
    run, scale, cols = RUN_DTYPES[_named(data, "dtype")], parts["scale"].dtype, parts["qdata"].shape[1]
    if scale not in RUN_DTYPES.values():
        raise ValueError(f"its scales are {scale}")
    if kind == INTX:
        width = _WIDTHS[_named(data, "target_dtype")]
        return Intx(width, _group(data, cols), scale, run, dynamic=data["activation_quantization"] is not None)
    if kind == INT8:
        return Int8(_group(data, cols), scale, run, dynamic=data["act_quant_kwargs"] is not None)
    if kind == FLOAT8 and _group(data, cols) is None:
        return Float8(run, dynamic=data["act_quant_kwargs"] is not None)
    raise ValueError(f"its class is {kind}")


def _named(data: Mapping[str, object], key: str) -> str:
    value = data[key]
    return str(value["_data"]) if isinstance(value, dict) else ""


def _group(data: Mapping[str, object], cols: int) -> int | None:
    """Return the columns of a block of one row; None where that is a whole row."""
    match data["block_size"]:
        case [1, int(group)] if group > 0:
            return None if group == cols else group
        case other:
            raise ValueError(f"its blocks are {other}")


def _unreadable(name: str, checkpoint: Checkpoint, why: str) -> SourceError:
    return SourceError(
        Diagnostic(
            "torchao-metadata",
            f"tensor {name!r} of torchao cannot be read",
            Location(checkpoint.reference),
            why=why,
            fix="qrecipe reads what its own torchao backend writes; build the folder anew",
        )
    )
