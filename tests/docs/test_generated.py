"""The generated reference is what the code says; the plan's fields stay."""

import json
import re
from pathlib import Path

import pytest

import qrecipe
from tests.docs.generate import REFERENCE, pages

GOLDEN = Path(__file__).parent / "plan_fields.json"


@pytest.mark.parametrize(
    "name", ["cli.md", "api.md", "hooks.md", "errors.md", "plan.schema.json", "recipe.schema.json"]
)
def test_the_page_is_fresh(name):
    assert (REFERENCE / name).read_text(encoding="utf-8") == pages()[name], "run `python -m tests.docs.generate`"


def test_every_public_name_is_on_the_page():
    page = pages()["api.md"]
    missing = [name for name in qrecipe.__all__ if f"### {name}\n" not in page and f"qrecipe.{name}" not in page]
    assert missing == []


def test_examples_of_hooks_compile():
    examples = re.findall(r"```python\n(@qrecipe.*?)```", pages()["hooks.md"], re.DOTALL)
    assert len(examples) == 8
    for example in examples:
        compile(example, "hooks.md", "exec")


def test_no_field_of_the_plan_ever_vanishes():
    now = plan_fields()
    then = json.loads(GOLDEN.read_text())
    gone = {(model, name) for model, names in then.items() for name in names if name not in now.get(model, ())}
    assert gone == set(), "readers of plans count on these fields"


def test_the_list_of_fields_is_complete():
    assert json.loads(GOLDEN.read_text()) == plan_fields(), "add the new fields to tests/docs/plan_fields.json"


def plan_fields() -> dict[str, list[str]]:
    schema = qrecipe.plan_schema()
    models = {"plan": schema, **schema["$defs"]}
    return {name: sorted(model["properties"]) for name, model in sorted(models.items())}
