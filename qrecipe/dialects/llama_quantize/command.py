"""A command line of llama-quantize → `Command`: what was asked for, with the place of every word.

Read as llama-quantize reads it: options come first, the last one given counts, `--tensor-type` and `--tensor-type-file`
feed one list. What has no meaning for a recipe is refused here, with a caret.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from qrecipe.dialects.llama_quantize.faults import Line, refused
from qrecipe.dialects.llama_quantize.file_types import NAMES, FileType, file_type
from qrecipe.dialects.llama_quantize.metadata import overridden
from qrecipe.dialects.llama_quantize.overrides import Override, listed, override, tensor_type
from qrecipe.recipe.syntax import did_you_mean, shown

if TYPE_CHECKING:
    from qrecipe.types.metadata import Scalar

_FLAGS = ("--leave-output-tensor", "--allow-requantize", "--pure", "--keep-split", "--dry-run")
_VALUES = (
    *("--output-tensor-type", "--token-embedding-type", "--tensor-type", "--tensor-type-file", "--prune-layers"),
    *("--override-kv", "--imatrix", "--include-weights", "--exclude-weights", "--max-buffer-size"),
)


_COPY = FileType("COPY", 0)


@dataclass(slots=True)
class Command:
    """What a command line asks for. Types are spelled as qrecipe does."""

    line: Line
    source: str = ""
    output: str = ""
    file_type: FileType = _COPY
    flags: set[str] = field(default_factory=set)
    overrides: list[Override] = field(default_factory=list)
    output_type: str | None = None
    embedding_type: str | None = None
    imatrix: str | None = None
    included: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    metadata: dict[str, Scalar] = field(default_factory=dict)

    @property
    def pure(self) -> bool:
        """No mixture."""
        return "--pure" in self.flags

    @property
    def asks_rules(self) -> bool:
        """Whether `--tensor-type` and the mixture count at all."""
        return not (self.file_type.is_float or self.file_type.is_copy)


def parse(line: Line) -> Command:
    """Parse a command line; RecipeError points at what is wrong."""
    command = Command(line)
    place = _options(command)
    if command.included and command.excluded:
        where = line.where(line.words.index("--exclude-weights"))
        raise refused(
            "command-option",
            "--include-weights and --exclude-weights do not go together",
            where,
            why="llama-quantize refuses them too",
            fix="give one of them",
        )
    _files(command, place)
    return command


def _options(command: Command) -> int:
    """Read the options; return the index of the first word behind them."""
    words = command.line.words
    index = 0
    while index < len(words) and words[index].startswith("--"):
        option = words[index]
        if option in _FLAGS:
            command.flags.add(option)
        elif option in _VALUES:
            index += 1
            if index >= len(words):
                raise refused("command-value", f"{option} lacks its value", command.line.where(index), fix=_HOW[option])
            _value(command, option, index)
        else:
            _unknown(command.line, index)
        index += 1
    return index


def _value(command: Command, option: str, index: int) -> None:
    line, word = command.line, command.line.words[index]
    where = line.where(index)
    match option:
        case "--output-tensor-type":
            command.output_type = tensor_type(word, where)
        case "--token-embedding-type":
            command.embedding_type = tensor_type(word, where)
        case "--tensor-type":
            command.overrides.append(override(word, lambda start, end: line.where(index, start, end)))
        case "--tensor-type-file":
            command.overrides += listed(Path(word), where)
        case "--override-kv":
            command.metadata |= [overridden(word, where)]
        case "--prune-layers":
            _prune(line, index)
        case _:
            _imatrix(command, option, word)


def _imatrix(command: Command, option: str, word: str) -> None:
    """Note what is said about the imatrix; `--max-buffer-size` changes nothing in the file."""
    match option:
        case "--imatrix":
            command.imatrix = word
        case "--include-weights":
            command.included.append(word)
        case "--exclude-weights":
            command.excluded.append(word)


def _files(command: Command, index: int) -> None:
    """Read `IN [OUT] TYPE [THREADS]`."""
    line, words = command.line, command.line.words
    if len(words) - index < 2:  # noqa: PLR2004 - a file and a type
        what = "the command line names no model" if len(words) == index else "the command line names no file type"
        raise refused("command-files", what, line.where(len(words)), why=_ORDER, fix="add what is missing at its end")
    command.source = words[index]
    index += 1
    given = file_type(words[index])
    if given is None:
        command.output = words[index]
        index += 1
        given = file_type(words[index]) if index < len(words) else None
    if given is None:
        _no_type(line, index)
    command.file_type = given
    command.output = command.output or f"ggml-model-{given.name}.gguf"
    _threads(line, index + 1)


def _threads(line: Line, index: int) -> None:
    """Look at what stands behind the file type: a number of threads, which types do not depend on."""
    if index >= len(line.words):
        return
    if not line.words[index].lstrip("+-").isdigit():
        what = f"{shown(line.words[index])} stands where a number of threads is expected"
        raise refused(
            "command-files", what, line.where(index), why=_ORDER, fix="put options before the name of the model"
        )
    if index + 1 < len(line.words):
        what = f"{shown(line.words[index + 1])} stands behind the number of threads"
        why = "llama-quantize passes over it without a word"
        raise refused(
            "command-files", what, line.where(index + 1), why=why, fix="take it out, or put it first if it is an option"
        )


_ORDER = "the order is OPTIONS IN [OUT] TYPE [THREADS]"
_HOW = {
    "--output-tensor-type": "give a type: q8_0 say",
    "--token-embedding-type": "give a type: q8_0 say",
    "--tensor-type": "give PATTERN=TYPE: attn_v=q8_0 say",
    "--tensor-type-file": "give a file of PATTERN=TYPE",
    "--prune-layers": "give numbers of layers",
    "--override-kv": "give KEY=TYPE:VALUE: general.name=str:mine say",
    "--imatrix": "give the file",
    "--include-weights": "give a piece of a tensor's name",
    "--exclude-weights": "give a piece of a tensor's name",
    "--max-buffer-size": "give a number of MiB",
}


def _no_type(line: Line, index: int) -> NoReturn:
    index = min(index, len(line.words) - 1)  # with nothing behind it, the output's name is a type misspelt
    word = shown(line.words[index])
    what = f"{word} is no file type of llama-quantize"
    otherwise = "give one, Q4_K_M say; `llama-quantize --help` lists them"
    fix = did_you_mean(word.strip("'"), NAMES, otherwise=otherwise)
    raise refused("command-files", what, line.where(index), why=_ORDER, fix=fix)


def _unknown(line: Line, index: int) -> NoReturn:
    word = line.words[index]
    fix = did_you_mean(word, (*_FLAGS, *_VALUES), otherwise="`llama-quantize --help` lists its options")
    raise refused("command-option", f"llama-quantize has no option {shown(word)}", line.where(index), fix=fix)


def _prune(line: Line, index: int) -> NoReturn:
    raise refused(
        "command-unsupported",
        "--prune-layers cannot be a recipe",
        line.where(index - 1),
        why="a recipe says how a model's tensors are stored, and leaves none out",
        fix="prune with llama-quantize COPY first, and import a command line for what comes out",
    )
