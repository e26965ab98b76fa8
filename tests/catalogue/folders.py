"""What folder artifacts can be told: provocations by name, with the toy family installed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import qrecipe
from qrecipe.backends.folder.modules import modules_of, shared_sources
from qrecipe.codecs.builtin import FORMATS
from qrecipe.codecs.fit.mse import MSE
from qrecipe.recipe.shipped import shipped_model
from qrecipe.types.decision import Decision
from qrecipe.types.format import Call, TypeUse
from qrecipe.types.target import Target
from qrecipe.types.task import Limits
from qrecipe.types.tensor import Inventory, TensorInfo
from tests.backends.folder.installed import RECIPE, install
from tests.backends.folder.toy import TOY, ToyFamily
from tests.catalogue.workplace import model
from tests.sources.safetensors_bytes import entry, safetensors

FOLDER = Path("bard-toy")
BY_NAME = {each.name: each for each in FORMATS}


def a_folder_target_whose_output_is_a_file() -> object:
    return _planned(RECIPE.replace("bard-toy/", "bard.gguf"))


def a_folder_of_a_gguf_file() -> object:
    model()
    return _planned(RECIPE.replace("lib:bard-3m-qat-q4_0", "tiny.gguf"))


def a_folder_of_weights_without_config() -> object:
    Path("bare").mkdir()
    Path("bare/model.safetensors").write_bytes(safetensors(*_weights()))
    return _planned(RECIPE.replace("lib:bard-3m-qat-q4_0", "bare"))


def a_folder_of_weights_that_are_quantized() -> object:
    Path("packed").mkdir()
    Path("packed/model.safetensors").write_bytes(safetensors(*_weights()))
    config = {"architectures": ["Unheard"], "quantization_config": {"quant_method": "gptq"}}
    Path("packed/config.json").write_text(json.dumps(config))
    return _planned(RECIPE.replace("lib:bard-3m-qat-q4_0", "packed"))


def a_folder_job_without_checkpoint() -> object:
    job = SimpleNamespace(inventory=Inventory(()), target=Target("toy", "toy", "bard-toy/"))
    return TOY.tasks(job, Limits(1, 1 << 20))


def one_tensor_of_a_checkpoint_with_two_types() -> object:
    tensors = [TensorInfo(f"blk.0.attn_{r}.weight", (2, 32), "BF16", "BF16", r, 0, ("qkv.weight",)) for r in "qk"]
    decisions = [Decision(t, TypeUse(BY_NAME[n])) for t, n in zip(tensors, ("int4", "int8"), strict=True)]
    return list(shared_sources(Inventory(tuple(tensors)), decisions))


def a_type_that_a_family_does_not_store() -> object:
    tensor = TensorInfo("blk.0.attn_q.weight", (2, 256), "BF16", "BF16", "attn_q", 0, ("q.weight",))
    decisions = [Decision(tensor, TypeUse(BY_NAME["Q4_K"]))]
    return modules_of(ToyFamily(), Inventory((tensor,)), decisions, Target("toy", "toy", "bard-toy/"))


def a_fit_for_what_has_no_scales_to_choose() -> object:
    use = TypeUse(BY_NAME["Q4_0"], (("fit", Call("mse")),))
    return MSE.encode(use, np.zeros((1, 32), np.float32), None)


def a_tokenizer_that_changes_under_a_build() -> object:
    shutil.copytree(shipped_model("bard-3m-qat-q4_0"), "bard")
    Path("bard.toml").write_text(RECIPE.replace("lib:bard-3m-qat-q4_0", "bard"))
    with _toy():
        return qrecipe.build("bard.toml", on_plan=lambda _: Path("bard/tokenizer_config.json").write_text("{}"))


def a_folder_with_a_file_of_somebody_else() -> object:
    _build()
    (FOLDER / "notes.txt").write_text("mine")
    with _toy():
        return qrecipe.build("bard.toml", force=True)


def a_folder_with_an_altered_file() -> object:
    _build()
    (FOLDER / "generation_config.json").write_text("{}")
    return _verified()


def a_folder_with_a_missing_file() -> object:
    _build()
    (FOLDER / "generation_config.json").unlink()
    return _verified()


def a_folder_with_a_file_that_its_lock_lacks() -> object:
    _build()
    (FOLDER / "adapter.json").write_text("{}")
    return _verified()


def a_folder_with_an_altered_lock() -> object:
    _build()
    with (FOLDER / "qrecipe.lock.json").open("a") as file:
        file.write(" ")
    return _verified()


def a_folder_whose_config_names_no_lock() -> object:
    _build()
    config = json.loads((FOLDER / "config.json").read_text())
    del config["qrecipe"]
    (FOLDER / "config.json").write_text(json.dumps(config))
    return _verified()


def a_folder_whose_lock_has_another_tensor() -> object:
    _build()
    lock = (FOLDER / "qrecipe.lock.json").read_text()
    (FOLDER / "qrecipe.lock.json").write_text(lock.replace('"model.norm.weight"', '"model.morn.weight"'))
    return _verified()


def a_folder_whose_arrays_are_not_what_its_config_says() -> object:
    _build()
    config = (FOLDER / "config.json").read_text()
    (FOLDER / "config.json").write_text(config.replace("32\n", "64\n", 1))
    return _verified()


def a_folder_that_no_plugin_reads() -> object:
    _build()
    return qrecipe.verify("bard-toy").differences


def a_folder_for_llama_cpp() -> object:
    _build()
    Path("text.txt").write_text("words " * 100)
    settings = qrecipe.EvalSettings(engine="llama.cpp")
    with _toy():
        return qrecipe.evaluate(["bard-toy"], "lib:bard-3m-qat-q4_0", "text.txt", settings)


@contextmanager
def _toy() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        install(patch)
        yield


def _build() -> None:
    Path("bard.toml").write_text(RECIPE)
    with _toy():
        qrecipe.build("bard.toml")


def _planned(text: str) -> object:
    Path("bard.toml").write_text(text)
    with _toy():
        return qrecipe.plan("bard.toml")


def _verified() -> object:
    with _toy():
        return qrecipe.verify("bard-toy").differences


def _weights() -> tuple[dict, bytes]:
    return {"layers.0.q_proj.weight": entry("F32", [2, 32], 0, 256)}, bytes(256)
