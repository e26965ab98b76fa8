"""The reference pages of the two backends say what their code does: keys, types that are carried, findings."""

import ast
import re
import tomllib
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
PACKAGES = {"compressed-tensors": "qrecipe_compressed_tensors", "torchao": "qrecipe_torchao"}
MODELS = {"compressed-tensors": "CompressedTensorsOptions", "torchao": "TorchaoOptions"}
INSTALLED = [
    pytest.param(
        name, marks=pytest.mark.skipif(find_spec(package) is None, reason=f"pip install ./plugins/qrecipe-{name}")
    )
    for name, package in PACKAGES.items()
]
pytestmark = pytest.mark.parametrize("backend", INSTALLED)


def text_of(backend):
    return (REFERENCE / f"backend-{backend}.md").read_text(encoding="utf-8")


def table(backend, first):
    """Return the rows of the table whose head begins with these columns, without the head."""
    page = text_of(backend)
    lines = page[page.index(f"| {first} |") :].split("\n\n", 1)[0].splitlines()
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))] for line in lines[2:]]


def options(backend):
    return getattr(import_module(f"{PACKAGES[backend]}.options"), MODELS[backend])


def test_the_example_is_valid(backend):
    (example,) = re.findall(r"```toml\n(.*?)```", text_of(backend), re.DOTALL)
    (target,) = tomllib.loads(example)["targets"]
    common = {key: target.pop(key, None) for key in ("backend", "profile", "output")}
    assert common["backend"] == backend
    assert options(backend).model_validate(target).model_fields_set == set(target)


def test_every_key_is_there_with_its_default(backend):
    listed = {row[0].strip("`"): row[1].strip("`") for row in table(backend, "key | default")}
    for common in ("output", "profile"):
        del listed[common]
    written = {name: field.default for name, field in options(backend).model_fields.items()}
    assert listed == {name: str(value).lower() if value is False else str(value) for name, value in written.items()}


def test_every_value_of_a_key_is_named(backend):
    page = text_of(backend)
    for field in options(backend).model_fields.values():
        for value in getattr(field.annotation, "__args__", ()):
            assert f"`{value}`" in page, value


def test_every_finding_is_there_with_its_severity(backend):
    folder = Path(import_module(PACKAGES[backend]).__file__).parent
    found = dict(finding for file in folder.glob("*.py") for finding in findings(file))
    assert {row[0].strip("`"): row[1] for row in table(backend, "code | severity")} == found


def test_every_carried_type_is_there(backend):
    carried = import_module(f"{PACKAGES[backend]}.carried")
    types = carried.TYPES if backend == "torchao" else {each.name: each for each in carried._TYPES}
    first = "type | stored as"
    rows = {row[0].strip("`"): (row[1].strip("`"), row[2]) for row in table(backend, first)}
    assert rows == {name: (f"int{each.width}(group={each.group})", each.scale) for name, each in types.items()}
    if backend == "compressed-tensors":
        kept = {row[0].strip("`"): row[3] for row in table(backend, first)}
        assert kept == {
            name: each.kept or ("all" if each.scale == "F16" else "not stored") for name, each in types.items()
        }


def findings(file):
    """Yield code and severity of each diagnostic that a module makes, and codes that it hands on as arguments."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        if name == "Diagnostic" and isinstance(node.args[0], ast.Constant):
            severity = next((word.value.value for word in node.keywords if word.arg == "severity"), "error")
            yield node.args[0].value, severity
        elif name == "_faults":
            yield from ((text, "error") for text in texts)
