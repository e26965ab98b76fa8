"""Writes `recipes/inventories/*.json` from a folder of Gemma 4 inventories and configs.

The folder holds `NAME.inventory.json` (one GGUF tensor a line: name, shape, dtype of a BF16 conversion, hf_name) and
`NAME.config.json` (the checkpoint's own). The checkpoint stores one dtype throughout, whatever a conversion makes of
it; tensors that only a converter makes have the dtype that it gives them.

    python tests/oracle/make_inventories.py FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from qrecipe.inventory.compact import read_inventory, write_inventory
from qrecipe.inventory.order import canonical_order, layer_of, role_of
from qrecipe.types.tensor import Inventory, ModelFacts, TensorInfo

DTYPES = {"bfloat16": "BF16", "float16": "F16", "float32": "F32"}
OUTPUT = Path(__file__).parents[2] / "recipes" / "inventories"


def main(folder: Path) -> None:
    for path in sorted(folder.glob("*.inventory.json")):
        name = path.name.removesuffix(".inventory.json")
        inventory = inventory_from(path, folder / f"{name}.config.json")
        written = OUTPUT / f"{name}.json"
        written.write_text(write_inventory(inventory), encoding="utf-8")
        if read_inventory(written).tensors != inventory.tensors:
            sys.exit(f"{written} does not read back as it was")
        print(f"{written.name}: {len(inventory.tensors)} tensors, {written.stat().st_size} bytes")


def inventory_from(path: Path, config_path: Path) -> Inventory:
    config = json.loads(config_path.read_text(encoding="utf-8"))["text_config"]
    rows = json.loads(path.read_text(encoding="utf-8"))
    tensors = canonical_order((_tensor(row, DTYPES[config["dtype"]]) for row in rows), mapped=True)
    facts = ModelFacts(
        n_layers=config["num_hidden_layers"],
        n_experts=config["num_experts"] or 0,
        n_embd=config["hidden_size"],
        n_vocab=config["vocab_size"],
        n_heads=config["num_attention_heads"],
        n_kv_heads=config["num_key_value_heads"],  # block 0 is a sliding one, which has these
    )
    return Inventory(tensors, arch="gemma4", facts=facts)


def _tensor(row: dict[str, object], dtype: str) -> TensorInfo:
    name, made = str(row["name"]), row["hf_name"] is None
    return TensorInfo(
        name=name,
        shape=tuple(row["shape"]),
        dtype=str(row["dtype"]) if made else dtype,
        gguf_dtype=str(row["dtype"]),
        role=role_of(name),
        layer=layer_of(name),
        source_names=() if made else (str(row["hf_name"]),),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
