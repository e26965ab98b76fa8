"""The reference page says what the code does."""

import re
import tomllib
from pathlib import Path

from qrecipe.backends.gguf.file_type import FILE_TYPES
from qrecipe.backends.gguf.options import GgufOptions

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "backend-gguf.md").read_text(encoding="utf-8")


def test_the_example_is_valid():
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (target,) = tomllib.loads(text)["targets"]
    assert target.pop("backend") == "gguf"
    assert target.pop("output") == "${name}.gguf"
    entries = GgufOptions.model_validate(target).overrides()
    assert [entry.key for entry in entries] == ["general.name", "general.file_type", "tokenizer.ggml.add_bos_token"]


def test_every_option_is_described():
    assert all(f"| `{name}` |" in PAGE for name in GgufOptions.model_fields)


def test_the_table_of_file_types_is_the_code_s():
    rows = re.findall(r"^\| (\w+) \| (\d+) \|$", PAGE, re.MULTILINE)
    assert {name: int(number) for name, number in rows} == FILE_TYPES
