"""What gguf-py reads from a file that we wrote: names, order, shapes, types, offsets, data, metadata."""

from pathlib import Path

import gguf
import numpy as np
import pytest

from qrecipe.types.metadata import MetadataEntry, MetadataKind
from tests.backends.gguf.model_in_memory import METADATA, Model, build, model, target, tensor, use

pytestmark = pytest.mark.oracle
VALUES = np.random.default_rng(11)


def values(*shape: int) -> np.ndarray:
    return VALUES.standard_normal(shape).astype(np.float32)


@pytest.fixture(scope="module")
def mixture() -> Model:
    return model(
        [
            (tensor("output_norm.weight", (64,)), values(64), use("F32")),
            (tensor("token_embd.weight", (10, 64), "BF16"), values(10, 64), use("Q8_0")),
            (tensor("blk.0.attn_norm.weight", (64,), "BF16", "F32"), values(64), use("F32")),
            (tensor("blk.0.attn_q.weight", (96, 64), "F16"), values(96, 64), use("F16")),
            (tensor("blk.0.ffn_down_exps.weight", (3, 5, 64), "F16"), values(3, 5, 64), use("Q4_0")),
            (tensor("blk.1.ffn_up.weight", (1, 4, 256)), values(1, 4, 256), use("Q4_K")),
        ]
    )


@pytest.fixture(scope="module")
def reader(mixture: Model, tmp_path_factory: pytest.TempPathFactory) -> gguf.GGUFReader:
    return gguf.GGUFReader(build(mixture, tmp_path_factory.mktemp("mixture")))


def test_tensors_have_their_names_order_shapes_and_types(reader: gguf.GGUFReader):
    assert [(t.name, t.tensor_type.name, t.shape.tolist()) for t in reader.tensors] == [
        ("output_norm.weight", "F32", [64]),
        ("token_embd.weight", "Q8_0", [64, 10]),
        ("blk.0.attn_norm.weight", "F32", [64]),
        ("blk.0.attn_q.weight", "F16", [64, 96]),
        ("blk.0.ffn_down_exps.weight", "Q4_0", [64, 5, 3]),
        ("blk.1.ffn_up.weight", "Q4_K", [256, 4]),
    ]


def test_tensors_hold_the_source_s_values(reader: gguf.GGUFReader, mixture: Model):
    for read, info in zip(reader.tensors, mixture.tensors, strict=True):
        stored = mixture.checkpoint.data[info.name]
        source = gguf.quants.dequantize(np.frombuffer(stored, np.uint8), gguf.GGMLQuantizationType[info.dtype])
        back = gguf.quants.dequantize(read.data.reshape(-1).view(np.uint8), read.tensor_type)
        error = np.abs(back.reshape(-1) - source.reshape(-1)).max()
        assert error <= {"F32": 0, "F16": 0, "Q8_0": 0.02, "Q4_0": 0.3, "Q4_K": 0.3}[read.tensor_type.name]


def test_equal_types_are_copied_to_the_bit(reader: gguf.GGUFReader, mixture: Model):
    copied = {t.name: t.data.tobytes() for t in reader.tensors}
    for name in ("output_norm.weight", "blk.0.attn_q.weight"):
        assert copied[name] == mixture.checkpoint.data[name]


def test_gguf_py_encodes_the_same_bytes(reader: gguf.GGUFReader, mixture: Model):
    for name in ("token_embd.weight", "blk.0.ffn_down_exps.weight"):
        read = next(t for t in reader.tensors if t.name == name)
        info = next(t for t in mixture.tensors if t.name == name)
        raw = np.frombuffer(mixture.checkpoint.data[name], np.uint8)
        rows = gguf.quants.dequantize(raw, gguf.GGMLQuantizationType[info.dtype]).reshape(-1, info.cols)
        assert read.data.tobytes() == gguf.quants.quantize(rows, read.tensor_type).tobytes()


def test_data_starts_at_multiples_of_32_and_fills_the_file(reader: gguf.GGUFReader):
    assert [t.data_offset % 32 for t in reader.tensors] == [0] * 6
    end = max(t.data_offset + t.n_bytes for t in reader.tensors)
    assert len(reader.data) == -(-end // 32) * 32


def test_metadata_comes_in_order_with_what_is_set_at_the_end(tmp_path: Path):
    source = (*METADATA, MetadataEntry.of("split.count", MetadataKind.UINT16, 3))
    weights = [(tensor("output.weight", (2, 32)), values(2, 32), use("Q8_0"))]
    made = build(
        model(weights, metadata=source),
        tmp_path,
        wanted=target(**{"general.name": "a name", "llama.block_count": 7, "x.small": -1, "x.half": 0.5, "x.on": True}),
        notes={"file": "/home/me/imatrix.gguf", "dataset": "wiki", "entries_count": 12, "chunks_count": 0},
    )
    fields = {k: v for k, v in gguf.GGUFReader(made).fields.items() if not k.startswith("GGUF.")}
    assert [(key, field.types[0].name, field.contents()) for key, field in fields.items()] == [
        ("general.architecture", "STRING", "llama"),
        ("general.quantization_version", "UINT32", 2),
        ("general.file_type", "UINT32", 7),
        ("general.name", "STRING", "a name"),
        ("llama.block_count", "UINT32", 7),
        ("x.small", "INT64", -1),
        ("x.half", "FLOAT32", 0.5),
        ("x.on", "BOOL", True),
        ("quantize.imatrix.file", "STRING", "imatrix.gguf"),
        ("quantize.imatrix.dataset", "STRING", "wiki"),
        ("quantize.imatrix.entries_count", "UINT32", 12),
    ]


def test_arrays_of_the_source_are_copied_unread(tmp_path: Path):
    words = b"\x08\0\0\0" + b"\x02" + bytes(7) + b"\x01" + bytes(7) + b"a" + b"\x02" + bytes(7) + b"\xff\xfe"
    source = (*METADATA, MetadataEntry("tokenizer.ggml.tokens", MetadataKind.ARRAY, words))
    made = build(model([(tensor("output.weight", (2, 32)), values(2, 32), use("Q8_0"))], metadata=source), tmp_path)
    field = gguf.GGUFReader(made).fields["tokenizer.ggml.tokens"]
    assert [bytes(field.parts[i]) for i in field.data] == [b"a", b"\xff\xfe"]
