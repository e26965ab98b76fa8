"""Windows and scored positions, against the arithmetic of llama-perplexity's loop."""

import numpy as np
import pytest

from qrecipe.evaluation.windows import cut


@pytest.mark.parametrize(("size", "count"), [(16, 40), (17, 51), (512, 1100)])
@pytest.mark.parametrize("bos", [None, 1000000])
def test_what_is_read_and_what_is_scored(size, count, bos):
    tokens = np.arange(count, dtype=np.int32) * 3
    windows = cut(tokens, size, bos)
    assert windows.tokens.shape == (count // size, size)
    assert windows.scored == size - size // 2 - 1
    for chunk in range(count // size):
        start = chunk * size
        read = tokens[start : start + size].tolist()
        assert windows.read(chunk).tolist() == [read[0] if bos is None else bos, *read[1:]]
        scored = [start + position + 1 for position in range(size // 2, size - 1)]
        assert windows.targets(chunk).tolist() == tokens[scored].tolist()


def test_the_tokens_of_a_window_are_not_changed_by_reading_it():
    windows = cut(np.arange(32, dtype=np.int32), 16, bos=99)
    windows.read(1)
    assert windows.tokens[1, 0] == 16


def test_no_more_windows_than_asked_for():
    tokens = np.arange(64, dtype=np.int32)
    assert cut(tokens, 16, None, 3).tokens.shape == (3, 16)
    assert cut(tokens, 16, None, 9).tokens.shape == (4, 16)
