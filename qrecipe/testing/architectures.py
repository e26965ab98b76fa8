"""`ArchitectureContract`: the promises of `qrecipe.types.architecture.Architecture`, one test each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pytest

from qrecipe.errors import Location, QrecipeError, SourceError
from qrecipe.recipe.pattern import parse_pattern
from qrecipe.recipe.variables import Variables
from qrecipe.sources.local import LocalSource
from qrecipe.sources.mapped import MappedCheckpoint, mapped
from qrecipe.testing.checkpoints import Seen, WeightsAreRead, wider
from qrecipe.testing.contract import Contract, broken, promise
from qrecipe.testing.values import is_phrase, promise_light, promise_picklable
from qrecipe.types.transform import Stack, Stored, stored_names

if TYPE_CHECKING:
    from qrecipe.types.architecture import Architecture, Conversion
    from qrecipe.types.metadata import Scalar
    from qrecipe.types.source import Checkpoint

_ODD: tuple[Mapping[str, object], ...] = (
    {},
    {"architectures": None},
    {"architectures": 5},
    {"architectures": []},
    {"architectures": [None, 7]},
    {"architectures": "NoSuchModelForCausalLM"},
    {"architectures": ["NoSuchModelForCausalLM"], "model_type": ["no such model"]},
    {"text_config": 3, "model_type": {}},
)
_OF_BACKENDS = ("general.file_type", "general.quantization_version")
_BLOCK = re.compile(r"blk\.(\d+)\.")


class ArchitectureContract(Contract):
    """Subclass with `architecture = …` and a method `make`.

    Attributes:
        architecture: What is tried.
    """

    architecture: ClassVar[Architecture]

    def make(self, folder: Path) -> Path:
        """Write a small checkpoint of this family (`write_checkpoint`); return its folder."""
        raise NotImplementedError

    @pytest.fixture
    def checkpoint(self, tmp_path: Path) -> Checkpoint:
        """The checkpoint under its own names."""
        return LocalSource().open(str(self.make(tmp_path / "model")), tmp_path)

    @pytest.fixture
    def conversion(self, checkpoint: Checkpoint) -> Conversion:
        """What becomes of it."""
        return self.architecture.convert(checkpoint)

    @pytest.fixture
    def view(self, checkpoint: Checkpoint, conversion: Conversion) -> MappedCheckpoint:
        """The checkpoint under canonical names."""
        return mapped(checkpoint, conversion)

    @property
    def name(self) -> str:
        """The architecture's."""
        return self.architecture.name

    def test_its_description_is_of_the_protocols_types(self) -> None:
        """A name, the classes that it converts, patterns that parse."""
        promise(self.name and self.name.isprintable(), f"its name is {self.name!r}")
        promise(self.architecture.models, f"{self.name}: it names no class of models")
        for pattern in self.architecture.protected:
            try:
                parse_pattern(pattern, Location(), Variables())
            except QrecipeError as error:
                broken(f"{self.name}: its protected pattern {pattern!r} is none: {error.diagnostics[0].what}")

    def test_loading_it_loads_no_heavy_package(self) -> None:
        """Plans are made from headers."""
        promise_light(self.architecture, self.name, "nothing: an architecture declares")

    def test_it_claims_its_own_config(self, checkpoint: Checkpoint) -> None:
        """Every time."""
        for _ in range(2):
            claimed = self.architecture.claims(checkpoint.config or {})
            promise(claimed is True, f"{self.name}: claims is {claimed!r} for its own config.json")

    @pytest.mark.parametrize("config", _ODD, ids=range(len(_ODD)))
    def test_it_claims_no_other_config(self, config: Mapping[str, object]) -> None:
        """And raises for none: config.json is a file from outside."""
        claimed = self.architecture.claims(config)
        promise(claimed is False, f"{self.name}: claims({config}) is {claimed!r}")

    def test_converting_reads_no_weight(self, checkpoint: Checkpoint) -> None:
        """Headers, config and the files beside them say all."""
        try:
            self.architecture.convert(Seen(checkpoint))
        except WeightsAreRead as read:
            broken(f"{self.name}: convert reads the weights of {read}; an architecture declares")

    def test_converting_gives_the_same_every_time(self, checkpoint: Checkpoint, conversion: Conversion) -> None:
        """Plans rest upon it."""
        again = self.architecture.convert(checkpoint)
        same = list(again.tensors) == list(conversion.tensors) and list(again.metadata) == list(conversion.metadata)
        promise(same, f"{self.name}: one checkpoint has two conversions")

    def test_a_conversion_travels_to_other_processes(self, view: MappedCheckpoint) -> None:
        """Tasks read through it."""
        promise_picklable(view, f"{self.name}: its conversion")

    def test_names_are_unique(self, conversion: Conversion) -> None:
        """In a model."""
        names = [tensor.name for tensor in conversion.tensors]
        twice = sorted({name for name in names if names.count(name) > 1})
        promise(not twice, f"{self.name}: two tensors are called {', '.join(twice)}")

    def test_every_tensor_is_used_or_left_out(self, checkpoint: Checkpoint, conversion: Conversion) -> None:
        """None is lost without a word."""
        used = {name for tensor in conversion.tensors for name in stored_names(tensor.value)}
        unknown = sorted(used - set(checkpoint.tensors))
        promise(not unknown, f"{self.name}: it uses tensors that the checkpoint has not: {', '.join(unknown[:3])}")
        rest = len(checkpoint.tensors) - len(used)
        told = sum(each.count for each in conversion.left_out)
        promise(rest == told, f"{self.name}: {rest} tensors are not used, and left_out counts {told}")

    def test_shapes_are_those_of_the_bytes(self, view: MappedCheckpoint) -> None:
        """Every canonical tensor reads as many bytes as its shape says, whole and by rows."""
        for name, tensor in view.tensors.items():
            whole = view.read(name, 0, tensor.nbytes)
            promise(len(whole) == tensor.nbytes, f"{self.name}: {name} reads as {len(whole)} bytes of {tensor.nbytes}")
            half = tensor.nbytes // 2
            parts = view.read(name, 0, half) + view.read(name, half, tensor.nbytes - half)
            promise(parts == whole, f"{self.name}: {name} reads otherwise in two parts")

    def test_shapes_agree_with_the_metadata(self, view: MappedCheckpoint, conversion: Conversion) -> None:
        """Embedding length, blocks, feed-forward length: what llama.cpp allocates from."""
        wrong = list(_disagreements(view, _scalars(conversion), self.name))
        promise(not wrong, f"{self.name}: {'; '.join(wrong[:3])}")

    def test_metadata_is_a_converters(self, conversion: Conversion) -> None:
        """`general.architecture` first, each key once, and none that the backend sets."""
        keys = [entry.key for entry in conversion.metadata]
        promise(keys[:1] == ["general.architecture"], f"{self.name}: its metadata begins with {keys[:1]}")
        named = conversion.metadata[0].scalar()
        promise(named == self.name, f"{self.name}: general.architecture is {named!r}")
        promise(len(keys) == len(set(keys)), f"{self.name}: a key of its metadata stands there twice")
        promise(not set(keys) & set(_OF_BACKENDS), f"{self.name}: the backend sets {' and '.join(_OF_BACKENDS)}")

    def test_names_are_known_in_both_directions(self, conversion: Conversion) -> None:
        """`checkpoint_names` gives the names that a rename or a stack is made of, or (); folders around may differ."""
        for tensor in (each for each in conversion.tensors if isinstance(each.value, Stored | Stack)):
            found, made = self.architecture.checkpoint_names(tensor.name), stored_names(tensor.value)
            same = [_ends(name) for name in found] == [_ends(name) for name in made]
            words = f"{self.name}: {tensor.name} is made of {made}, and checkpoint_names gives {found}"
            promise(not found or same, words)

    def test_any_name_may_be_asked_about(self) -> None:
        """`hf:` patterns run over files that somebody else has made."""
        for name in (
            "",
            "blk.",
            "blk.x.attn_q.weight",
            "blk.0",
            "no.such.tensor",
            "blk.99999999999.ffn_up.weight",
            "é",
        ):
            found = self.architecture.checkpoint_names(name)
            promise(isinstance(found, tuple), f"{self.name}: checkpoint_names({name!r}) is {found!r}, no tuple")

    def test_a_tensor_that_is_missing_is_told(self, checkpoint: Checkpoint) -> None:
        """SourceError, or a model that does without; never another error."""
        for name in checkpoint.tensors:
            self._promise_told(Seen(checkpoint, hidden=(name,)), f"{name} is missing")

    def test_a_tensor_of_another_shape_is_told(self, checkpoint: Checkpoint) -> None:
        """Likewise."""
        for name, tensor in checkpoint.tensors.items():
            self._promise_told(Seen(checkpoint, changed={name: wider(tensor)}), f"{name} has a column more")

    def test_a_config_that_lacks_a_key_is_told(self, checkpoint: Checkpoint) -> None:
        """Likewise, and for a key whose value is none for it."""
        for key in checkpoint.config or {}:
            config = dict(checkpoint.config or {})
            values: tuple[object, ...] = (None, "odd", [], -1)
            for value in values:
                odd = Seen(checkpoint, config_instead={**config, key: value})
                self._promise_told(odd, f"config.json has {key} = {value!r}")
            lacking = {name: value for name, value in config.items() if name != key}
            self._promise_told(Seen(checkpoint, config_instead=lacking), f"config.json has no {key}")

    def _promise_told(self, checkpoint: Checkpoint, what: str) -> None:
        if not self.architecture.claims(checkpoint.config or {}):
            return  # such a checkpoint never comes to it
        try:
            mapped(checkpoint, self.architecture.convert(checkpoint))
        except SourceError as error:
            promise(is_phrase(error.diagnostics[0].fix), f"{self.name}: {what}: refused without a fix")
        except Exception as error:  # noqa: BLE001 - told in words
            broken(f"{self.name}: {what}: convert raises {type(error).__name__}: {error}, not a SourceError")


def _ends(name: str) -> list[str]:
    """Return the last two parts of a name: what wraps a model stands before them."""
    return name.split(".")[-2:]


def _scalars(conversion: Conversion) -> Mapping[str, Scalar | None]:
    return {entry.key: entry.scalar() for entry in conversion.metadata}


def _disagreements(view: MappedCheckpoint, metadata: Mapping[str, Scalar | None], arch: str) -> Iterator[str]:
    width, blocks = metadata.get(f"{arch}.embedding_length"), metadata.get(f"{arch}.block_count")
    inner = metadata.get(f"{arch}.feed_forward_length")
    for name in ("token_embd.weight", "output.weight", "output_norm.weight", "blk.0.attn_q.weight"):
        tensor = view.tensors.get(name)
        if tensor is not None and width is not None and tensor.shape[-1] != width:
            yield f"{name} has rows of {tensor.shape[-1]}; {arch}.embedding_length is {width}"
    up = view.tensors.get("blk.0.ffn_up.weight")
    if up is not None and isinstance(inner, int) and up.shape[0] != inner:
        yield f"blk.0.ffn_up.weight has {up.shape[0]} rows; {arch}.feed_forward_length is {inner}"
    found = {int(match[1]) for name in view.tensors if (match := _BLOCK.match(name))}
    if isinstance(blocks, int) and found != set(range(blocks)):
        yield f"its tensors are of blocks {sorted(found)}; {arch}.block_count is {blocks}"
