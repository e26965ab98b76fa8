import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from qrecipe.errors import SourceError
from qrecipe.sources.imatrix import read_imatrix
from qrecipe.types.tensor import TensorInfo
from tests.sources.gguf_bytes import head, pair
from tests.sources.imatrix_bytes import imatrix, legacy, legacy_entry, legacy_notes


def read(data: bytes):
    Path("imatrix.file").write_bytes(data)
    return read_imatrix(Path("imatrix.file"))


def tensor(name: str, *shape: int) -> TensorInfo:
    return TensorInfo(name, shape, "F32", "F32", name)


def test_gguf_form_divides_sums_by_counts_and_lists_what_no_token_reached(folder):
    found = read(
        imatrix(
            {
                "moe.weight.in_sum2": ((3, 2), (1, 2, 3, 4, 5, 6)),
                "moe.weight.counts": ((3, 1), (2, 0, 3)),
                "moe.weight.stats": ((12,), (9,) * 12),
                "dense.weight.in_sum2": ((1, 4), (1, 2, 3, 4)),
                "dense.weight.counts": ((1, 1), (4,)),
            }
        )
    )
    third = [float(np.float32(5) / np.float32(3)), 2.0]
    assert found.entries["moe.weight"].tolist() == [[0.5, 1.0], [1.0, 1.0], third]
    assert found.entries["dense.weight"].tolist() == [[0.25, 0.5, 0.75, 1.0]]
    assert found.uncounted == {"moe.weight": (1,)}
    assert (found.datasets, found.chunk_count, found.entry_count) == (("wiki.txt", "code.txt"), 7, 2)


def test_legacy_form_divides_by_calls_if_there_are_any(folder):
    found = read(
        legacy(
            legacy_entry(b"a.weight", 4, (1, 2)), legacy_entry(b"b.weight", 0, (1, 2)), notes=legacy_notes(9, b"wiki")
        )
    )
    assert {name: values.tolist() for name, values in found.entries.items()} == {
        "a.weight": [[0.25, 0.5]],
        "b.weight": [[1.0, 2.0]],
    }
    assert (found.datasets, found.chunk_count, dict(found.uncounted)) == (("wiki",), 9, {})


def test_legacy_form_may_end_without_notes(folder):
    found = read(legacy(legacy_entry(b"a.weight", 1, (1, 2))))
    assert (found.datasets, found.chunk_count) == ((), 0)


@pytest.mark.parametrize("form", ["gguf", "legacy"])
def test_division_is_in_float32(folder, form):
    values, count = [0.1, 1e-40, 3.3333333e37], 3
    if form == "gguf":
        found = read(imatrix({"w.in_sum2": ((1, 3), values), "w.counts": ((1, 1), (count,))}))
    else:
        found = read(legacy(legacy_entry(b"w", count, values)))
    expected = np.array(values, np.float32) / np.float32(count)
    assert found.entries["w"].dtype == np.float32
    assert found.entries["w"].tobytes() == expected.tobytes()


def test_importance_is_a_row_of_columns_for_each_matrix(folder):
    found = read(legacy(legacy_entry(b"w.weight", 1, range(6))))
    assert found.importance_for(tensor("w.weight", 3, 5, 2)).tolist() == [[0, 1], [2, 3], [4, 5]]
    assert found.importance_for(tensor("w.weight", 5, 6)).tolist() == [[0, 1, 2, 3, 4, 5]]
    assert found.importance_for(tensor("w.weight", 6)).shape == (1, 6)
    assert found.importance_for(tensor("other.weight", 5, 6)) is None


def test_importance_of_another_size_is_an_error(folder):
    found = read(legacy(legacy_entry(b"w.weight", 1, range(6))))
    with pytest.raises(SourceError) as caught:
        found.importance_for(tensor("w.weight", 2, 8, 4))
    assert str(caught.value) == (
        "error: the imatrix has 6 values for 'w.weight', and the tensor needs 8\n"
        "  --> imatrix.file\n"
        "why: it has 4 columns in 2 matrices: is the imatrix of another model?\n"
        "fix: give the imatrix that was made from this model"
    )


def test_values_are_read_only(folder):
    found = read(legacy(legacy_entry(b"w.weight", 1, range(6))))
    with pytest.raises(ValueError, match="read-only"):
        found.entries["w.weight"][0, 0] = 1


@pytest.mark.parametrize(
    "data",
    [
        legacy(b"\x01\x00\x00\x00w\x01\x00\x00\x00\xff\xff\xff\x7f" + bytes(64)),
        b"\xff\xff\xff\x0f" + bytes(64),
        head(1 << 40, 0) + bytes(64),
        head(0, 1) + pair(b"k", 9, b"\x04\x00\x00\x00" + b"\xff" * 8),
    ],
)
def test_claims_allocate_nothing_that_the_file_does_not_hold(folder, data):
    Path("imatrix.file").write_bytes(data)
    tracemalloc.start()
    with pytest.raises(SourceError):
        read_imatrix(Path("imatrix.file"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20
