"""What the generated pages take from the code: names, signatures, fields and docstrings, read from its syntax trees.

Trees rather than live objects: annotations come out as they are written, whatever the Python that runs this.
"""

import ast
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

from tests.docs.docstring import Docstring, parse

Definition = ast.ClassDef | ast.FunctionDef
_LONG = 100


@cache
def tree_of(module: str) -> ast.Module:
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    return ast.parse(Path(spec.origin).read_text(encoding="utf-8"))


def definitions(module: str) -> dict[str, Definition]:
    """Return the classes and functions at the top of a module, in order."""
    return {node.name: node for node in tree_of(module).body if isinstance(node, Definition)}


def aliases(module: str) -> dict[str, tuple[str, str]]:
    """Return what a module's top gives a name and a docstring behind it: name → what it is, what it means."""
    found = {}
    for body in [tree_of(module).body, *(node.body for node in tree_of(module).body if isinstance(node, ast.If))]:
        for node, following in pairwise(body):
            if isinstance(node, ast.Assign) and (told := _text(following)) is not None:
                found[ast.unparse(node.targets[0])] = (ast.unparse(node.value), " ".join(told.split()))
    return found


def _text(node: ast.stmt) -> str | None:
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    return node.value.value if is_text else None  # type: ignore[attr-defined]


def module_docstring(module: str) -> str:
    return ast.get_docstring(tree_of(module)) or ""


def told(node: Definition) -> Docstring:
    return parse(ast.get_docstring(node) or "")


def mentioned(node: Definition) -> list[str]:
    """Return the names in a definition's annotations, itself left out, sorted."""
    found: set[str] = set()
    for part in ast.walk(node):
        for annotation in (getattr(part, "annotation", None), getattr(part, "returns", None)):
            if annotation is not None:
                found |= {each.id for each in ast.walk(annotation) if isinstance(each, ast.Name)}
    return sorted(found - {node.name})


def describe(name: str, node: Definition) -> str:
    """Return a section's body for a function or a class: signature, docstring, members."""
    if isinstance(node, ast.FunctionDef):
        return f"```python\n{signature(name, node)}\n```\n\n{told(node).markdown()}"
    docstring = told(node)
    members = [item for item in node.body if isinstance(item, ast.FunctionDef) and not item.name.startswith("_")]
    parts = [docstring.prose, _fields(node, docstring), "\n".join(map(_member, members)), docstring.examples]
    return "\n\n".join(part for part in parts if part)


def signature(name: str, node: ast.FunctionDef) -> str:
    """Return `name(…) -> …`, one parameter a line where it is long."""
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    parameters = _parameters(node.args)
    line = f"{name}({', '.join(parameters)}){returns}"
    if len(line) <= _LONG:
        return line
    inside = "".join(f"    {each},\n" for each in parameters)
    return f"{name}(\n{inside}){returns}"


def fields_of(node: ast.ClassDef) -> list[ast.AnnAssign | ast.Assign]:
    return [item for item in node.body if isinstance(item, ast.AnnAssign | ast.Assign)]


def _fields(node: ast.ClassDef, docstring: Docstring) -> str:
    """Return the fields: a table where the docstring tells each, else as they are written."""
    meanings = dict(docstring.sections.get("Attributes", ()))
    if not meanings:
        lines = "\n".join(map(ast.unparse, fields_of(node)))
        return f"```python\n{lines}\n```" if lines else ""
    rows = []
    for field in fields_of(node):
        written = ast.unparse(field)
        name, _, rest = written.partition(":")
        rows.append(f"| `{name}` | `{_cell(rest.strip())}` | {_cell(meanings.pop(name))} |")
    assert not meanings, f"{node.name} has no {', '.join(meanings)}"
    return "| field | type | meaning |\n|---|---|---|\n" + "\n".join(rows)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _member(node: ast.FunctionDef) -> str:
    docstring = told(node)
    prose = " ".join(docstring.prose.split())
    decorators = {ast.unparse(each) for each in node.decorator_list}
    returns = ast.unparse(node.returns) if node.returns else ""
    if "property" in decorators:
        return f"- `{node.name}: {returns}`: {prose}"
    arrow = f" -> {returns}" if returns else ""
    head = f"- `{node.name}({', '.join(_parameters(node.args))}){arrow}`: {prose}"
    return "\n".join((head, *(f"    - {line}" for line in docstring.lines())))


def _parameters(arguments: ast.arguments) -> list[str]:
    """Return each parameter as written, `self` and `cls` left out."""
    unheard_of = [arguments.posonlyargs, arguments.vararg, arguments.kwarg]
    assert not any(unheard_of)
    bare = [None] * (len(arguments.args) - len(arguments.defaults))
    plain = [_parameter(*pair) for pair in zip(arguments.args, (*bare, *arguments.defaults), strict=True)]
    keywords = [_parameter(*pair) for pair in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    return [each for each in plain if each not in ("self", "cls")] + (["*", *keywords] if keywords else [])


def _parameter(argument: ast.arg, default: ast.expr | None) -> str:
    return ast.unparse(argument) + ("" if default is None else f" = {ast.unparse(default)}")
