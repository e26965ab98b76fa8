"""The built-in architectures, for `host/builtin.py`; asked in this order."""

from __future__ import annotations

from qrecipe.architectures.gemma3 import GEMMA3
from qrecipe.architectures.gemma4 import GEMMA4
from qrecipe.architectures.llama import LLAMA
from qrecipe.architectures.qwen3 import QWEN3
from qrecipe.architectures.qwen3moe import QWEN3MOE
from qrecipe.types.architecture import Architecture

ARCHITECTURES: tuple[Architecture, ...] = (GEMMA4, GEMMA3, LLAMA, QWEN3, QWEN3MOE)
