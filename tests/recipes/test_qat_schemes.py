"""How near each artifact of the QAT recipes is to the weights that training computed with: the page's table, measured.

What training computed with is what torchao's own fake quantizer makes of the merged weights. Random weights of a tiny
Llama; attn_q and attn_k are left out, whose rows a GGUF has in another order.
"""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import gguf
import numpy as np
import pytest

import qrecipe
from qrecipe.api.opening import open_checkpoint
from qrecipe.host.catalog import make_catalog
from tests.oracle.convert_hf import checkpoints
from tests.oracle.convert_hf.families import FAMILIES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "qat-fine-tune.md").read_text(encoding="utf-8")
ARTIFACTS = {"torchao": "-torchao", "compressed-tensors": "-vllm", "gguf": ".gguf"}
NEEDED = ("torch", "torchao", "safetensors", "qrecipe_compressed_tensors", "qrecipe_torchao")
ROLES = {
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
CANONICAL = {
    f"model.layers.{layer}.{module}.weight": f"blk.{layer}.{role}.weight"
    for layer in (0, 1)
    for role, module in ROLES.items()
}
pytestmark = [
    pytest.mark.oracle,
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),  # torchao's own
    pytest.mark.skipif(any(find_spec(name) is None for name in NEEDED), reason="pip install the two plug-ins, torchao"),
]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    llama = next(family for family in FAMILIES if family.name == "llama")
    return checkpoints.write(llama, "BF16", tmp_path_factory.mktemp("fine-tune"))


def weights(artifact, backend):
    """Return the matrices of an artifact as it decodes them, float32 by the checkpoint's names."""
    if backend == "gguf":
        found = {t.name: gguf.dequantize(t.data, t.tensor_type) for t in gguf.GGUFReader(artifact).tensors}
        return {name: found[canonical] for name, canonical in CANONICAL.items()}
    catalog = make_catalog()
    opened = catalog.backends[backend].artifact(open_checkpoint(str(artifact), Path(), catalog))
    return {name: _decoded(opened, name) for name in CANONICAL}


def _decoded(opened, name):
    stored = opened.tensors.tensors[name]
    data = opened.tensors.read(name, 0, stored.nbytes)
    return opened.formats[name].decode(data, stored.shape[-1]).reshape(stored.shape)


def cells(ours, wanted):
    """Return what the page says: the share of equal weights, and the distance beside the norm."""
    equal = np.mean(np.concatenate([(ours[name] == wanted[name]).ravel() for name in wanted]))
    off = sum(float(np.square(ours[name] - wanted[name], dtype=np.float64).sum()) for name in wanted)
    norm = sum(float(np.square(each, dtype=np.float64).sum()) for each in wanted.values())
    return f"{equal:.0%} | {(off / norm) ** 0.5:.1%}"


@pytest.mark.parametrize("scheme", ["fp8-int4", "fp8-fp8", "int8-int4", "int4"])
def test_the_page_says_how_near_each_artifact_is(scheme, checkpoint, tmp_path, installed_plugins):
    torchao = import_module("tests.recipes.torchao_training")
    wanted = torchao.trained(scheme, checkpoint, CANONICAL)
    assert qrecipe.build(f"qat-{scheme}", source=str(checkpoint), output=tmp_path).complete
    rows = []
    for name, end in ARTIFACTS.items():
        found = weights(tmp_path / f"qat-{scheme}{end}", name)
        rows.append(cells({each: torchao.bfloat16(values) for each, values in found.items()}, wanted))
    line = f"| `{scheme}` | {' | '.join(rows)} |"
    assert line in PAGE, line
