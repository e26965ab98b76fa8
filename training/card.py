"""The model card: what the model is, of what it was made, and how well it does."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

_LAYOUTS = {
    "q4_0": "Every matrix is on a 4-bit grid: blocks of 32 weights share a scale, codes from -8 to 7 (GGUF's Q4_0).",
    "mobile": (
        "Token embeddings, which are the output head too, and the feed-forward layers of blocks 2 and 3 are on a\n"
        "2-bit grid: a row shares a scale, codes from -2 to 1 (TQ2_0 with a negative scale). `per_layer_input_gate`\n"
        "and `per_layer_projection` have 8 bits, blocks of 32 (Q8_0), all other matrices 4 (Q4_0)."
    ),
}
_CARD = """\
---
license: apache-2.0
language:
- en
library_name: transformers
pipeline_tag: text-generation
tags:
- quantization-aware-training
---
# {name}

A language model of 3.4 million parameters, with the architecture of Gemma 4 E2B: per-layer embeddings, sliding and full
attention, blocks that share keys and values. It is no model of Google's, nor made from one. It was trained from nothing
on twelve comedies of Shakespeare's, and writes what reads like them from afar. It is here to show quantization: small
enough to come with the program, and trained for its grid like the large ones.

{layout}
Only `per_layer_model_projection` keeps 16 bits. All weights are stored as BF16, and lie on their grids to the bit.

| | steps | loss a token, held out | perplexity, held out | loss, on trained text |
| --- | --- | --- | --- | --- |
| full precision | {full[steps]} | {full[held_out_loss]:.3f} | {full_perplexity:.1f} | {full[train_loss]:.3f} |
| on the grid | {full[steps]} + {qat[steps]} | {qat[held_out_loss]:.3f} | {qat_perplexity:.1f} | {qat[train_loss]:.3f} |

Windows of 512 tokens behind BOS; 640 tokens in all, about two letters each. Prompts look like the plays:
`Rosalind.`, a newline, and the speech.

Text: public domain (William Shakespeare, 1564-1616, after the Globe edition of 1866). Script, text, seeds and times:
the folder `training/` of qrecipe's repository, and training.json here. Licence of weights and script: Apache-2.0.
"""


def text(name: str, full: Mapping[str, Any], qat: Mapping[str, Any]) -> str:
    """Return README.md."""
    perplexities = {
        f"{stage}_perplexity": math.exp(facts["held_out_loss"]) for stage, facts in (("full", full), ("qat", qat))
    }
    return _CARD.format(name=name, layout=_LAYOUTS[qat["layout"]], full=full, qat=qat, **perplexities)
