"""The text as windows of tokens: BOS, then a stretch of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from training.corpus import TEXT
from training.model import CONTEXT

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Generator, Tensor

_BOS = 2


def tokens(part: str, tokenizer: Path) -> Tensor:
    """Return the tokens of `train` or `held_out`, without BOS."""
    import torch  # noqa: PLC0415 - heavy
    from tokenizers import Tokenizer  # noqa: PLC0415 - heavy

    text = (TEXT / f"{part}.txt").read_text(encoding="ascii")
    ids = Tokenizer.from_file(str(tokenizer)).encode(text, add_special_tokens=False).ids
    return torch.tensor(ids)


def drawn(ids: Tensor, count: int, generator: Generator) -> Tensor:
    """Return windows from random places: [count, CONTEXT + 1]."""
    import torch  # noqa: PLC0415 - heavy

    starts = torch.randint(len(ids) - CONTEXT, (count,), generator=generator)
    return _with_bos(torch.stack([ids[start : start + CONTEXT] for start in starts.tolist()]))


def in_order(ids: Tensor) -> Tensor:
    """Return the whole as windows, less what does not fill the last one."""
    whole = len(ids) // CONTEXT
    return _with_bos(ids[: whole * CONTEXT].view(whole, CONTEXT))


def _with_bos(windows: Tensor) -> Tensor:
    import torch  # noqa: PLC0415 - heavy

    return torch.nn.functional.pad(windows, (1, 0), value=_BOS)
