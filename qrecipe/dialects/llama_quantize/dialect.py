"""The dialect `llama-quantize`: a command line becomes a recipe upon the shipped mixture of its file type."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from qrecipe.dialects.llama_quantize.command import Command, parse
from qrecipe.dialects.llama_quantize.faults import line_of
from qrecipe.dialects.llama_quantize.rules import Rule, Rules
from qrecipe.errors import Diagnostic, printable
from qrecipe.planner.protect import protected_tensors
from qrecipe.recipe.protected import protected_patterns
from qrecipe.recipe.reference import without_folder
from qrecipe.recipe.toml_text import toml_value
from qrecipe.types.dialect import Imported

if TYPE_CHECKING:
    from qrecipe.types.dialect import DialectModel


class LlamaQuantize:
    """Command lines of llama.cpp's llama-quantize, build 11434."""

    name = "llama-quantize"

    def source(self, words: Sequence[str]) -> str:
        """Return the model that the command line names."""
        return parse(line_of(words)).source

    def read(
        self, words: Sequence[str], source: str, model: DialectModel | None, moved: Callable[[str], str]
    ) -> Imported:
        """Return the recipe."""
        command = parse(line_of(words))
        rules = Rules(command, model, _quantized(model))
        if command.imatrix is not None and model is not None and not any(map(rules.weighted, rules.quantized)):
            rules.findings.append(_no_data_left(command))
            command.imatrix = None
        made = rules.make()

        def types() -> Mapping[str, str]:
            text = f'extends = ["{command.file_type.base}"]\n' + "".join(map(str, made))
            return {} if model is None else model.types(text, imatrix=True)

        first = list(rules.without_imatrix(types))
        if first:  # they may take all that a later rule was for
            made = [replace(rule, optional=True) for rule in made]
        if command.imatrix is not None:
            command.imatrix = moved(command.imatrix)
        if "--keep-split" in command.flags:
            rules.findings.append(_one_file(command))
        return Imported("".join(_lines(command, source, [*first, *made])), tuple(rules.findings))


def _quantized(model: DialectModel | None) -> Sequence[str]:
    """Return the tensors that llama-quantize may touch."""
    if model is None:
        return ()
    inventory = model.inventory
    protected = protected_tensors(inventory, *protected_patterns(inventory.protected, inventory.arch))
    return [tensor.name for tensor in inventory.tensors if tensor.name not in protected]


def _lines(command: Command, source: str, rules: Sequence[Rule]) -> Iterator[str]:
    output = without_folder(command.output)
    yield f"# {printable(command.line.text)}\nqrecipe = 1\n"
    yield f"name = {toml_value(_name(output))}\n"
    yield f"source = {toml_value(source)}\n"
    if command.imatrix is not None:
        yield f"imatrix = {toml_value(command.imatrix)}\n"
    if "--allow-requantize" in command.flags:
        yield "requantize = true  # --allow-requantize\n"
    yield f"extends = [{toml_value(command.file_type.base)}]\n"
    yield from map(str, rules)
    yield f'\n[[targets]]\nbackend = "gguf"\noutput = {toml_value(output)}\n'
    if metadata := _metadata(command):
        yield f"metadata = {toml_value(metadata)}\n"


def _metadata(command: Command) -> dict[str, object]:
    """Return what llama-quantize writes besides, in its order: the file type's number, then the overrides."""
    number = {} if command.file_type.is_copy else {"general.file_type": command.file_type.id}
    return {**number, **command.metadata}


def _name(output: str) -> str:
    stem = output.removesuffix(".gguf")
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-.") or "imported"


def _no_data_left(command: Command) -> Diagnostic:
    option = "--include-weights" if command.included else "--exclude-weights"
    return Diagnostic(
        "command-ignored",
        f"--imatrix is left out: {option} leaves no tensor that it has data for",
        command.line.where(command.line.words.index(option)),
        why="llama-quantize chooses types as without an imatrix then",
        fix="correct the piece of a name, if an imatrix was meant to be used",
        severity="warning",
    )


def _one_file(command: Command) -> Diagnostic:
    return Diagnostic(
        "command-ignored",
        "--keep-split is left out: the recipe makes one file",
        command.line.where(command.line.words.index("--keep-split")),
        why="tensors and types are those of the split; only the order of tensors differs",
        fix="split what comes out with llama-gguf-split, if it must be in shards",
        severity="warning",
    )
