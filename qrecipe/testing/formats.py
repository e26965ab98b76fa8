"""`FormatContract`: the promises of `qrecipe.types.format.Format`, one test each; those of encoding are in `codecs`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from qrecipe.errors import PlanError, PluginError
from qrecipe.testing.codecs import CodecContract
from qrecipe.testing.contract import promise
from qrecipe.testing.inputs import ordinary
from qrecipe.testing.values import is_phrase, odd_arguments, wrong_arguments

if TYPE_CHECKING:
    from qrecipe.types.format import Format

_IMATRIX = ("unused", "used", "needed", "required")


class FormatContract(CodecContract):
    """Subclass with `format = …`.

    Attributes:
        format: What is tried.
        args: Arguments as a recipe has them: `(("group", 32),)`.
        columns: Of the rows that are tried; by default whole blocks.
        bound: The most that a weight may be off, as a share of the largest magnitude in its block (in its row, where
            `block` is None): 0.5 / 127 for eight bits that are rounded to nearest.
        encodes: False for a type that is only carried from file to file, or encoded by backends alone: then `encode`
            says so.
    """

    def test_its_description_is_of_the_protocols_types(self) -> None:
        """Name, family, block, bits, id, arguments."""
        wrong = list(_wrong_members(self.format))
        promise(not wrong, f"{self.format.name!r}: {'; '.join(wrong)}")

    def test_an_arguments_default_is_one_of_its_choices(self) -> None:
        """And no two have one name."""
        wrong = list(odd_arguments(self.format.arguments))
        promise(not wrong, f"{self.format.name}: {'; '.join(wrong)}")

    def test_it_takes_a_shape_or_says_why_not(self) -> None:
        """`refuses` never raises, and what it says is a phrase."""
        for shape in ((2, self.cols), (), (0, self.cols), (3, 0), (2, self.cols + 1), (1, 1), (2, 3, self.cols)):
            why = self.format.refuses(shape, self.args)
            fine = why is None or is_phrase(why)
            promise(fine, f"{self.format.name}.refuses({shape}) is {why!r}: None, or a phrase without a final stop")
        why = self.format.refuses((2, self.cols), self.args)
        promise(why is None, f"{self.format.name} refuses {self.cols} columns, whole blocks: {why}; set `columns`")

    def test_sizes_add_up_over_rows(self) -> None:
        """Backends compute where a row begins from the size of one."""
        one = self.size(1, self.cols)
        for shape, rows in (((7, self.cols), 7), ((2, 3, self.cols), 6), ((self.cols,), 1)):
            if self.format.refuses(shape, self.args) is None:
                found = self.format.nbytes(shape, self.args)
                promise(found == rows * one, f"{self.format.name}: {shape} takes {found} bytes, {rows} rows of {one}")

    def test_bits_are_those_of_its_size(self) -> None:
        """Bits per weight, scales included."""
        if self.format.bits is None:
            pytest.skip(f"the arguments of {self.format.name} decide its bits")
        found = self.size(1, self.cols) * 8 / self.cols
        words = f"{self.format.name}: bits is {self.format.bits}; {self.cols} weights take {found} bits each"
        promise(abs(found - self.format.bits) < 1e-9, words)

    def test_what_it_does_not_refuse_it_encodes(self) -> None:
        """Refusals come before the work, not out of `encode`."""
        for cols in {self.cols, self.cols + 1, self.cols * 2, self.cols // 2, 1, 33} - {0}:
            if self.format.refuses((2, cols), self.args) is None and self.importance is None:
                wanted = self.size(2, cols)
                found = len(self.encoded(ordinary(2, cols)))
                words = f"{self.format.name} does not refuse {cols} columns, and gives {found} bytes for {wanted}"
                promise(found == wanted, words)

    # Types that are only carried.

    def test_what_is_only_carried_says_so(self) -> None:
        """PlanError or PluginError, with a fix."""
        if self.encodes:
            pytest.skip(f"{self.format.name} is encoded")
        with pytest.raises((PlanError, PluginError)) as caught:
            self.format.encode(ordinary(1, self.cols), self.args, None)
        promise(is_phrase(caught.value.diagnostics[0].fix), f"{self.format.name} refuses without a fix")


def _wrong_members(item: Format) -> Iterator[str]:
    if not item.name.replace("_", "a").isalnum() or item.name[:1].isdigit():
        yield "its name is no word that a recipe could write (letters, digits, _)"
    if not item.family:
        yield "its family is empty"
    if item.block is not None and (type(item.block) is not int or item.block < 1):
        yield f"its block is {item.block!r}: a number of weights, or None"
    if item.bits is not None and not item.bits > 0:
        yield f"its bits are {item.bits!r}: more than 0, or None"
    if item.gguf_id is not None and (type(item.gguf_id) is not int or item.gguf_id < 0):
        yield f"its gguf_id is {item.gguf_id!r}: an id of ggml's, or None"
    if item.imatrix not in _IMATRIX:
        yield f"its imatrix is {item.imatrix!r}: one of {', '.join(_IMATRIX)}"
    yield from wrong_arguments(item.arguments)
