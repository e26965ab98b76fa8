"""What a quantization does to the models: their own grids against rounding to nearest, by bytes and by loss.

    python -m training.measure

Builds each model twice in a temporary folder: with its shipped recipe, and with the same types without `fit=lattice`.
"""

from __future__ import annotations

import math
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from training import model, windows

if TYPE_CHECKING:
    from gguf import ReaderTensor
    from torch import Tensor
    from transformers import Gemma4ForCausalLM

_HERE = Path(__file__).parent
_MODELS = {"q4_0": "bard-3m-qat-q4_0", "mobile": "bard-3m-qat-mobile"}
_RECIPES = {"q4_0": "bard-ud-q4_k_xl", "mobile": "bard-mobile-q2_k_xl"}
_NAIVE = {"q4_0": ("q4=Q4_0",), "mobile": ("q4=Q4_0", "q2=TQ2_0", "q8=Q8_0")}
_BY_GGUF = {
    "token_embd": "embed_tokens",
    "per_layer_token_embd": "embed_tokens_per_layer",
    "per_layer_model_proj": "per_layer_model_projection",
    "per_layer_proj_norm": "per_layer_projection_norm",
    "output_norm": "norm",
    "attn_norm": "input_layernorm",
    "post_attention_norm": "post_attention_layernorm",
    "ffn_norm": "pre_feedforward_layernorm",
    "post_ffw_norm": "post_feedforward_layernorm",
    "post_norm": "post_per_layer_input_norm",
    "inp_gate": "per_layer_input_gate",
    "proj": "per_layer_projection",
    "attn_output": "self_attn.o_proj",
    **{f"attn_{letter}": f"self_attn.{letter}_proj" for letter in "qkv"},
    **{f"attn_{letter}_norm": f"self_attn.{letter}_norm" for letter in "qk"},
    **{f"ffn_{part}": f"mlp.{part}_proj" for part in ("gate", "up", "down")},
}


def main() -> None:
    """Print a row for each artifact."""
    import torch  # noqa: PLC0415 - heavy

    torch.set_num_threads(1)
    _say("| model | artifact | bytes | quantized bytes equal to the grid's | weights exact | loss | perplexity |")
    _say("| --- | --- | --- | --- | --- | --- | --- |")
    for layout, name in _MODELS.items():
        for line in _rows(layout, _HERE.parent / "models" / name):
            _say(line)


def _rows(layout: str, folder: Path) -> Iterator[str]:
    from transformers import Gemma4ForCausalLM  # noqa: PLC0415 - heavy

    trained = Gemma4ForCausalLM.from_pretrained(folder, dtype="float32")
    source = {name: weight.detach().clone() for name, weight in trained.named_parameters()}
    text = windows.in_order(windows.tokens("held_out", folder / "tokenizer.json"))
    size = (folder / "model.safetensors").stat().st_size
    yield _row(f"{layout} | checkpoint, BF16 | {size} | | 100 %", _loss(trained, source, text))
    with tempfile.TemporaryDirectory() as work:
        lattice = _build(layout, Path(work) / "lattice", ())
        naive = _build(layout, Path(work) / "naive", _NAIVE[layout])
        for kind, artifact in (("lattice", lattice), ("naive", naive)):
            same = _equal_bytes(_tensors(artifact), _tensors(lattice))
            weights = _weights(artifact)
            exact = _exact(weights, source)
            facts = f"{layout} | {kind} | {artifact.stat().st_size} | {same:.2%} | {exact:.2%}"
            yield _row(facts, _loss(trained, weights, text))


def _row(facts: str, loss: float) -> str:
    return f"| {facts} | {loss:.4f} | {math.exp(loss):.2f} |"


def _build(layout: str, folder: Path, variables: tuple[str, ...]) -> Path:
    """Build with qrecipe, and return the GGUF file."""
    folder.mkdir()
    words = [word for one in variables for word in ("--set", one)]
    command = [sys.executable, "-m", "qrecipe", "build", _RECIPES[layout], "-o", folder, "--threads", "1", *words]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own command
    return next(folder.glob("*.gguf"))


def _tensors(artifact: Path) -> dict[str, ReaderTensor]:
    import gguf  # noqa: PLC0415 - heavy

    return {tensor.name: tensor for tensor in gguf.GGUFReader(artifact).tensors}


def _weights(artifact: Path) -> dict[str, Tensor]:
    """Return what the artifact holds as float32, under the checkpoint's names; rope_freqs and the like are left out."""
    import torch  # noqa: PLC0415 - heavy
    from gguf.quants import dequantize  # noqa: PLC0415 - heavy

    found = {}
    for name, tensor in _tensors(artifact).items():
        place, block, kind = re.fullmatch(r"(blk\.(\d+)\.)?(\w+)\.weight", name).groups()  # type: ignore[union-attr]
        if kind in _BY_GGUF:
            layer = f"layers.{block}." if place else ""
            shape = tuple(int(n) for n in reversed(tensor.shape))
            values = torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).copy())
            found[f"model.{layer}{_BY_GGUF[kind]}.weight"] = values.reshape(shape).float()
    return found


def _equal_bytes(one: dict[str, ReaderTensor], other: dict[str, ReaderTensor]) -> float:
    """Return the share of bytes that are equal, in tensors of quantized types."""
    quantized = [name for name, tensor in one.items() if tensor.tensor_type.name not in {"F32", "F16", "BF16"}]
    equal = sum(int((one[name].data == other[name].data).sum()) for name in quantized)
    return equal / sum(one[name].data.size for name in quantized)


def _exact(weights: dict[str, Tensor], source: dict[str, Tensor]) -> float:
    """Return the share of the matrices' weights that are, rounded to BF16, the checkpoint's."""
    matrices = [name for name, weight in weights.items() if weight.ndim == 2 and "model_projection" not in name]  # noqa: PLR2004
    equal = sum(int((weights[name].bfloat16() == source[name].bfloat16()).sum()) for name in matrices)
    return equal / sum(weights[name].numel() for name in matrices)


def _loss(trained: Gemma4ForCausalLM, weights: dict[str, Tensor], text: Tensor) -> float:
    """Return the mean loss over the held-out text, in float32."""
    import torch  # noqa: PLC0415 - heavy

    if weights.keys() != dict(trained.named_parameters()).keys():
        raise ValueError("the artifact holds other weights than the model")
    with torch.no_grad():
        return sum(float(model.loss(trained, weights, one[None], exact=True)) for one in text) / len(text)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
