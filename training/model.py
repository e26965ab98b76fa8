"""The model: what makes a Gemma 4 E2B (per-layer embeddings, two kinds of attention, shared KV), as small as can be.

Every matrix has rows of a multiple of 256 weights, so that every type of GGUF fits it. Blocks 2 and 3 read the keys
and values of 0 and 1, and have feed-forward layers of double width. 3.4 million parameters, a quarter of them in the
table of per-layer embeddings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from training.tokenizer import SIZE, SPECIAL

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import Gemma4ForCausalLM, Gemma4TextConfig

CONTEXT = 512


def config() -> Gemma4TextConfig:
    """Return the settings."""
    from transformers import Gemma4TextConfig  # noqa: PLC0415 - heavy

    return Gemma4TextConfig(
        vocab_size=SIZE,
        vocab_size_per_layer_input=SIZE,
        hidden_size=256,
        hidden_size_per_layer_input=256,
        intermediate_size=256,
        use_double_wide_mlp=True,
        num_hidden_layers=4,
        num_kv_shared_layers=2,
        layer_types=["sliding_attention", "full_attention"] * 2,
        sliding_window=64,
        num_attention_heads=4,
        num_key_value_heads=1,
        head_dim=64,
        global_head_dim=64,
        max_position_embeddings=CONTEXT,
        final_logit_softcapping=30.0,
        dtype="bfloat16",
        **{f"{name}_token_id": SPECIAL.index(f"<{name}>") for name in ("pad", "eos", "bos")},
    )


def fresh(seed: int) -> Gemma4ForCausalLM:
    """Return a model in float32 with random weights."""
    import torch  # noqa: PLC0415 - heavy
    from transformers import Gemma4ForCausalLM  # noqa: PLC0415 - heavy

    torch.manual_seed(seed)
    model = Gemma4ForCausalLM(config()).float()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith(("q_norm.weight", "k_norm.weight")):  # attention has no other scale: sharp from the start
                weight.fill_(model.config.head_dim**-0.25)
    return model


def loss(model: Gemma4ForCausalLM, weights: dict[str, Tensor] | None, ids: Tensor, *, exact: bool = False) -> Tensor:
    """Return the mean loss over all next tokens of the windows, with other weights in place of the model's if given.

    Matrices are multiplied in BF16, which is twice as fast; in float32 if `exact`.
    """
    import torch  # noqa: PLC0415 - heavy

    with torch.autocast("cpu", torch.bfloat16, enabled=not exact):
        args = {"input_ids": ids[:, :-1], "use_cache": False}
        logits = (torch.func.functional_call(model, weights, (), args) if weights else model(**args)).logits
    return torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), ids[:, 1:].flatten())
