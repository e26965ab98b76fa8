"""A toy family for tests of what all folder backends share: int8 and int4 codes, unpacked, with F32 scales.

Small and whole: the least that a plug-in writes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from qrecipe.backends.folder.backend import FolderBackend, whole
from qrecipe.backends.folder.kinds import kind_of
from qrecipe.backends.folder.options import FolderOptions
from qrecipe.hooks import hookimpl
from qrecipe.types.format import Argument
from qrecipe.types.scheme import Array, Grid

WIDTHS = {"int4": 4, "int8": 8}


@dataclass(frozen=True, slots=True)
class ToyScheme:
    """Codes I8 [rows, cols] under `.codes`, scales F32 [rows, groups] under `.scales`."""

    width: int
    group: int | None = None
    transposed: bool = False

    family = "toy"
    arguments = (Argument("fit", "fit", "auto"),)
    block = bits = gguf_id = carried = None
    is_float = False
    imatrix = "unused"

    @property
    def name(self):
        return f"int{self.width}" if self.group is None else f"int{self.width}(group={self.group})"

    @property
    def grid(self):
        half = 1 << (self.width - 1)
        return Grid(self.width, self.group, "F32", -half, half - 1)

    def refuses(self, shape, args):
        return None

    def groups(self, cols):
        return 1 if self.group is None else cols // self.group

    def nbytes(self, shape, args):
        return shape[0] * (shape[1] + 4 * self.groups(shape[1]))

    def arrays(self, rows, cols):
        scales = (self.groups(cols), rows) if self.transposed else (rows, self.groups(cols))
        size = np.array([rows, cols], "<i8").tobytes()
        return (
            Array(".codes", "I8", (rows, cols)),
            Array(".scales", "F32", scales, along=1 if self.transposed else 0),
            Array(".size", "I64", (2,), None, size),
        )

    def shape_of(self, stored, read):
        return stored[".codes"].shape

    def encode(self, rows, args, importance):
        blocks = rows.reshape(len(rows), self.groups(rows.shape[1]), -1)
        scales = np.abs(blocks).max(axis=2) / np.float32(self.grid.high)
        safe = np.where(scales == 0, np.float32(1), scales)
        codes = np.rint(blocks / safe[:, :, None]).astype(np.int8)
        return self.joined(codes.reshape(rows.shape), scales)

    def joined(self, codes, scales):
        parts = [np.ascontiguousarray(a).view(np.uint8) for a in (codes.astype("i1"), scales.astype("<f4"))]
        return np.concatenate(parts, axis=1).tobytes()

    def parted(self, records, cols):
        table = np.frombuffer(records, np.uint8).reshape(-1, self.nbytes((1, cols), ()))
        return table[:, :cols].view(np.int8), np.ascontiguousarray(table[:, cols:]).view("<f4")

    def decode(self, records, cols):
        codes, scales = self.parted(records, cols)
        return codes.astype(np.float32) * np.repeat(scales, cols // scales.shape[1], axis=1)

    def relaid(self, blocks, cols):
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class ToyFamily:
    name: str = "toy"
    options: type = FolderOptions
    profiles: tuple = ()

    def refuses(self, inventory, target):
        return None

    def scheme(self, use, tensor, target, inventory):
        width = WIDTHS.get(use.format.name)
        if width is None:
            return f"toy has no {use.format.name}"
        kind = kind_of(tensor, inventory)
        if kind not in ("linear", "experts", "fused experts"):
            return f"{tensor.name} is no linear layer ({kind})"
        group = use.argument("group")
        return ToyScheme(width, group if isinstance(group, int) else None, width == 4)

    def slices(self, stored, tensor, target, inventory):
        if len(stored.shape) == 2:
            return whole(stored)
        rows = stored.shape[1]
        return [(f"{stored.name}.{expert}", expert * rows, (expert + 1) * rows) for expert in range(stored.shape[0])]

    def check(self, modules, inventory, target):
        return ()

    def config(self, modules, inventory, target):
        found = {m.name: [m.scheme.width, m.scheme.group] for m in modules if m.scheme is not None}
        return {"quantization_config": {"quant_method": "toy", "modules": found}}

    def header(self, modules, inventory, target):
        return {"toy": "1"}

    def schemes(self, checkpoint):
        config = (checkpoint.config or {}).get("quantization_config")
        if not isinstance(config, Mapping) or config.get("quant_method") != "toy":
            return None
        return {name: ToyScheme(width, group, width == 4) for name, (width, group) in config["modules"].items()}


TOY = FolderBackend(ToyFamily())


class ToyPlugin:
    @hookimpl
    def qrecipe_backends(self):
        return [TOY]
