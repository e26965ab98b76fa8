"""What the generated pages take from the code: names, signatures, fields and docstrings, read from its syntax trees.

Trees rather than live objects: annotations come out as they are written, whatever the Python that runs this.
"""

import ast
import re
from importlib.util import find_spec
from pathlib import Path

Definition = ast.ClassDef | ast.FunctionDef
_LONG = 100


def definitions(module: str) -> dict[str, Definition]:
    """Return the classes and functions at the top of a module, in order."""
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, Definition)}


def module_docstring(module: str) -> str:
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    return ast.get_docstring(ast.parse(Path(spec.origin).read_text(encoding="utf-8"))) or ""


def describe(name: str, node: Definition) -> str:
    """Return a section's body for a function or a class: signature, docstring, members."""
    if isinstance(node, ast.FunctionDef):
        return f"```python\n{signature(name, node)}\n```\n\n{prose(node)}"
    parts = [prose(node)]
    fields = [item for item in node.body if isinstance(item, ast.AnnAssign | ast.Assign)]
    if fields:
        parts.append("```python\n" + "\n".join(map(ast.unparse, fields)) + "\n```")
    members = [item for item in node.body if isinstance(item, ast.FunctionDef) and not item.name.startswith("_")]
    if members:
        parts.append("\n".join(map(_member, members)))
    return "\n\n".join(parts)


def signature(name: str, node: ast.FunctionDef) -> str:
    """Return `name(…) -> …`, one parameter a line where it is long."""
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    parameters = _parameters(node.args)
    line = f"{name}({', '.join(parameters)}){returns}"
    if len(line) <= _LONG:
        return line
    inside = "".join(f"    {each},\n" for each in parameters)
    return f"{name}(\n{inside}){returns}"


def prose(node: Definition | ast.Module) -> str:
    """Return a docstring as Markdown: `Args:` and `Raises:` become lists, indented code a block."""
    text = ast.get_docstring(node) or ""
    text = re.sub(r"^(Args|Raises):\n((?:    .*\n?)+)", _listed, text, flags=re.MULTILINE)
    return text.strip()


def _listed(section: re.Match[str]) -> str:
    rows = re.findall(r"^    (\w+): (.*)$", section[2], re.MULTILINE)
    heading = {"Args": "Arguments", "Raises": "Raises"}[section[1]]
    return f"{heading}:\n\n" + "\n".join(f"- `{name}`: {text}" for name, text in rows) + "\n"


def _member(node: ast.FunctionDef) -> str:
    told = " ".join((ast.get_docstring(node) or "").split())
    decorators = {ast.unparse(each) for each in node.decorator_list}
    if "property" in decorators:
        return f"- `{node.name}: {ast.unparse(node.returns) if node.returns else ''}`: {told}"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"- `{node.name}({', '.join(_parameters(node.args))}){returns}`: {told}"


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
