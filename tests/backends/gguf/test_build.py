"""Whole builds: the same bytes however they are cut and run, importance by expert, and everything that stops one."""

import pickle
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from qrecipe.backends.gguf.backend import GgufBackend
from qrecipe.errors import BuildError, Diagnostic
from qrecipe.executors.threads import ThreadExecutor
from qrecipe.types.format import Args, Format
from qrecipe.types.lock import Provenance
from qrecipe.types.source import StoredTensor
from qrecipe.types.target import Job
from qrecipe.types.task import Limits
from tests.backends.gguf.model_in_memory import BY_NAME, ROOMY, Model, build, job, model, tensor, use

RANDOM = np.random.default_rng(5)


def values(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape).astype(np.float32)


def importance(*shape: int) -> np.ndarray:
    return (RANDOM.standard_normal(shape) ** 2).astype(np.float32)


def one(values: np.ndarray, type_: str = "Q8_0", dtype: str = "F32", name: str = "blk.3.ffn_down.weight") -> Model:
    return model([(tensor(name, values.shape, dtype), values, use(type_))])


@pytest.fixture(scope="module")
def mixture() -> Model:
    rows = [
        (tensor("output_norm.weight", (512,)), values(512), use("F32")),
        (tensor("token_embd.weight", (61, 512), "BF16"), values(61, 512), use("Q8_0")),
        (tensor("blk.0.attn_q.weight", (33, 512), "F16"), values(33, 512), use("BF16")),
        (tensor("blk.0.ffn_down_exps.weight", (3, 7, 256), "F16"), values(3, 7, 256), use("IQ2_XXS")),
        (tensor("blk.0.ffn_up_exps.weight", (3, 7, 256)), values(3, 7, 256), use("Q4_K")),
        (tensor("blk.1.attn_q.weight", (19, 512)), values(19, 512), use("Q4_K", fit="rtn")),
    ]
    data = {name: importance(3, 256) for name in ("blk.0.ffn_down_exps.weight", "blk.0.ffn_up_exps.weight")}
    return model(rows, importance={**data, "blk.1.attn_q.weight": importance(1, 512)})


@pytest.fixture(scope="module")
def whole(mixture: Model, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return build(mixture, tmp_path_factory.mktemp("whole")).read_bytes()


@pytest.mark.parametrize("threads", [1, 2, 7])
@pytest.mark.parametrize("memory", [1, 20_000, 1 << 30])
def test_threads_and_task_sizes_change_no_byte(mixture: Model, whole: bytes, tmp_path: Path, threads: int, memory: int):
    limits = Limits(threads, memory * threads)
    assert build(mixture, tmp_path, limits=limits, executor=ThreadExecutor()).read_bytes() == whole


def test_tasks_survive_pickling(mixture: Model, whole: bytes, tmp_path: Path):
    made = job(mixture, tmp_path)
    for task in pickle.loads(pickle.dumps(GgufBackend().tasks(made, ROOMY))):  # noqa: S301 - our own bytes
        task.work()
    GgufBackend().finish(made, {})
    assert made.paths["model.gguf"].read_bytes() == whole


def test_the_planned_size_is_the_written_size(mixture: Model, tmp_path: Path):
    made = job(mixture, tmp_path)
    (file,) = made.layout.files
    assert build(mixture, tmp_path).stat().st_size == file.nbytes
    assert file.header_bytes is not None
    assert file.nbytes - file.header_bytes == made.layout.tensor_bytes == 2048 + 33184 + 33792 + 1408 + 3040 + 5472


@pytest.mark.parametrize("type_", ["IQ2_XXS", "Q4_K", "Q4_0"])
def test_each_expert_is_encoded_with_its_own_importance(tmp_path: Path, type_: str):
    experts, weights = values(3, 7, 256), importance(3, 256)
    stacked = model(
        [(tensor("blk.0.ffn_up_exps.weight", experts.shape), experts, use(type_))],
        importance={"blk.0.ffn_up_exps.weight": weights},
    )
    made = job(stacked, tmp_path)
    part = made.layout.parts["blk.0.ffn_up_exps.weight"][0]
    got = build(stacked, tmp_path).read_bytes()[part.offset : part.offset + part.nbytes]
    found = BY_NAME[type_]
    assert got == b"".join(found.encode(experts[e], (), weights[e]) for e in range(3))
    assert got != b"".join(found.encode(experts[e], (), weights[0]) for e in range(3))


def test_rtn_sees_no_importance(mixture: Model, whole: bytes, tmp_path: Path):
    part = job(mixture, tmp_path).layout.parts["blk.1.attn_q.weight"][0]
    rows = np.frombuffer(mixture.checkpoint.data["blk.1.attn_q.weight"], np.float32).reshape(-1, 512)
    assert whole[part.offset : part.offset + part.nbytes] == BY_NAME["Q4_K"].encode(rows, (), None)


@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16"])
def test_a_copy_of_plain_floats_is_looked_through(tmp_path: Path, dtype: str):
    weights = values(3, 32)
    build(one(weights, dtype), tmp_path)
    weights[1, 7] = -np.inf
    with pytest.raises(BuildError) as caught:
        build(one(weights, dtype), tmp_path)
    assert caught.value.diagnostics[0].what == ("tensor 'blk.3.ffn_down.weight' holds -Inf at [1, 7] (element 39)")


def test_an_argument_encodes_anew_what_has_the_type_already(tmp_path: Path):
    info = tensor("output.weight", (2, 32), "Q4_0")
    refitted = model([(info, values(2, 32), use("Q4_0", fit="rtn"))])
    assert type(GgufBackend().tasks(job(refitted, tmp_path), ROOMY)[0].work).__name__ == "EncodeRows"


def test_a_build_that_did_not_finish_has_no_magic(mixture: Model, tmp_path: Path):
    made = job(mixture, tmp_path)
    for task in GgufBackend().tasks(made, ROOMY):
        task.work()
    assert made.paths["model.gguf"].read_bytes()[:24] == bytes(24)


@pytest.mark.parametrize(("value", "word"), [(np.nan, "NaN"), (np.inf, "+Inf"), (-np.inf, "-Inf")])
def test_a_weight_that_is_not_finite_is_named(tmp_path: Path, value: float, word: str):
    weights = values(2, 4, 32)
    weights[1, 2, 5] = value
    weights[1, 3, 0] = np.nan
    with pytest.raises(BuildError) as caught:
        build(one(weights), tmp_path, limits=Limits(1, 600))
    assert str(caught.value) == (
        f"error: tensor 'blk.3.ffn_down.weight' holds {word} at [1, 2, 5] (element 197)\n"
        "  --> memory.gguf\n"
        "why: one such value spoils whatever is computed with it, and the scale of all weights around it\n"
        "fix: get the checkpoint again, or mend it where it is made"
    )


def test_a_weight_beyond_the_type_stops_the_build(tmp_path: Path):
    weights = values(3, 32)
    weights[2, 1] = 70000
    with pytest.raises(BuildError, match=r"memory\.gguf, blk\.3\.ffn_down\.weight"):
        build(one(weights, "F16"), tmp_path)


@pytest.mark.parametrize("type_", ["BF16", "F32", "Q8_0"])
def test_large_weights_that_the_type_holds_are_no_fault(tmp_path: Path, type_: str):
    weights = np.full((1, 32), 70000, np.float32)
    part = job(one(weights, type_, "BF16"), tmp_path).layout.parts["blk.3.ffn_down.weight"][0]
    data = build(one(weights, type_, "BF16"), tmp_path).read_bytes()[part.offset : part.offset + part.nbytes]
    assert np.allclose(BY_NAME[type_].decode(data, 32), weights, rtol=0.01)


@dataclass(frozen=True)
class Altered:
    """A format of which one method is somebody else's."""

    format: Format
    encoder: Callable[[np.ndarray, Args, np.ndarray | None], bytes]

    def __getattr__(self, name: str) -> object:
        return getattr(self.format, name)

    def encode(self, rows: np.ndarray, args: Args, importance: np.ndarray | None) -> bytes:
        return self.encoder(rows, args, importance)


def altered(encoder: Callable[[np.ndarray, Args, np.ndarray | None], bytes]) -> Model:
    it = one(values(4, 32))
    wanted = replace(it.decisions[0].type, format=Altered(BY_NAME["Q8_0"], encoder))
    return replace(it, decisions=(replace(it.decisions[0], type=wanted),))


def test_a_codec_that_lies_about_its_size_is_named(tmp_path: Path):
    with pytest.raises(BuildError) as caught:
        build(altered(lambda rows, args, importance: bytes(135)), tmp_path)
    assert str(caught.value) == (
        "error: the codec of Q8_0 made 135 bytes for tensor 'blk.3.ffn_down.weight' and had promised 136\n"
        "why: every offset in the file counts on the promised size\n"
        "fix: report it to whoever offers Q8_0; another type avoids it"
    ).replace("why", "  --> memory.gguf, blk.3.ffn_down.weight\nwhy", 1)


def test_what_a_codec_refuses_is_told_with_its_tensor(tmp_path: Path):
    def refuse(rows: np.ndarray, args: Args, importance: np.ndarray | None) -> bytes:
        raise BuildError(Diagnostic("no", "these weights cannot be encoded", why="so it is", fix="take others"))

    with pytest.raises(BuildError) as caught:
        build(altered(refuse), tmp_path)
    assert str(caught.value) == (
        "error: these weights cannot be encoded\n"
        "  --> memory.gguf, blk.3.ffn_down.weight\n"
        "why: so it is\n"
        "fix: take others"
    )


def refusal(change: Callable[[Job], Job], tmp_path: Path, it: Model | None = None) -> str:
    with pytest.raises(BuildError) as caught:
        build(it or one(values(4, 32)), tmp_path, change=change)
    return str(caught.value)


def test_another_checkpoint_than_the_planned_one_is_refused(tmp_path: Path):
    def other(made: Job) -> Job:
        stored = StoredTensor("blk.3.ffn_down.weight", "F16", (4, 32), 256, 0, 0)
        return replace(made, checkpoint=replace(made.checkpoint, tensors={stored.name: stored}))

    assert refusal(other, tmp_path) == (
        "error: tensor 'blk.3.ffn_down.weight' is F32 [4, 32] in the plan and F16 [4, 32] in the checkpoint\n"
        "  --> /models/memory.gguf\n"
        "why: the plan was made for another checkpoint, or this one changed since\n"
        "fix: plan again"
    )


def test_a_tensor_that_the_checkpoint_lacks_is_refused(tmp_path: Path):
    def empty(made: Job) -> Job:
        return replace(made, checkpoint=replace(made.checkpoint, tensors={}))

    assert refusal(empty, tmp_path).startswith(
        "error: tensor 'blk.3.ffn_down.weight' is F32 [4, 32] in the plan and missing in the checkpoint\n"
    )


def test_a_source_type_that_nothing_decodes_is_refused(tmp_path: Path):
    assert refusal(lambda made: replace(made, formats={}), tmp_path) == (
        "error: tensor 'blk.3.ffn_down.weight' is stored as F32, which nothing installed can decode\n"
        "why: another type is made from the decoded weights\n"
        "fix: install a plug-in that knows the type, or let a rule `keep` the tensor"
    )


def test_a_fit_that_is_not_installed_is_refused(tmp_path: Path):
    it = model([(tensor("output.weight", (2, 32)), values(2, 32), use("Q4_0", fit="gptq"))])
    assert refusal(lambda made: made, tmp_path, it) == (
        "error: no fit 'gptq' is installed, which Q4_0(fit=gptq) of tensor 'output.weight' asks for\n"
        "why: a fit chooses scales and codes, and none stands in for another\n"
        "fix: install the plug-in that offers it, or choose among auto, rtn, imatrix, lattice, mse"
    )


def test_importance_of_another_shape_is_refused(tmp_path: Path):
    info = tensor("blk.0.ffn_up_exps.weight", (3, 7, 256))
    it = model([(info, values(3, 7, 256), use("Q4_K"))], importance={info.name: importance(2, 256)})
    assert refusal(lambda made: made, tmp_path, it) == (
        "error: the imatrix has [2, 256] values for tensor 'blk.0.ffn_up_exps.weight', which needs [3, 256]\n"
        "why: there is one value for each column of each matrix\n"
        "fix: take an imatrix of this model"
    )


def test_a_build_without_metadata_is_refused(tmp_path: Path):
    def stand_in(made: Job) -> Job:
        return replace(made, inventory=replace(made.inventory, metadata=None))

    assert refusal(stand_in, tmp_path) == (
        "error: target 'gguf' cannot be built from an inventory that stands in for the model\n"
        "why: it has no metadata (tokenizer and settings), without which llama.cpp cannot load the file\n"
        "fix: build from the checkpoint itself"
    )


def test_a_header_that_is_not_the_planned_one_is_not_written(tmp_path: Path):
    made = job(one(values(4, 32)), tmp_path)
    with pytest.raises(BuildError) as caught:
        GgufBackend().finish(replace(made, provenance=Provenance({"file": "imatrix.gguf"})), {})
    assert str(caught.value) == (
        "error: the header of target 'gguf' has 320 bytes; the plan says 256\n"
        "why: metadata or imatrix are not those that the plan was made with\n"
        "fix: plan again; if that does not help, report it"
    )
    assert made.paths["model.gguf"].read_bytes()[:4] == bytes(4)
