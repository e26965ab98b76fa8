"""What the conversion of a checkpoint can be told that no case table has: provocations by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors.numpy import save_file

from qrecipe.api.opening import open_model
from qrecipe.hooks import hookimpl
from qrecipe.host.catalog import make_catalog
from qrecipe.sources.local import LocalSource
from qrecipe.sources.mapped import mapped
from qrecipe.types.architecture import Conversion, MappedTensor
from qrecipe.types.transform import Permute, Stored, Transform

if TYPE_CHECKING:
    from qrecipe.types.source import Checkpoint


def a_conversion_of_a_tensor_that_is_not_there() -> object:
    return _mapped(Stored("b"))


def a_conversion_that_the_shape_forbids() -> object:
    return _mapped(Permute(Stored("a"), 3))


def a_conversion_of_two_tensors_to_one_name() -> object:
    return _mapped(Stored("a"), Stored("a"))


def an_architecture_plug_in_that_fails() -> object:
    class Toys:
        name, models, protected = "toy", ("ToyForCausalLM",), ()

        def claims(self, config: object) -> bool:
            return True

        def checkpoint_names(self, canonical: str) -> tuple[str, ...]:
            return ()

        def convert(self, checkpoint: object) -> Conversion:
            raise KeyError("hidden_size")

    class Plugin:
        @hookimpl
        def qrecipe_architectures(self) -> list[Toys]:
            return [Toys()]

    _write()
    return open_model("model.safetensors", Path(), make_catalog(Plugin(), discover=False))


def _mapped(*values: Transform) -> object:
    return mapped(_write(), Conversion([MappedTensor("a.weight", value) for value in values], ()))


def _write() -> Checkpoint:
    save_file({"a": np.zeros((4, 4), np.float32)}, "model.safetensors")
    Path("config.json").write_text(json.dumps({"architectures": ["ToyForCausalLM"]}))
    return LocalSource().open("model.safetensors", Path())
