"""llama.cpp's own tables of types, and the models that they are about, as far as the tables tell.

A table lists, for each file type, the tensors whose type is not the file type's default. It gives no shapes. What the
rules ask of them is inferred: rows that Q6_K does not divide got Q8_0 (or F16) there, and matrices that MXFP4_MOE does
not list are stacked. So the tables prove categories, counters and conditions; the fuzzer proves shapes.
"""

from __future__ import annotations

import re
import tarfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from qrecipe.types.tensor import Inventory
from tests.planner.planning import inventory, tensor

ARCHIVE = Path(__file__).parents[1] / "data" / "llama_cpp" / "snapshots.tar.xz"
ARCHITECTURES = {
    "deepseek-v3.1": "deepseek2",
    "gemma-3-4b-it": "gemma3",
    "glm-4.6v": "glm4moe",
    "gpt-oss-120b": "gpt-oss",
    "meta-llama-3.1-70b-instruct": "llama",
    "nvidia-nemotron-3-nano-30b-a3b": "nemotron_h_moe",
    "qwen3-0.6b": "qwen3",
    "qwen3-14b": "qwen3",
    "qwen3-coder-next": "qwen3next",
    "qwen3.5-397b-a17b": "qwen35moe",
    "qwen3.6-27b": "qwen35",
    "step-3.5-flash": "step35",
}
_FACTS = {
    "n_embd": "n_embd",
    "n_layer": "n_layers",
    "n_head": "n_heads",
    "n_head_kv": "n_kv_heads",
    "n_vocab": "n_vocab",
}
_COLUMNS = {"q8_0": 32, "f16": 16}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A model, and for each file type the type of each of its tensors, spelled as qrecipe does."""

    model: Inventory
    types: dict[str, dict[str, str]]


@cache
def snapshots() -> dict[str, Snapshot]:
    """Return every table by the name of its file."""
    with tarfile.open(ARCHIVE) as archive:
        texts = {Path(name).stem: archive.extractfile(name).read().decode() for name in archive.getnames()}
    return {name: _snapshot(name, text) for name, text in texts.items()}


def _snapshot(name: str, text: str) -> Snapshot:
    sections = {}
    for block in text.split("\n\n")[1:]:
        head, *lines = block.strip().split("\n")
        file_type, default = re.fullmatch(r"\[(\w+)\] (\w+)", head).groups()
        sections[file_type] = default, dict(line.rsplit(" ", 1) for line in lines)
    names = sorted({name for _, listed in sections.values() for name in listed})
    types = {
        file_type: {name: listed.get(name, default).upper() for name in names}
        for file_type, (default, listed) in sections.items()
    }
    return Snapshot(_model(name, text, names, sections), types)


def _model(name: str, text: str, names: list[str], sections) -> Inventory:
    said = {key: int(number) for key, number in re.findall(r"(\w+)=(\d+)", text.split("\n")[1])}
    facts = {ours: said[theirs] for theirs, ours in _FACTS.items()}
    not_divided, not_stacked = sections["Q6_K"][1], sections["MXFP4_MOE"][1]
    tensors = []
    for each in names:
        cols = _COLUMNS.get(not_divided.get(each, ""), 256)
        tensors.append(tensor(each, (64, cols) if each in not_stacked else (4, 64, cols), "F32"))
    return inventory(tensors, arch=ARCHITECTURES[name], n_experts=said.get("n_expert", 0), **facts)
