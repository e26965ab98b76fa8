"""Runs llm-compressor's one-shot rounding to nearest on a checkpoint folder, without data: `FOLDER OUT SCHEME`.

Runs in llm-compressor's own environment and imports nothing of this repository. SCHEME is JSON: the arguments of a
`QuantizationScheme` for all linear layers but the head. Prints the versions that took part, as JSON.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version

from compressed_tensors.quantization import QuantizationScheme
from llmcompressor import oneshot
from llmcompressor.modifiers.quantization import QuantizationModifier
from transformers import AutoModelForCausalLM, GenerationConfig

_PACKAGES = ("llmcompressor", "compressed-tensors", "torch", "transformers", "safetensors", "numpy")


def main(folder: str, out: str, scheme: str) -> None:
    """Quantize and save."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype="auto")
    group = QuantizationScheme.model_validate({"targets": ["Linear"], **json.loads(scheme)})
    oneshot(model=model, recipe=QuantizationModifier(config_groups={"group_0": group}, ignore=["lm_head"]))
    model.generation_config = GenerationConfig()  # published ones do not all pass the check on saving
    model.save_pretrained(out, save_compressed=True)
    print(json.dumps({name: version(name) for name in _PACKAGES}))


if __name__ == "__main__":
    main(*sys.argv[1:])
