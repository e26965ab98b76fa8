"""Every built-in architecture keeps the contract of architectures, on a tiny checkpoint of its family."""

import numpy as np

from qrecipe.architectures.builtin import ARCHITECTURES
from qrecipe.testing import ArchitectureContract, write_checkpoint
from tests.architectures.checkpoints import FAMILIES, named


class Tiny(ArchitectureContract):
    def make(self, folder):
        config, shapes = FAMILIES[self.architecture.name]
        source = np.random.default_rng(1)
        tensors = {name: source.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
        return write_checkpoint(folder, tensors, config)


class TestLlama(Tiny):
    architecture = named("llama")


class TestQwen3(Tiny):
    architecture = named("qwen3")


class TestQwen3Moe(Tiny):
    architecture = named("qwen3moe")


class TestGemma3(Tiny):
    architecture = named("gemma3")


class TestGemma4(Tiny):
    architecture = named("gemma4")


def test_every_architecture_is_tried():
    assert {each.architecture.name for each in Tiny.__subclasses__()} == {each.name for each in ARCHITECTURES}
