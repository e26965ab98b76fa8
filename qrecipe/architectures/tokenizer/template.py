"""Chat templates: from tokenizer_config.json, or else the files beside it.

`chat_template` in tokenizer_config.json wins, even null. Else chat_template.jinja, with what
`additional_chat_templates/` holds; else `chat_template` in chat_template.json. Several templates have names; the one
named `default` is the model's. Source: `gguf.SpecialVocab` and `GGUFWriter.add_chat_template` of llama.cpp, which
writes the names in no certain order: here they stand in the order of the templates, files by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from qrecipe.architectures.tokenizer import faults
from qrecipe.architectures.tokenizer.documents import SETTINGS, parsed, text
from qrecipe.architectures.tokenizer.files import TokenizerFiles
from qrecipe.architectures.tokenizer.table import string, strings
from qrecipe.types.metadata import MetadataEntry

_KEY = "tokenizer.chat_template"
_STRANGE = re.compile(r"[^A-Za-z0-9]")


class _Named(NamedTuple):
    name: str
    template: str


def template_entries(files: TokenizerFiles) -> Iterator[MetadataEntry]:
    """Yield the entries; none without tokenizer_config.json, as in the converter."""
    if not files.settings:
        return
    default, named = _templates(files)
    for name, template in named.items():
        if template:
            yield string(f"{_KEY}.{name}", template)
    if named:
        yield strings("tokenizer.chat_templates", [name.encode() for name in named])
    if default:
        yield string(_KEY, default)


def _templates(files: TokenizerFiles) -> tuple[str | None, dict[str, str]]:
    """Return the template without a name, and those with one."""
    if "chat_template" in (files.settings or {}):
        return _parted(files.setting("chat_template"), files.settings_path)
    jinja, old = files.folder / "chat_template.jinja", files.folder / "chat_template.json"
    if jinja.is_file():
        others = sorted((files.folder / "additional_chat_templates").glob("*.jinja"))
        named = dict(_filtered(_Named(path.stem, text(path)) for path in others))
        return named.pop("default", text(jinja)), named
    if old.is_file():
        return _parted(parsed(old, SETTINGS).get("chat_template"), old)
    return None, {}


def _parted(value: object, path: Path) -> tuple[str | None, dict[str, str]]:
    if value is None or isinstance(value, str):
        return value, {}
    if not isinstance(value, list):
        raise faults.malformed(path, "chat_template", "chat_template is neither text nor a list of templates")
    named = dict(_filtered(_checked(value, path)))
    return named.pop("default", None), named


def _checked(value: list[object], path: Path) -> Iterator[_Named]:
    for i, item in enumerate(value):
        place = f"chat_template[{i}]"
        if not isinstance(item, Mapping):
            raise faults.malformed(path, place, f"{place} is no object")
        name, template = item.get("name", ""), item.get("template")
        if not isinstance(name, str):
            raise faults.malformed(path, f"{place}.name", f"{place}.name is no text")
        if not (template is None or isinstance(template, str)):
            raise faults.malformed(path, f"{place}.template", f"{place}.template is no text")
        if template is not None:
            yield _Named(name, template)


def _filtered(templates: Iterator[_Named]) -> Iterator[_Named]:
    """Names become ASCII letters and digits, since they are part of a key."""
    return (_Named(_STRANGE.sub("_", name), template) for name, template in templates if name)
