"""`CodecContract`: what everything promises that encodes rows of weights, formats and schemes alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pytest

from qrecipe.errors import BuildError, PlanError
from qrecipe.testing.contract import Contract, broken, promise
from qrecipe.testing.inputs import hostile, importances, ordinary, usual
from qrecipe.testing.values import is_phrase, promise_light, promise_picklable, threaded

if TYPE_CHECKING:
    from qrecipe.types.format import Args, FloatArray, Format

_STEP = 2.0**-10  # of a scale that is stored as F16, on top of a bound


class CodecContract(Contract):
    """What encodes and decodes: `FormatContract` and `SchemeContract` say more of it.

    Attributes:
        format: What is tried.
        args: Arguments as a recipe has them: `(("group", 32),)`.
        columns: Of the rows that are tried; by default whole blocks.
        bound: The most that a weight may be off, as a share of the largest magnitude in its block (in its row, where
            `block` is None): 0.5 / 127 for eight bits that are rounded to nearest.
        encodes: False for a type that is only carried from file to file, or encoded by backends alone: then `encode`
            says so.
    """

    format: ClassVar[Format]
    args: ClassVar[Args] = ()
    columns: ClassVar[int | None] = None
    bound: ClassVar[float] = 1.0
    encodes: ClassVar[bool] = True

    @property
    def cols(self) -> int:
        """Columns of the rows that are tried."""
        block = self.format.block or 128
        return self.columns or block * max(-(-64 // block), 2)

    @property
    def importance(self) -> FloatArray | None:
        """An importance where the type cannot do without."""
        return importances(self.cols)["squares"] if self.format.imatrix == "required" else None

    def encoded(self, rows: FloatArray) -> bytes:
        """Encode; skip the test where the type is only carried."""
        if not self.encodes:
            pytest.skip(f"{self.format.name} is only carried")
        return self.format.encode(rows, self.args, self.importance)

    def size(self, *shape: int) -> int:
        """Ask `nbytes`; skip the test where only backends know."""
        try:
            return self.format.nbytes(shape, self.args)
        except PlanError:
            if self.encodes:
                raise
            pytest.skip(f"the size of {self.format.name} is each backend's own")

    def test_loading_it_loads_no_heavy_package(self) -> None:
        """A format costs nothing until `encode` or `decode` is called."""
        promise_light(self.format, self.format.name, "encode or decode")

    def test_it_travels_to_other_processes(self) -> None:
        """Tasks carry formats."""
        promise_picklable(self.format, self.format.name)

    # Encoding.

    @pytest.mark.parametrize("n", [1, 2, 7])
    def test_encoded_size_is_what_nbytes_promised(self, n: int) -> None:
        """`nbytes(rows.shape, args)` bytes."""
        found = self.encoded(ordinary(n, self.cols))
        wanted = self.format.nbytes((n, self.cols), self.args)
        words = f"{self.format.name}: {n} rows of {self.cols} encode to {len(found)} bytes; nbytes says {wanted}"
        promise(isinstance(found, bytes), f"{self.format.name}: encode returns {type(found).__name__}, not bytes")
        promise(len(found) == wanted, words)

    def test_encoding_gives_the_same_bytes_every_time(self) -> None:
        """Digests rest upon it."""
        rows = ordinary(5, self.cols)
        first = self.encoded(rows)
        for _ in range(3):
            promise(self.encoded(rows.copy()) == first, f"{self.format.name}: equal rows encode to different bytes")

    def test_a_row_encodes_the_same_alone_and_in_company(self) -> None:
        """Rows are independent of each other."""
        rows = np.concatenate([ordinary(3, self.cols), ordinary(3, self.cols, seed=9) * 50])
        alone = b"".join(self.encoded(rows[i : i + 1]) for i in range(len(rows)))
        promise(self.encoded(rows) == alone, f"{self.format.name}: a row's bytes depend on the rows beside it")

    def test_threads_give_the_bytes_of_one(self) -> None:
        """Safe to call from several threads at once."""
        parts = [ordinary(4, self.cols, seed) for seed in range(16)]
        serial = [self.encoded(rows) for rows in parts]
        promise(threaded(self.encoded, parts) == serial, f"{self.format.name}: several threads give other bytes")

    def test_encoding_leaves_its_input_as_it_is(self) -> None:
        """The caller's arrays are the caller's."""
        rows, weights = ordinary(3, self.cols).copy(), importances(self.cols)["squares"].copy()
        kept, kept_weights = rows.copy(), weights.copy()
        self.encoded(rows)
        self.format.encode(rows, self.args, weights)
        promise(np.array_equal(rows, kept), f"{self.format.name}: encode changes the rows that it is given")
        promise(np.array_equal(weights, kept_weights), f"{self.format.name}: encode changes the importance")

    def test_an_importance_changes_nothing_where_it_is_unused(self) -> None:
        """What `imatrix` says holds: `unused` is unused."""
        rows = ordinary(3, self.cols)
        plain = self.encoded(rows)
        for name, weights in importances(self.cols).items():
            found = self.format.encode(rows, self.args, weights)
            promise(len(found) == len(plain), f"{self.format.name}: an importance ({name}) changes the size")
            fine = self.format.imatrix != "unused" or found == plain
            promise(fine, f"{self.format.name}: imatrix is 'unused', and an importance ({name}) changes bytes")

    @pytest.mark.parametrize("name", hostile(64))
    def test_hostile_rows_are_encoded_or_refused_in_words(self, name: str) -> None:
        """Never a wrong size, never a weight that is not finite, never another error than a BuildError."""
        rows = hostile(self.cols)[name]
        try:
            data = self.encoded(rows)
        except BuildError as error:
            promise(is_phrase(error.diagnostics[0].fix), f"{self.format.name} refuses {name} without a fix")
            return
        decoded = self.format.decode(data, self.cols)
        promise(len(data) == self.format.nbytes(rows.shape, self.args), f"{self.format.name}: {name}: wrong size")
        promise(np.isfinite(decoded).all(), f"{self.format.name}: {name} come back as weights that are not finite")

    # Decoding.

    def test_decoding_gives_float32_of_the_rows_shape(self) -> None:
        """Weights, [n, cols], from bytes and from a view of some."""
        data = self.encoded(ordinary(3, self.cols))
        for given in (data, memoryview(data)):
            found = self.format.decode(given, self.cols)
            fine = found.dtype == np.float32 and found.shape == (3, self.cols)
            promise(fine, f"{self.format.name}: 3 rows of {self.cols} decode to {found.dtype} {list(found.shape)}")

    def test_a_row_decodes_the_same_alone_and_in_company(self) -> None:
        """Readers take any whole rows, in any thread."""
        data = self.encoded(ordinary(4, self.cols))
        row = len(data) // 4
        parts = [data[i * row : (i + 1) * row] for i in range(4)]
        whole = self.format.decode(data, self.cols).tobytes()
        alone = b"".join(threaded(lambda part: self.format.decode(part, self.cols).tobytes(), parts))
        promise(whole == alone, f"{self.format.name}: a row decodes to other weights beside others")

    @pytest.mark.parametrize("name", usual(64))
    def test_the_error_stays_within_the_stated_bound(self, name: str) -> None:
        """No weight is farther off than `bound` times the largest magnitude of its block."""
        rows = usual(self.cols)[name]
        decoded = self.format.decode(self.encoded(rows), self.cols)
        block = self.format.block or self.cols
        error = np.abs(decoded.astype(np.float64) - rows).reshape(-1, block).max(axis=1)
        largest = np.abs(rows).reshape(-1, block).max(axis=1)
        far = error > (self.bound + _STEP) * largest
        if far.any():
            at = int((error - (self.bound + _STEP) * largest).argmax())
            off, most = error[at] / max(largest[at], 1e-300), self.bound
            broken(f"{self.format.name}: {name}: a weight is off by {off:.4g} of its block's largest, not {most:.4g}")
