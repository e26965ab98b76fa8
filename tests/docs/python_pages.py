"""The pages on the Python API and on the hooks, from signatures and docstrings.

api.md has every name of `qrecipe.__all__`, and the values that those hand out; hooks.md the hooks, the protocols that
plug-ins implement, and the values of `qrecipe.types` that pass through them. Under each section stand links to the
names in its annotations, wherever they are described.
"""

import ast
from functools import cache
from itertools import chain

import qrecipe
from tests.docs.source_text import Definition, aliases, definitions, describe, mentioned, module_docstring, told

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
that of [hooks](hooks.md) may change in any release. Sizes are bytes, shapes stand outermost first, places count from 0
and lines from 1, unless it is said otherwise.

`qrecipe.__version__` is the version, `qrecipe.hookimpl` marks a plug-in's [hooks](hooks.md)."""
ABOUT_HOOKS = """\
[Write a plug-in](../how-to/write-a-plug-in.md) goes through one from start to end, [add an
architecture](../how-to/add-an-architecture.md) through one for a family of models. In a plug-in's `pyproject.toml`:
`[project.entry-points.qrecipe]`, then `anything = "its_module"`."""
HANDED_OUT = {  # reached through public values, not to be made by callers
    "Imatrix": "qrecipe.planner.plan",
    "Survival": "qrecipe.types.verification",
}
HANDED_IN = {"Checkpoint": "qrecipe.types.source", "DialectModel": "qrecipe.types.dialect"}
NOUNS = tuple(
    f"qrecipe.types.{name}"
    for name in (
        "tensor",
        "architecture",
        "transform",
        "source",
        "origin",
        "format",
        "scheme",
        "decision",
        "target",
        "artifact",
        "lock",
        "task",
        "event",
        "metadata",
    )
)
ALIASES = {  # page → modules whose aliases it lists
    "api.md": (
        "qrecipe.api.imatrices",
        "qrecipe.api.outcome",
        "qrecipe.errors",
        "qrecipe.planner.explain",
        "qrecipe.planner.facts",
        "qrecipe.types.evaluation",
    ),
    "hooks.md": NOUNS,
}


def api_page() -> str:
    found = public()
    functions = [name for name, node in found.items() if isinstance(node, ast.FunctionDef)]
    errors = [name for name in found if name.endswith("Error")]
    values = [name for name in found if name not in (*functions, *errors)]
    sections = (
        "# The Python API",
        ABOUT_API,
        "## Functions",
        *(_section(name, found[name], "api.md") for name in functions),
        "## Values",
        "Frozen dataclasses.",
        *(_section(name, found[name], "api.md") for name in values),
        "## Errors",
        *(f"### {name}\n\n{told(found[name]).markdown()}" for name in errors),
        _aliases("api.md"),
    )
    return "\n\n".join(sections) + "\n"


def hooks_page() -> str:
    hooks = {name: node for name, node in definitions("qrecipe.hooks").items() if name.startswith("qrecipe_")}
    assert list(hooks) == list(PROTOCOLS)
    sections = (
        "# Hooks",
        module_docstring("qrecipe.hooks").split("\n\n", 1)[1],
        ABOUT_HOOKS,
        *(_hook(name, node) for name, node in hooks.items()),
        "## Values that pass through",
        "Frozen dataclasses, and one enumeration, of `qrecipe.types`.",
        *(_section(name, node, "hooks.md") for name, node in nouns().items()),
        "## Protocols that are handed in",
        *(_section(name, definitions(module)[name], "hooks.md") for name, module in HANDED_IN.items()),
        _aliases("hooks.md"),
    )
    return "\n\n".join(sections) + "\n"


@cache
def public() -> dict[str, Definition]:
    """Return the definitions behind the names of `qrecipe.__all__`, and those that they hand out."""
    objects = {name: getattr(qrecipe, name) for name in qrecipe.__all__ if name not in ("__version__", "hookimpl")}
    homes = {name: item.__module__ for name, item in objects.items()} | HANDED_OUT
    return {name: definitions(home)[name] for name, home in sorted(homes.items())}


@cache
def nouns() -> dict[str, ast.ClassDef]:
    """Return the values of `qrecipe.types` that are not public names themselves."""
    every = chain.from_iterable(definitions(module).items() for module in NOUNS)
    return {
        name: node
        for name, node in every
        if isinstance(node, ast.ClassDef) and not _is_protocol(node) and name not in public()
    }


@cache
def described() -> dict[str, str]:
    """Return every name that has a place on the two pages → page#anchor."""
    api = (*public(), *chain.from_iterable(map(aliases, ALIASES["api.md"])))
    protocols = [name for name, _ in PROTOCOLS.values() if name is not None]
    hooks = (*nouns(), *protocols, *HANDED_IN, *chain.from_iterable(map(aliases, ALIASES["hooks.md"])))
    anchors = {name: _heading(name).replace(".", "").lower() for name in (*api, *hooks)}
    return {name: f"{page}#{anchors[name]}" for page, names in (("api.md", api), ("hooks.md", hooks)) for name in names}


def _heading(name: str) -> str:
    """Return what stands above a section: functions of `qrecipe` with its name, lest `plan` be taken for `Plan`."""
    return f"qrecipe.{name}" if isinstance(public().get(name), ast.FunctionDef) else name


def _section(name: str, node: Definition, page: str) -> str:
    places = described()
    links = [f"[{each}]({places[each].removeprefix(page)})" for each in mentioned(node) if each in places]
    see = f"\n\nSee {', '.join(links)}." if links else ""
    return f"### {_heading(name)}\n\n{describe(_heading(name), node)}{see}"


def _hook(name: str, node: Definition) -> str:
    what, _, example = told(node).prose.partition("\n\n")
    text = f"## {name}\n\n{what}\n\n```python\n{example}\n```"
    protocol, module = PROTOCOLS[name]
    return text if protocol is None else f"{text}\n\n{_section(protocol, definitions(module)[protocol], 'hooks.md')}"


def _aliases(page: str) -> str:
    """Return the names that stand for other types."""
    found = {name: told for module in ALIASES[page] for name, told in aliases(module).items()}
    sections = (f"### {name}\n\n`{value}`\n\n{meaning}" for name, (value, meaning) in sorted(found.items()))
    return "\n\n".join(("## Names in signatures", *sections))


def _is_protocol(node: ast.ClassDef) -> bool:
    return any(ast.unparse(base) == "Protocol" for base in node.bases)
