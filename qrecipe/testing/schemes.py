"""`SchemeContract`: the promises of `qrecipe.types.scheme.Scheme`, on top of those of encoding.

Its encoded rows are records, so all that is promised of a format's rows holds for them too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pytest

from qrecipe.testing.codecs import CodecContract
from qrecipe.testing.contract import given, promise
from qrecipe.testing.inputs import ordinary
from qrecipe.types.scheme import ITEM_BITS

if TYPE_CHECKING:
    from qrecipe.types.scheme import Grid, Scheme

_ROWS = 6


class SchemeContract(CodecContract):
    """Subclass with `format = …`, a scheme.

    Attributes:
        format: What is tried.
        columns, bound: As for formats; `columns` are such as the scheme was made for.
    """

    format: ClassVar[Scheme]

    @property
    def grid(self) -> Grid:
        """The scheme's grid; skip the test where there is none."""
        if self.format.grid is None:
            pytest.skip(f"{self.format.name} is no grid of scales and codes")
        return given(self.format.grid, "a grid")

    def test_its_name_says_what_is_stored(self) -> None:
        """A type as recipes write it: `int4(group=32)`."""
        name, wanted = (
            self.format.name,
            re.fullmatch(r"[A-Za-z]\w*(\([a-z_]+=\w+(, [a-z_]+=\w+)*\))?", self.format.name),
        )
        promise(wanted, f"its name is {name!r}: a type as recipes write it, int4(group=32) say")

    def test_sizes_add_up_over_rows(self) -> None:
        """Records are of one size."""
        one = self.size(1, self.cols)
        promise(self.size(7, self.cols) == 7 * one, f"{self.format.name}: 7 records do not take 7 times one's bytes")

    def test_a_record_has_a_row_of_every_array(self) -> None:
        """Whoever writes cuts it into the arrays' rows."""
        arrays = self.format.arrays(_ROWS, self.cols)
        record, size = sum(each.row_bytes for each in arrays), self.format.nbytes((1, self.cols), self.args)
        words = f"{self.format.name}: rows of its arrays take {record} bytes; a record takes {size}"
        promise(record == size, words)

    def test_its_arrays_have_a_row_for_each_row(self) -> None:
        """Along the dimension that `along` names; constants are whole."""
        suffixes = [each.suffix for each in self.format.arrays(_ROWS, self.cols)]
        promise(len(suffixes) == len(set(suffixes)), f"{self.format.name}: two arrays are called {suffixes}")
        for each in self.format.arrays(_ROWS, self.cols):
            promise(
                each.dtype in ITEM_BITS, f"{self.format.name}: {each.suffix}: safetensors has no dtype {each.dtype}"
            )
            if each.along is None:
                fine = len(each.constant) == each.nbytes
                words = f"{self.format.name}: {each.suffix} takes {each.nbytes} bytes; its constant has "
                promise(fine, f"{words}{len(each.constant)}")
            else:
                fine = each.along < len(each.shape) and each.nbytes == _ROWS * each.row_bytes
                promise(fine, f"{self.format.name}: {each.suffix} {list(each.shape)} has no {_ROWS} equal rows")

    def test_parts_join_to_the_record(self) -> None:
        """`joined` undoes `parted`."""
        grid = self.grid
        records = self.encoded(ordinary(_ROWS, self.cols))
        codes, scales = self.format.parted(records, self.cols)
        group = grid.group or self.cols
        promise(codes.shape == (_ROWS, self.cols), f"{self.format.name}: codes are {list(codes.shape)}")
        promise(scales.shape == (_ROWS, -(-self.cols // group)), f"{self.format.name}: scales are {list(scales.shape)}")
        promise(self.format.joined(codes, scales) == records, f"{self.format.name}: joined(parted(records)) differ")

    def test_codes_are_on_the_grid(self) -> None:
        """From `low` to `high`."""
        grid = self.grid
        codes, _ = self.format.parted(self.encoded(ordinary(_ROWS, self.cols)), self.cols)
        fine = codes.dtype == np.int8 and grid.low <= codes.min() and codes.max() <= grid.high
        words = f"{self.format.name}: codes are {codes.dtype} from {codes.min()} to {codes.max()}; its grid has "
        promise(fine, f"{words}{grid.low} to {grid.high}")

    def test_a_weight_is_its_scale_times_its_code(self) -> None:
        """What `decode` gives, on the whole grid."""
        grid = self.grid
        group = grid.group or self.cols
        codes = np.resize(np.arange(grid.low, grid.high + 1, dtype=np.int8), (_ROWS, self.cols))
        scales = np.full((_ROWS, -(-self.cols // group)), 0.125, np.float32)
        decoded = self.format.decode(self.format.joined(codes, scales), self.cols)
        fine = np.array_equal(decoded, codes.astype(np.float32) * np.float32(0.125))
        promise(fine, f"{self.format.name}: decode gives other weights than scale times code")

    def test_what_is_carried_keeps_its_weights(self) -> None:
        """Blocks that are laid out anew are the same weights."""
        carried = self.format.carried
        if carried is None:
            pytest.skip(f"{self.format.name} carries no GGUF type")
        blocks = carried.encode(ordinary(_ROWS, self.cols), (), None)
        records = self.format.relaid(blocks, self.cols)
        same = np.array_equal(self.format.decode(records, self.cols), carried.decode(blocks, self.cols))
        promise(same, f"{self.format.name}: blocks of {carried.name} are other weights once laid out anew")
