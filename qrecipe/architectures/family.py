"""One way from a checkpoint to a conversion for all families: a family says what differs, as values (`Made`).

Refuses what is quantized already; matches tensors; puts metadata together in the converter's order (`general.*`, the
family's parameters, `tokenizer.*`; each key once). A missing tokenizer becomes `Conversion.lacking`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from qrecipe.architectures.config import Settings, model_classes, settings_of
from qrecipe.architectures.described import Described, once
from qrecipe.architectures.matching import matched
from qrecipe.architectures.tokenizer.faults import TokenizerLackingError, unsettled
from qrecipe.errors import Diagnostic, SourceError
from qrecipe.types.architecture import Conversion

if TYPE_CHECKING:
    from qrecipe.architectures.slots import Names, Slot
    from qrecipe.types.metadata import MetadataEntry
    from qrecipe.types.source import Checkpoint

_METHODS: Mapping[str, str] = MappingProxyType(
    {
        "gptq": "GPTQ",
        "awq": "AWQ",
        "bitsandbytes": "bitsandbytes",
        "compressed-tensors": "compressed-tensors",
        "fp8": "FP8",
        "fbgemm_fp8": "FP8",
        "mxfp4": "MXFP4",
        "modelopt": "ModelOpt",
        "torchao": "torchao",
        "bitnet": "BitNet",
    }
)


@dataclass(frozen=True, slots=True)
class Made:
    """What a family makes of a config.

    Attributes:
        slots: The model's tensors.
        parameters: Metadata below the family's name, in the converter's order; of a key twice the later value holds.
        vocabulary: Reads the tokenizer.
    """

    slots: Iterable[Slot]
    parameters: Iterable[MetadataEntry]
    vocabulary: Callable[[], Described]


@dataclass(frozen=True, slots=True)
class Family:
    """`types.architecture.Architecture`, from what differs between families.

    Attributes:
        name: GGUF's `general.architecture`.
        defaults: Classes that are converted, with the defaults of their config classes in transformers.
        names: Canonical to plain names.
        plain: The plain spelling of a stored name.
        make: What a config makes.
        protected: Patterns besides the shipped ones.
    """

    name: str
    defaults: Mapping[str, Mapping[str, object]]
    names: Names
    plain: Callable[[str], str]
    make: Callable[[Checkpoint, Settings], Made]
    protected: tuple[str, ...] = ()

    @property
    def models(self) -> tuple[str, ...]:
        """The classes that are converted."""
        return tuple(self.defaults)

    def claims(self, config: Mapping[str, object]) -> bool:
        """Say whether a checkpoint with this config.json is of this family."""
        classes = model_classes(config)
        return bool(classes) and all(each in self.defaults for each in classes)

    def checkpoint_names(self, canonical: str) -> tuple[str, ...]:
        """Return the checkpoint's name behind a canonical one."""
        return self.names.checkpoint_names(canonical)

    def convert(self, checkpoint: Checkpoint) -> Conversion:
        """Say what the checkpoint becomes."""
        from qrecipe.architectures.general import general_entries  # noqa: PLC0415  its schemas take long to load

        config = settings_of(checkpoint, self.defaults[model_classes(checkpoint.config or {})[0]])
        _refuse_quantized(config)
        made = self.make(checkpoint, config)
        parameters = tuple(made.parameters)
        found = matched(checkpoint, made.slots, self.plain)
        general = general_entries(self.name, checkpoint, found.shapes)
        vocabulary, lacking = _vocabulary(made.vocabulary)
        return Conversion(
            tensors=found.tensors,
            metadata=once((*general.entries, *parameters, *vocabulary.entries)),
            left_out=found.left_out,
            lacking=lacking,
            findings=(*general.findings, *vocabulary.findings, *_unsettled(checkpoint.folder, lacking)),
        )


def _vocabulary(read: Callable[[], Described]) -> tuple[Described, Diagnostic | None]:
    """Return the tokenizer's metadata, or why there is none."""
    try:
        return read(), None
    except TokenizerLackingError as error:
        return Described(()), error.diagnostics[0]


def _unsettled(folder: Path | None, lacking: Diagnostic | None) -> Iterator[Diagnostic]:
    """Yield a warning for a tokenizer without its settings: the converter takes it too, and says nothing."""
    if folder is not None and lacking is None and not (folder / "tokenizer_config.json").is_file():
        yield unsettled(folder)


def _refuse_quantized(config: Settings) -> None:
    for key in ("quantization_config", "compression_config"):
        table = config.table(key)
        if table.values:
            method = table.word("quant_method")
            how = f" with {_METHODS.get(method, method)}" if method else ""
            why = "quantizing twice loses more than the type says; recipes start from the weights as they were trained"
            fix = "take the original model, the one that this was quantized from"
            what = f"these weights are quantized already{how}"
            raise SourceError(Diagnostic("checkpoint-quantized", what, config.place(key), why, fix))
