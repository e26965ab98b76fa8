"""Tiny checkpoints and recipes; needs neither torch nor MLX."""

import json
import struct

import numpy as np
from qrecipe.codecs.floats import encode_float

MODEL = "lib:bard-3m-qat-q4_0"  # comes with qrecipe: a Gemma 4 of 3 M weights, trained on a grid of 4 bits


def recipe(path, source, rules, **target):
    """Write a recipe: patterns and types in order, and one target."""
    lines = [f"qrecipe = 1\nname = \"tiny\"\nsource = '{source}'\n"]
    lines += [f"[[rules]]\nmatch = '{match}'\ntype = '{type_}'\n" for match, type_ in rules.items()]
    lines += [
        '[[targets]]\nbackend = "mlx"\noutput = "out/"\n',
        *(f"{k} = {json.dumps(v)}\n" for k, v in target.items()),
    ]
    path.write_text("".join(lines), encoding="utf-8")
    return path


def checkpoint(folder, config, shapes):
    """Write a checkpoint in BF16 and return its folder."""
    folder.mkdir()
    rng = np.random.default_rng(7)
    header, data = {}, b""
    for name, shape in shapes.items():
        raw = encode_float("BF16", rng.normal(0, 0.02, shape).astype(np.float32))
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def stored(folder):
    """Return the header and the bytes of each array of a folder."""
    found = {}
    for path in sorted(folder.glob("*.safetensors")):
        raw = path.read_bytes()
        start = 8 + struct.unpack("<Q", raw[:8])[0]
        for name, entry in json.loads(raw[8:start]).items():
            if name != "__metadata__":
                first, stop = entry["data_offsets"]
                found[name] = (entry["dtype"], tuple(entry["shape"]), raw[start + first : start + stop])
    return found
