"""The dialects that are built in."""

from __future__ import annotations

from qrecipe.dialects.llama_quantize.dialect import LlamaQuantize
from qrecipe.types.dialect import Dialect

DIALECTS: tuple[Dialect, ...] = (LlamaQuantize(),)
