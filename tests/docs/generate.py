"""Writes the generated reference: `python -m tests.docs.generate`. A test fails while a page is stale.

cli.md comes from the commands, api.md from the public names, hooks.md from the hook specifications and the protocols
that plug-ins implement, plan.schema.json from `qrecipe.plan_schema()`, recipe.schema.json from the model of a recipe
and the built-in backends, errors.md from the catalogue of tests/catalogue and what the tool said there.
"""

import json
from pathlib import Path

import qrecipe
from qrecipe.host.catalog import make_catalog
from qrecipe.recipe.schema import recipe_schema
from tests.docs.command_line import command_line_page
from tests.docs.errors_page import errors_page
from tests.docs.python_pages import api_page, hooks_page

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
NOTE = "<!-- Generated from the code by `python -m tests.docs.generate`. Do not edit. -->"


def pages() -> dict[str, str]:
    """Return every generated file's text by name."""
    return {
        "cli.md": f"{NOTE}\n\n{command_line_page()}",
        "api.md": f"{NOTE}\n\n{api_page()}",
        "hooks.md": f"{NOTE}\n\n{hooks_page()}",
        "errors.md": f"{NOTE}\n\n{errors_page()}",
        "plan.schema.json": _schema(qrecipe.plan_schema()),
        "recipe.schema.json": _schema(recipe_schema(make_catalog(discover=False).backends.values())),
    }


def _schema(schema: dict[str, object]) -> str:
    return json.dumps(schema, indent=1) + "\n"


def main() -> None:
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
