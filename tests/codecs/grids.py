"""Checkpoints as training on a grid leaves them: matrices with scales for groups of columns, as GGUF files."""

import gguf
import numpy as np

from qrecipe.codecs.floats import to_bf16
from tests.codecs.qat import bf16


def on_grid(random, rows, cols, group, half, *, least=None, scale="BF16"):
    """Rows s * q with uniform q from `least`, by default -half, to half - 1, and a scale for each group."""
    s = np.exp(random.uniform(-7, -3, (rows, cols // group, 1))).astype(np.float32)
    s = bf16(s) if scale == "BF16" else s
    q = random.integers(-half if least is None else least, half, (rows, cols // group, group))
    return bf16(s * q.astype(np.float32)).reshape(rows, cols)


def plain(random, *shape):
    """Ordinary weights, on no grid."""
    return bf16(random.normal(size=shape) * 0.02)


def write(path, tensors, arch="llama"):
    """Write a GGUF: matrices as BF16, vectors as F32."""
    writer = gguf.GGUFWriter(path, arch)
    writer.add_block_count(4)
    for name, rows in tensors.items():
        if rows.ndim == 1:
            writer.add_tensor(name, rows.astype(np.float32))
        else:
            writer.add_tensor(name, to_bf16(rows).view(np.uint8), raw_dtype=gguf.GGMLQuantizationType.BF16)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
