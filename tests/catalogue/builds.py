"""What codecs, the gguf backend, executors and plug-ins can be told that no case table has: provocations by name."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np

import qrecipe
from qrecipe.backends.gguf.backend import GgufBackend
from qrecipe.codecs.compiled import machine
from qrecipe.codecs.ggml import library
from qrecipe.codecs.ggml.table import GgmlType
from qrecipe.codecs.kernels import engine
from qrecipe.codecs.kernels.catalog import BY_USE
from qrecipe.codecs.kernels.running import Reference
from qrecipe.codecs.lattice.fit import LATTICE
from qrecipe.errors import Diagnostic
from qrecipe.executors.dry_run import DryRunExecutor
from qrecipe.host.catalog import make_catalog
from qrecipe.types.format import Call, TypeUse
from qrecipe.types.lock import Provenance
from qrecipe.types.source import StoredTensor
from qrecipe.types.target import Job
from tests.backends.gguf.model_in_memory import BY_NAME, Model, build, job, model, tensor, use
from tests.backends.gguf.test_build import Altered
from tests.catalogue.workplace import RULE, offering, recipe, without_lattice, workplace

ONES = np.ones((1, 256), np.float32)
INFO = tensor("blk.3.ffn_down.weight", (4, 32))


def a_type_that_is_only_carried() -> object:
    return BY_NAME["I32"].encode(ONES, (), None)


def a_type_that_another_backend_makes() -> object:
    return BY_NAME["int4"].encode(ONES, (), None)


def weights_beyond_a_type() -> object:
    return BY_NAME["F16"].encode(ONES * np.float32(70000), (), None)


def a_scale_beyond_f16() -> object:
    return BY_NAME["TQ2_0"].encode(ONES * np.float32(70000), (("scale", "negative"),), None)


def blocks_that_are_on_no_grid() -> object:
    weights = np.linspace(-1, 1, 8 * 64, dtype=np.float32).reshape(8, 64)
    weights[:5] = 0
    wanted = TypeUse(BY_NAME["Q4_0"], (("fit", Call("lattice", (("else", "error"),))),))
    return build(model([(tensor("blk.3.ffn_up.weight", (8, 64)), weights, wanted)]), Path.cwd())


def a_fast_encoder_that_makes_other_bytes() -> object:
    new, kernel = engine.Engine(), BY_USE["Q4_K", False]
    new.expected[kernel] = kernel.pays_from
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        with (
            mock.patch.object(machine, "unusable", return_value=None),
            mock.patch.object(engine, "compile_kernel", return_value=lambda rows, out, importance: out.fill(0)),
        ):
            new.encoder(kernel, Reference(BY_NAME["Q4_K"].type, library.encode), 256)
    return [note.message.diagnostic for note in notes if isinstance(note.message, engine.KernelNote)]


def numba_that_is_not_installed() -> object:
    with mock.patch.dict(sys.modules, {"numba": None}):
        return LATTICE.encode(use("Q4_0"), ONES, None)


def numba_that_may_not_compile() -> object:
    import numba  # noqa: PLC0415 - likewise

    with mock.patch.object(numba.config, "DISABLE_JIT", new=1):
        return LATTICE.encode(use("Q4_0"), ONES, None)


def an_importance_that_is_no_weight() -> object:
    importance = np.ones(256, np.float32)
    importance[7] = np.nan
    return BY_NAME["Q4_K"].encode(ONES, (), importance)


def an_importance_out_of_reach() -> object:
    return BY_NAME["Q4_K"].encode(ONES * np.float32(1000), (), np.full(256, 1e18, np.float32))


def ggml_that_is_not_installed() -> object:
    with _other_ggml("libggml_that_is_not_there"):
        return library.version()


def ggml_that_is_no_library() -> object:
    folder = Path("broken_ggml/lib64")
    folder.mkdir(parents=True)
    Path("broken_ggml/__init__.py").touch()
    (folder / library._file_name()).write_bytes(b"not ELF")
    with mock.patch("sys.path", [str(Path.cwd())]), _other_ggml("broken_ggml"):
        return library.version()


def ggml_of_another_release() -> object:
    return library.decode(GgmlType("Q9_9", 43, 32, 18, "used", ""), bytes(18), 32)


def a_dry_run_that_is_taken_for_a_build() -> object:
    made = job(_one(), Path.cwd())
    return DryRunExecutor().run(GgufBackend().tasks(made, _limits()), _limits(), print)


def a_checkpoint_that_is_not_the_planned_one() -> object:
    stored = StoredTensor(INFO.name, "F16", (4, 32), 256, 0, 0)
    return _build(lambda made: replace(made, checkpoint=replace(made.checkpoint, tensors={INFO.name: stored})))


def a_codec_that_lies_about_its_size() -> object:
    it = _one()
    wanted = replace(it.decisions[0].type, format=Altered(BY_NAME["Q8_0"], lambda *_: bytes(135)))
    return build(replace(it, decisions=(replace(it.decisions[0], type=wanted),)), Path.cwd())


def a_source_type_that_nothing_decodes() -> object:
    return _build(lambda made: replace(made, formats={}))


def an_imatrix_of_another_shape() -> object:
    experts = tensor("blk.0.ffn_up_exps.weight", (3, 7, 256))
    data = {experts.name: np.ones((2, 256), np.float32)}
    return build(model([(experts, np.ones((3, 7, 256)), use("Q4_K"))], importance=data), Path.cwd())


def a_weight_that_is_not_finite() -> object:
    weights = np.ones((4, 32), np.float32)
    weights[1, 2] = np.nan
    return build(model([(INFO, weights, use("Q8_0"))]), Path.cwd())


def a_build_without_metadata() -> object:
    return _build(lambda made: replace(made, inventory=replace(made.inventory, metadata=None)))


def an_inventory_to_measure() -> object:
    recipe(f'inventory = "lib:gemma-4-e2b"\n{RULE}')
    return qrecipe.measure("mine.toml")


def a_header_that_is_not_the_planned_one() -> object:
    made = job(_one(), Path.cwd())
    return GgufBackend().finish(replace(made, provenance=Provenance({"file": "imatrix.gguf"})), {})


def a_plug_in_that_raises() -> object:
    class Raises:
        @qrecipe.hookimpl
        def qrecipe_formats(self) -> object:
            raise RuntimeError("no licence")

    return make_catalog(Raises(), discover=False).problems


def a_plug_in_that_claims_a_name() -> object:
    class Mine:
        name = "threads"

        def run(self) -> None: ...

    return make_catalog(offering("executors", Mine()), discover=False).problems


def a_plug_in_for_another_version_of_the_interface() -> object:
    plugin = offering("executors")
    plugin.qrecipe_api = 2  # type: ignore[attr-defined]
    return make_catalog(plugin, discover=False).problems


def a_plug_in_that_cannot_have_its_name() -> object:
    return qrecipe.new_plugin("4bit")


def a_plug_in_whose_name_is_taken() -> object:
    return qrecipe.new_plugin("json")


def a_plug_in_in_a_folder_that_is_not_empty() -> object:
    workplace()
    return qrecipe.new_plugin("qrecipe-mine", output=".")


def what_the_system_refuses_anywhere() -> object:
    from qrecipe.cli import main, render  # noqa: PLC0415 - the command line, for what it alone tells

    told: list[Diagnostic] = []
    with mock.patch.object(render, "show", told.extend):
        main._refused(PermissionError(13, "Permission denied", "models"))
    return told


def a_fit_that_is_not_installed_at_the_build() -> object:
    workplace()
    Path("mix.toml").write_text(Path("mix.toml").read_text().replace('"Q6_K"', '"Q4_0(fit=lattice)"'))
    with without_lattice():
        return qrecipe.build("mix.toml")


def _limits():
    from tests.backends.gguf.model_in_memory import ROOMY  # noqa: PLC0415 - for a name that reads well

    return ROOMY


def _one() -> Model:
    return model([(INFO, np.ones((4, 32), np.float32), use("Q8_0"))])


def _build(change: Callable[[Job], Job]) -> object:
    return build(_one(), Path.cwd(), change=change)


def _other_ggml(package: str) -> object:
    library._library.cache_clear()
    library._decoder.cache_clear()
    return mock.patch.object(library, "_PACKAGE", package)
