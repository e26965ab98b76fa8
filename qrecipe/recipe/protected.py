"""The shipped list of tensors that no rule reaches unless it says so: `lib/protected.toml`, a release and patterns.

The list is data with the tool, not part of any recipe. Besides it, a tensor may be protected by its nature or by its
architecture's own patterns; putting these together is the planner's work.
"""

from __future__ import annotations

from collections.abc import Iterable

from qrecipe.errors import Location
from qrecipe.recipe.document import read_document
from qrecipe.recipe.locate import KeyPath
from qrecipe.recipe.pattern import Pattern, parse_pattern
from qrecipe.recipe.shipped import shipped_folder
from qrecipe.recipe.variables import Variables


def protected_patterns(further: Iterable[str] = (), arch: str = "") -> tuple[tuple[Pattern, ...], str]:
    """Return the shipped patterns, then the `further` ones (an architecture's), and the release of the shipped list.

    Some of the shipped ones are for models of one architecture only (`arch`, as GGUF names it).
    """
    document = read_document(shipped_folder() / "lib" / "protected.toml", "lib:protected")
    of_arch = document.data["architectures"].get(arch, ())
    named: list[tuple[KeyPath, str]] = [(("names", index), name) for index, name in enumerate(document.data["names"])]
    named += [(("architectures", arch, index), name) for index, name in enumerate(of_arch)]
    listed = [parse_pattern(name, document.places.string(path, name), Variables()) for path, name in named]
    listed += [parse_pattern(name, Location(key_path="protected", text=name), Variables()) for name in further]
    return tuple(listed), str(document.data["release"])
