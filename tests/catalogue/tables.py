"""The case tables that other tests hold to whole messages, run again for the catalogue: which code says which text.

A row is a name, what the table says that is printed, and what provokes it. Nothing is written down twice: inputs and
messages are those of the tables under `cases/` and of the builders of broken files beside their tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from qrecipe.errors import Diagnostic
from qrecipe.inventory.compact import read_inventory
from qrecipe.recipe.document import parse_document
from qrecipe.recipe.model import written
from qrecipe.recipe.shipped import shipped_bases, shipped_recipes
from tests.dialects import importing
from tests.inventory import test_compact
from tests.planner import test_resolve
from tests.recipe import languages, test_chain, test_condition, test_extend, test_pattern
from tests.sources import test_gguf_split, test_hostile, test_local

CASES = Path(__file__).parents[1] / "cases"


@dataclass(frozen=True, slots=True)
class Row:
    """`provoke` runs in an empty working folder; it raises a QrecipeError or returns diagnostics."""

    name: str
    expected: str
    provoke: Callable[[], Iterable[Diagnostic] | object]


def rows() -> Iterator[Row]:
    """Yield every row of every table that has whole messages."""
    for table in (_files, _languages, _chains, _families, _planner, _sources, _local, _splits, _inventories, _dialects):
        yield from table()


def _read(file: str):
    return yaml.safe_load((CASES / file).read_text(encoding="utf-8"))


def _files() -> Iterator[Row]:
    for file in ("recipe/model_toml.yaml", "recipe/model.yaml"):
        for row in _read(file):
            yield Row(row["case"], row["error"], lambda row=row: written(parse_document(row["text"], Path(), "f.toml")))


def _languages() -> Iterator[Row]:
    for row in _read("recipe/condition_errors.yaml"):
        given = row["when"], languages.variables_of(row)
        yield Row(row["name"], row["message"], lambda given=given: test_condition.condition(*given))
    for row in _read("recipe/pattern_errors.yaml"):
        given = row["match"], languages.variables_of(row)
        yield Row(row["name"], row["message"], lambda given=given: test_pattern.pattern(*given))


def _chains() -> Iterator[Row]:
    for row in _read("recipe/chain_faults.yaml"):
        yield Row(row["case"], row["error"], lambda row=row: test_chain.bound(row["text"]))


def _families() -> Iterator[Row]:
    bases, recipes = ", ".join(f"lib:{name}" for name in shipped_bases()), ", ".join(shipped_recipes())
    for row in _read("recipe/extend_faults.yaml"):
        text = row["error"].replace("<bases>", bases).replace("<shipped>", recipes)
        yield Row(
            row["case"], text, lambda row=row: (test_extend.written(Path(), row["files"]), test_extend.loaded(row))
        )


def _planner() -> Iterator[Row]:
    for row in _read("planner/faults.yaml"):
        if "errors" in row:
            yield Row(row["name"], row["errors"], lambda row=row: _resolved(row))


def _resolved(row) -> tuple[Diagnostic, ...]:
    return test_resolve.resolved(row["recipe"], test_resolve.model(row), imatrix=test_resolve.imatrix(row)).errors


def _sources() -> Iterator[Row]:
    for part, name in test_hostile.CASES:
        files, opener = test_hostile.PARTS[part]
        yield Row(name, test_hostile.MESSAGES[part][name], lambda opener=opener, data=files[name]: opener(data))


def _local() -> Iterator[Row]:
    for name, (files, reference) in test_local.BROKEN.items():
        yield Row(name, test_local.MESSAGES[name], lambda files=files, reference=reference: _opened(files, reference))


def _opened(files: dict[str, bytes], reference: str) -> object:
    test_local.write(files)
    return test_local.LocalSource().open(reference, Path())


def _splits() -> Iterator[Row]:
    for name, changed in test_gguf_split.BROKEN.items():
        yield Row(name, test_gguf_split.MESSAGES[name], lambda changed=changed: _opened_split(changed))


def _opened_split(changed: dict[str, bytes | None]) -> object:
    test_gguf_split.model(**changed)
    return test_gguf_split.opened("renamed.gguf" if "renamed" in changed else "m-00003-of-00003.gguf")


def _inventories() -> Iterator[Row]:
    for name, text in test_compact.BROKEN.items():
        yield Row(name, test_compact.MESSAGES[name], lambda text=text: _read_inventory(text))


def _read_inventory(text: str | None) -> object:
    if text is not None:
        Path("model.json").write_text(text)
    return read_inventory(Path("model.json"))


def _dialects() -> Iterator[Row]:
    for row in _read("dialects/llama_quantize_faults.yaml"):
        yield Row(row["name"], row["says"], lambda row=row: importing.told(row))
