"""Writes quantized.json: digests of what MLX makes of the hostile rows. Needs mlx.

usage: python tests/golden/make.py, from the plug-in's folder
"""

import hashlib
import json
import sys
from pathlib import Path

import mlx.core as mx
import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from hostile import hostile_rows

DTYPES = {"BF16": mx.bfloat16, "F16": mx.float16, "F32": mx.float32}


def plain(array):
    """Return an array's bytes; numpy has no bfloat16."""
    return np.array(array if array.dtype == mx.uint32 else array.view(mx.uint32 if array.itemsize == 4 else mx.uint16))


def main():
    digests = {}
    for dtype, kind in DTYPES.items():
        rows = mx.array(hostile_rows(dtype)).astype(kind)
        for bits in (2, 3, 4, 5, 6, 8):
            for group in (32, 64, 128):
                arrays = mx.quantize(rows, group_size=group, bits=bits, stream=mx.cpu)
                data = b"".join(plain(array).tobytes() for array in arrays)
                digests[f"{dtype} {bits} {group}"] = hashlib.sha256(data).hexdigest()
    made = {"mlx": mx.__version__, "command": "python tests/golden/make.py", "digests": digests}
    (HERE / "quantized.json").write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
