"""`FitContract`: the promises of `qrecipe.types.format.Fit`, one test each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pytest

from qrecipe.errors import BuildError
from qrecipe.testing.contract import Contract, promise
from qrecipe.testing.inputs import hostile, importances, ordinary, usual
from qrecipe.testing.values import (
    is_phrase,
    odd_arguments,
    promise_light,
    promise_picklable,
    threaded,
    wrong_arguments,
)
from qrecipe.types.format import Fitted, TypeUse

if TYPE_CHECKING:
    from qrecipe.types.format import Fit, FloatArray

_IMPORTANCE = ("never", "if present", "required")
_STEP = 2.0**-10


class FitContract(Contract):
    """Subclass with `fit = …` and `use = …`.

    Attributes:
        fit: What is tried.
        use: A type that the fit serves: `TypeUse(Q8_0)`.
        other: A type that it does not serve, if there is one.
        columns: Of the rows that are tried; by default whole blocks.
        bound: As for a format: the most that a weight may be off, as a share of its block's largest.
    """

    fit: ClassVar[Fit]
    use: ClassVar[TypeUse]
    other: ClassVar[TypeUse | None] = None
    columns: ClassVar[int | None] = None
    bound: ClassVar[float] = 1.0

    @property
    def cols(self) -> int:
        """Columns of the rows that are tried."""
        block = self.use.format.block or 128
        return self.columns or block * max(-(-64 // block), 2)

    def encoded(self, rows: FloatArray, importance: FloatArray | None = None) -> Fitted:
        """Encode; with an importance where the fit requires one."""
        required = self.fit.importance == "required" or self.use.format.imatrix == "required"
        wanted = importances(self.cols)["squares"] if required and importance is None else importance
        return self.fit.encode(self.use, rows, wanted)

    def test_its_description_is_of_the_protocols_types(self) -> None:
        """Name, arguments, importance."""
        wrong = list(_wrong_members(self.fit))
        promise(not wrong, f"{self.fit.name!r}: {'; '.join(wrong)}")

    def test_loading_it_loads_no_heavy_package(self) -> None:
        """Plans name fits, and start without their packages."""
        promise_light(self.fit, self.fit.name, "encode")

    def test_it_travels_to_other_processes(self) -> None:
        """Tasks carry fits."""
        promise_picklable(self.fit, self.fit.name)

    def test_it_serves_a_type_or_says_why_not(self) -> None:
        """`refuses` gives None or a phrase."""
        why = self.fit.refuses(self.use)
        promise(why is None, f"{self.fit.name} refuses {self.use}, which it is tried with: {why}")
        if self.other is not None:
            why = self.fit.refuses(self.other)
            promise(is_phrase(why), f"{self.fit.name}.refuses({self.other}) is {why!r}: a phrase without a final stop")

    @pytest.mark.parametrize("n", [1, 2, 7])
    def test_encoded_size_is_what_nbytes_promised(self, n: int) -> None:
        """A fit changes no size and no layout."""
        found = self.encoded(ordinary(n, self.cols))
        promise(isinstance(found, Fitted), f"{self.fit.name}: encode returns {type(found).__name__}, not Fitted")
        wanted = self.use.format.nbytes((n, self.cols), self.use.args)
        words = f"{self.fit.name}: {n} rows of {self.cols} fit to {len(found.data)} bytes; nbytes says {wanted}"
        promise(found.refused is not None or len(found.data) == wanted, words)

    def test_fitting_gives_the_same_bytes_every_time(self) -> None:
        """And the same counts."""
        rows = ordinary(5, self.cols)
        first = self.encoded(rows)
        for _ in range(3):
            promise(self.encoded(rows.copy()) == first, f"{self.fit.name}: equal rows are fitted differently")

    def test_a_row_is_fitted_the_same_alone_and_in_company(self) -> None:
        """Rows are independent of each other."""
        rows = np.concatenate([ordinary(3, self.cols), ordinary(3, self.cols, seed=9) * 50])
        alone = b"".join(self.encoded(rows[i : i + 1]).data for i in range(len(rows)))
        promise(self.encoded(rows).data == alone, f"{self.fit.name}: a row's bytes depend on the rows beside it")

    def test_threads_give_the_bytes_of_one(self) -> None:
        """Safe to call from several threads at once."""
        parts = [ordinary(4, self.cols, seed) for seed in range(16)]
        serial = [self.encoded(rows) for rows in parts]
        promise(threaded(self.encoded, parts) == serial, f"{self.fit.name}: several threads give other bytes")

    def test_fitting_leaves_its_input_as_it_is(self) -> None:
        """The caller's arrays are the caller's."""
        rows, weights = ordinary(3, self.cols).copy(), importances(self.cols)["squares"].copy()
        kept, kept_weights = rows.copy(), weights.copy()
        self.encoded(rows, weights)
        promise(np.array_equal(rows, kept), f"{self.fit.name}: encode changes the rows that it is given")
        promise(np.array_equal(weights, kept_weights), f"{self.fit.name}: encode changes the importance")

    def test_an_importance_changes_nothing_where_it_is_never_given(self) -> None:
        """What `importance` says holds."""
        if self.fit.importance != "never":
            pytest.skip(f"{self.fit.name} is given importances")
        rows = ordinary(3, self.cols)
        found = self.encoded(rows, importances(self.cols)["squares"])
        words = f"{self.fit.name}: importance is 'never', and one changes bytes"
        promise(found.data == self.encoded(rows).data, words)

    def test_what_it_counts_can_be(self) -> None:
        """Certified and near blocks are some of the blocks; a refused one is one of them, and then there is no data."""
        rows = ordinary(3, self.cols)
        found, counts = self.encoded(rows), self.encoded(rows).counts
        fine = 0 <= counts.certified + counts.near <= counts.blocks <= rows.size
        promise(fine, f"{self.fit.name}: counts that cannot be: {counts}")
        if found.refused is not None:
            fine = 0 <= found.refused < counts.blocks and not found.data
            promise(fine, f"{self.fit.name}: refuses block {found.refused} of {counts.blocks}, with data beside it")

    @pytest.mark.parametrize("name", hostile(64))
    def test_hostile_rows_are_fitted_or_refused_in_words(self, name: str) -> None:
        """Never a wrong size, never a weight that is not finite, never another error than a BuildError."""
        rows = hostile(self.cols)[name]
        try:
            found = self.encoded(rows)
        except BuildError as error:
            promise(is_phrase(error.diagnostics[0].fix), f"{self.fit.name} refuses {name} without a fix")
            return
        if found.refused is None:
            decoded = self.use.format.decode(found.data, self.cols)
            promise(np.isfinite(decoded).all(), f"{self.fit.name}: {name} come back as weights that are not finite")

    @pytest.mark.parametrize("name", usual(64))
    def test_the_error_stays_within_the_stated_bound(self, name: str) -> None:
        """No weight is farther off than `bound` times the largest magnitude of its block."""
        rows = usual(self.cols)[name]
        found = self.encoded(rows)
        if found.refused is not None:
            return
        block = self.use.format.block or self.cols
        error = np.abs(self.use.format.decode(found.data, self.cols) - rows).reshape(-1, block).max(axis=1)
        largest = np.abs(rows).reshape(-1, block).max(axis=1)
        words = f"{self.fit.name}: {name}: a weight is off by more than {self.bound:.4g} of its block's largest"
        promise((error <= (self.bound + _STEP) * largest).all(), words)


def _wrong_members(fit: Fit) -> Iterator[str]:
    if not fit.name.replace("_", "a").isalnum() or fit.name[:1].isdigit():
        yield "its name is no word that a recipe could write (letters, digits, _)"
    if fit.importance not in _IMPORTANCE:
        yield f"its importance is {fit.importance!r}: one of {', '.join(_IMPORTANCE)}"
    yield from wrong_arguments(fit.arguments)
    yield from odd_arguments(fit.arguments)
