"""Which tokens a model reads and which of its predictions count, as llama-perplexity has it (`perplexity.cpp`).

The text's tokens are cut into windows of `size`, what is left over is dropped. Each window is read alone; where the
vocabulary wants a BOS token, it takes the place of the window's first one. Predictions count from position `size // 2`
on, so that each has that much context, and up to the last but one, whose next token is still in the window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST = 2  # windows that llama-perplexity asks of a text


@dataclass(frozen=True, slots=True)
class Windows:
    """A text in windows.

    Attributes:
        tokens: As the text has them, [windows, size].
        bos: What stands in the place of each window's first token; None for the token itself.
    """

    tokens: NDArray[np.int32]
    bos: int | None

    @property
    def size(self) -> int:
        """Tokens of a window."""
        return int(self.tokens.shape[1])

    @property
    def first(self) -> int:
        """The first position whose prediction counts."""
        return self.size // 2

    @property
    def scored(self) -> int:
        """How many predictions of a window count."""
        return self.size - 1 - self.first

    def read(self, window: int) -> NDArray[np.int32]:
        """Return what the model reads, [size]."""
        tokens: NDArray[np.int32] = self.tokens[window].copy()
        if self.bos is not None:
            tokens[0] = self.bos
        return tokens

    def targets(self, window: int) -> NDArray[np.int32]:
        """Return the tokens that the counted predictions are about, [scored]."""
        targets: NDArray[np.int32] = self.tokens[window, self.first + 1 :]
        return targets


def cut(tokens: NDArray[np.int32], size: int, bos: int | None, most: int | None = None) -> Windows:
    """Cut a text's tokens into windows, at most `most` of them.

    >>> windows = cut(np.arange(11, dtype=np.int32), 4, bos=99)
    >>> windows.read(1).tolist(), windows.first, windows.targets(1).tolist()
    ([99, 5, 6, 7], 2, [7])
    """
    count = len(tokens) // size if most is None else min(most, len(tokens) // size)
    return Windows(tokens[: count * size].reshape(count, size), bos)
