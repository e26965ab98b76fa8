"""Rounding in numpy is torch's, on every float32 that a stride meets and on every code of E4M3."""

import numpy as np
import pytest
from torchao_peer import asked, torch_dtype

from qrecipe_torchao import e4m3
from qrecipe_torchao.floats import from_bytes, rounded, to_bytes


def some_floats(step=9973):
    bits = np.arange(0, 2**32, step, dtype=np.uint32)
    found = bits.view(np.float32)
    return found[np.isfinite(found)]


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", ["BF16", "F16", "F32"])
def test_rounding_is_torchs(dtype):
    torch, _ = asked()
    values = some_floats()
    theirs = torch.from_numpy(values).to(torch_dtype(dtype))
    ours = rounded(values, dtype)
    assert np.array_equal(ours.view(np.uint32), theirs.float().numpy().view(np.uint32))
    kept = ours[np.isfinite(ours)][: len(ours) // 4 * 4 - 4]
    data = to_bytes(kept.reshape(-1, 1), dtype)
    assert np.array_equal(from_bytes(data, dtype)[:, 0].view(np.uint32), kept.view(np.uint32))


@pytest.mark.oracle
def test_e4m3_is_torchs():
    torch, _ = asked()
    values = some_floats()
    values = values[np.abs(values) <= e4m3.LARGEST]
    theirs = torch.from_numpy(values).to(torch.float8_e4m3fn).view(torch.uint8).numpy()
    assert np.array_equal(e4m3.encode(values), theirs)
    codes = np.arange(256, dtype=np.uint8)
    decoded = torch.from_numpy(codes).view(torch.float8_e4m3fn).float().numpy()
    assert np.array_equal(e4m3.decode(codes), decoded, equal_nan=True)


def test_e4m3_ties_go_to_even_codes():
    halves = np.array([1 + 1 / 16, 1 + 3 / 16, 2**-10, 3 * 2**-10, 448, -448, 0.0, -0.0], np.float32)
    assert [hex(code) for code in e4m3.encode(halves)] == ["0x38", "0x3a", "0x0", "0x2", "0x7e", "0xfe", "0x0", "0x80"]
