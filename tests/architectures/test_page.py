"""docs/reference/architectures.md: its tables are what the families do with the tiny models of `golden/convert_hf`."""

import json
import re
from collections import defaultdict
from pathlib import Path

import pytest

from qrecipe.architectures.builtin import ARCHITECTURES
from qrecipe.architectures.slots import plain_name
from qrecipe.types.transform import Add, Constant, Permute, Stack, stored_names
from tests.architectures.checkpoints import converted, family_of

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "architectures.md").read_text(encoding="utf-8")
GOLDENS = [
    json.loads(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "tests/golden/convert_hf").glob("*.json"))
]
FAMILIES = [family.name for family in ARCHITECTURES]
KINDS = {"UINT32": "u32", "INT32": "i32", "FLOAT32": "f32", "BOOL": "bool", "STRING": "string"}
WORDS = {Add: "+ 1", Permute: "permuted", Stack: "stacked", Constant: "made"}


def listed(families):
    return "all" if set(families) == set(FAMILIES) else ", ".join(name for name in FAMILIES if name in families)


def tensor_rows():
    """Return a row for each canonical name and what it is made of, with the families that do so."""
    found = defaultdict(set)
    for golden in GOLDENS:
        for tensor in converted(golden["config"], golden["shapes"]).tensors:
            numbers = (re.sub(r"\b\d+\b", "N", plain_name(name)) for name in stored_names(tensor.value))
            names = " ".join(f"`{name.replace('experts.N', 'experts.E')}`" for name in dict.fromkeys(numbers)) or "–"
            what = (WORDS.get(type(tensor.value), ""), "F32" if tensor.gguf_dtype else "")
            key = re.sub(r"^blk\.\d+", "blk.N", tensor.name)
            found[key, names, *what].add(family_of(golden["config"]).name)
    order = sorted(found, key=lambda row: (row[0].startswith("blk."), row[0].split(".")[-2:], row))
    return [f"| `{row[0]}` | {' | '.join(row[1:])} | {listed(found[row])} |" for row in order]


def key_rows():
    """Return a row for each metadata key, with the families that write it in some tiny model."""
    found = defaultdict(set)
    for golden in GOLDENS:
        family = family_of(golden["config"]).name
        for case in golden["cases"].values():
            for line in case["metadata"]:
                key, kind, *rest = line.split(" ")
                if not key.startswith("general."):
                    of = f"array of {KINDS[rest[0]]}" if kind == "ARRAY" else KINDS[kind]
                    found[key.replace(f"{family}.", "FAMILY."), of].add(family)
    return [f"| `{key}` | {kind} | {listed(families)} |" for (key, kind), families in sorted(found.items())]


def section(title):
    """Return the rows of the table in a section, without its head."""
    (text,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return [line for line in text.splitlines() if line.startswith("| `")]


def test_tensors():
    assert section("Tensors") == tensor_rows()


def test_metadata():
    assert section("Metadata") == key_rows()


@pytest.mark.parametrize("family", ARCHITECTURES, ids=lambda family: family.name)
def test_classes(family):
    classes = ", ".join(f"`{name}`" for name in family.models)
    assert [row.split(" | ")[1] for row in section("Families") if row.startswith(f"| `{family.name}` |")] == [classes]


def test_every_family_has_a_row():
    assert [row.split("`")[1] for row in section("Families")] == FAMILIES
