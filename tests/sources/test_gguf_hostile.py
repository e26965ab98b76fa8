from pathlib import Path

import pytest
import yaml

from qrecipe.errors import SourceError
from qrecipe.sources.byte_string import open_bytes
from qrecipe.sources.gguf import open_gguf
from tests.sources.hostile_gguf import HOSTILE

MESSAGES = yaml.safe_load((Path(__file__).parents[1] / "cases" / "sources" / "gguf.yaml").read_text())


def test_every_broken_file_has_its_message():
    assert list(MESSAGES) == list(HOSTILE)


@pytest.mark.parametrize("name", HOSTILE)
def test_broken_file_is_refused_with_these_words(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("model.gguf").write_bytes(HOSTILE[name])
    with pytest.raises(SourceError) as caught:
        open_gguf(open_bytes([Path("model.gguf")]), "model.gguf")
    assert str(caught.value) == MESSAGES[name].rstrip("\n")
    assert all(diagnostic.fix for diagnostic in caught.value.diagnostics)
