"""Writes the generated reference: `python -m tests.docs.generate`. A test fails while a page is stale.

cli.md comes from the commands, api.md from the public names, hooks.md from the hook specifications and the protocols
that plug-ins implement, plan.schema.json from `qrecipe.plan_schema()`.
"""

import ast
import json
from pathlib import Path

import qrecipe
from tests.docs.command_line import command_line_page
from tests.docs.source_text import definitions, describe, module_docstring, prose

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
NOTE = "<!-- Generated from the code by `python -m tests.docs.generate`. Do not edit. -->"
HOMES = (  # where public names are defined; the first that has one counts
    "qrecipe.api.building",
    "qrecipe.api.looking",
    "qrecipe.api.questions",
    "qrecipe.errors",
    "qrecipe.planner.explain",
    "qrecipe.planner.plan",
)
PROTOCOLS = {  # hook → what its items are, with the module
    "qrecipe_formats": ("Format", "qrecipe.types.format"),
    "qrecipe_fits": ("Fit", "qrecipe.types.format"),
    "qrecipe_backends": ("Backend", "qrecipe.types.target"),
    "qrecipe_sources": ("Source", "qrecipe.types.source"),
    "qrecipe_architectures": ("Architecture", "qrecipe.types.architecture"),
    "qrecipe_executors": ("Executor", "qrecipe.types.task"),
    "qrecipe_functions": (None, ""),
    "qrecipe_dialects": ("Dialect", "qrecipe.types.dialect"),
}
ABOUT_API = """\
`import qrecipe` loads nothing; each name loads what it needs on first use. Functions return values and print nothing.
Whatever is wrong with the input is a [`QrecipeError`](errors-how-to-read.md). Names that are not on this page or on
that of [hooks](hooks.md) may change in any release.

`qrecipe.__version__` is the version, `qrecipe.hookimpl` marks a plug-in's [hooks](hooks.md)."""
ABOUT_HOOKS = """\
[Write a plug-in](../how-to/write-a-plug-in.md) goes through one from start to end. In a plug-in's `pyproject.toml`:
`[project.entry-points.qrecipe]`, then `anything = "its_module"`."""
VALUES = ("tensor", "source", "format", "decision", "target", "task", "event", "metadata")


def pages() -> dict[str, str]:
    """Return every generated file's text by name."""
    return {
        "cli.md": f"{NOTE}\n\n{command_line_page()}",
        "api.md": f"{NOTE}\n\n{api_page()}",
        "hooks.md": f"{NOTE}\n\n{hooks_page()}",
        "plan.schema.json": json.dumps(qrecipe.plan_schema(), indent=1) + "\n",
    }


def api_page() -> str:
    found = {name: node for home in reversed(HOMES) for name, node in definitions(home).items()}
    functions = [name for name in qrecipe.__all__ if name.islower() and name in found]
    errors = [name for name in qrecipe.__all__ if name.endswith("Error")]
    values = [name for name in qrecipe.__all__ if name in found and name not in (*functions, *errors)]
    return (
        "\n\n".join(
            (
                "# The Python API",
                ABOUT_API,
                "## Functions",
                *(f"### {name}\n\n{describe(f'qrecipe.{name}', found[name])}" for name in functions),
                "## Values",
                "Frozen dataclasses.",
                *(f"### {name}\n\n{describe(name, found[name])}" for name in values),
                "## Errors",
                *(f"### {name}\n\n{_error(found[name])}" for name in errors),
            )
        )
        + "\n"
    )


def hooks_page() -> str:
    hooks = {name: node for name, node in definitions("qrecipe.hooks").items() if name.startswith("qrecipe_")}
    assert list(hooks) == list(PROTOCOLS)
    about = module_docstring("qrecipe.hooks").split("\n\n", 1)[1]
    return (
        "\n\n".join(
            (
                "# Hooks",
                about,
                ABOUT_HOOKS,
                *(_hook(name, node) for name, node in hooks.items()),
                "## Values that pass through",
                "Frozen dataclasses, and one enumeration, of `qrecipe.types`.",
                *(
                    _value(name, node)
                    for module in VALUES
                    for name, node in definitions(f"qrecipe.types.{module}").items()
                    if isinstance(node, ast.ClassDef) and not _is_protocol(node)
                ),
                "## Protocols that are handed in",
                f"### Checkpoint\n\n{describe('Checkpoint', definitions('qrecipe.types.source')['Checkpoint'])}",
            )
        )
        + "\n"
    )


def _hook(name: str, node: ast.ClassDef | ast.FunctionDef) -> str:
    what, _, example = prose(node).partition("\n\n")
    text = f"## {name}\n\n{what}\n\n```python\n{example}\n```"
    protocol, module = PROTOCOLS[name]
    if protocol is None:
        return text
    return f"{text}\n\n### {protocol}\n\n{describe(protocol, definitions(module)[protocol])}"


def _value(name: str, node: ast.ClassDef) -> str:
    return f"### {name}\n\n{describe(name, node)}"


def _error(node: ast.ClassDef | ast.FunctionDef) -> str:
    return prose(node)


def _is_protocol(node: ast.ClassDef) -> bool:
    return any(ast.unparse(base) == "Protocol" for base in node.bases)


def main() -> None:
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
