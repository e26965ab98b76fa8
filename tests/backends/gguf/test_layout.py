from qrecipe.backends.gguf.layout import gguf_layout
from qrecipe.types.decision import Decision
from qrecipe.types.target import OutputFile, Part
from tests.backends.gguf.model_in_memory import METADATA, tensor, use

DECISIONS = [
    Decision(tensor("output_norm.weight", (33,)), use("F32")),
    Decision(tensor("blk.0.attn_q.weight", (3, 64), "BF16"), use("Q4_0")),
    Decision(tensor("blk.0.ffn_up_exps.weight", (2, 3, 32), "BF16"), use("Q8_0")),
]


def test_every_offset_is_known():
    layout = gguf_layout(METADATA, DECISIONS, "model.gguf")
    header = 320
    assert layout.files == (OutputFile("model.gguf", header + 512, header),)
    assert layout.tensor_bytes == 160 + 128 + 224
    assert [part for parts in layout.parts.values() for part in parts] == [
        Part("output_norm.weight", "F32", (33,), "model.gguf", header, 132),
        Part("blk.0.attn_q.weight", "Q4_0", (3, 64), "model.gguf", header + 160, 108),
        Part("blk.0.ffn_up_exps.weight", "Q8_0", (2, 3, 32), "model.gguf", header + 288, 204),
    ]


def test_without_metadata_the_data_is_exact_and_the_file_an_estimate():
    layout = gguf_layout(None, DECISIONS, "model.gguf")
    assert layout.files == (
        OutputFile(
            "model.gguf",
            None,
            None,
            estimate=224 + 512,
            why_estimate="the inventory has no metadata (tokenizer and settings), which the file's header will hold",
        ),
    )
    assert layout.tensor_bytes == 512
    assert [layout.parts[d.tensor.name][0].offset for d in DECISIONS] == [0, 160, 288]


def test_no_tensors_are_a_header_alone():
    assert gguf_layout((), (), "model.gguf").files == (OutputFile("model.gguf", 32, 32),)
