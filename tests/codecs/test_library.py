"""Finding and using ggml's library, and the words where that fails."""

import sys

import pytest

from qrecipe.codecs.ggml import library
from qrecipe.codecs.ggml.table import GgmlType, type_named
from qrecipe.errors import PluginError


@pytest.fixture
def fresh():
    """Forget the library before and after."""

    def forget():
        library._library.cache_clear()
        library._decoder.cache_clear()

    forget()
    yield
    forget()


def test_the_version_names_the_commit():
    assert library.version() == "0.20.2 (8c63e70)"


def test_a_missing_package(fresh, monkeypatch):
    monkeypatch.setattr(library, "_PACKAGE", "libggml_that_is_not_there")
    with pytest.raises(PluginError) as caught:
        library.version()
    assert str(caught.value) == (
        "error: ggml's library is not installed\n"
        f"why: the package libggml-python brings {library._file_name()}, which encodes and decodes all ggml types\n"
        "fix: pip install libggml-python"
    )


def test_a_file_that_is_no_library(fresh, monkeypatch, tmp_path):
    package = tmp_path / "broken_ggml"
    (package / "lib64").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('never imported')")
    (package / "lib64" / library._file_name()).write_bytes(b"not ELF")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(library, "_PACKAGE", "broken_ggml")
    with pytest.raises(PluginError) as caught:
        library.version()
    text = str(caught.value)
    assert text.startswith(f"error: cannot use ggml's library {package / 'lib64' / library._file_name()}\nwhy: ")
    assert text.endswith("\nfix: pip install --upgrade libggml-python")


def test_looking_for_the_library_does_not_import_the_package():
    library.version()
    assert "libggml" not in sys.modules


@pytest.mark.parametrize(
    ("type_", "why"),
    [
        (GgmlType("Q9_9", 43, 32, 18, "used", ""), "it does not know this type"),
        (GgmlType("Q4_0", 2, 32, 20, "used", ""), "its id 2 is q4_0 with blocks of 32 weights in 18 bytes"),
        (GgmlType("Q4_0", 3, 32, 18, "used", ""), "its id 3 is q4_1 with blocks of 32 weights in 20 bytes"),
    ],
)
def test_a_library_of_another_release(type_, why):
    with pytest.raises(PluginError) as caught:
        library.decode(type_, bytes(18), 32)
    assert str(caught.value) == (
        f"error: the installed ggml 0.20.2 (8c63e70) cannot encode and decode {type_.name}\n"
        f"why: {why}\n"
        "fix: pip install --upgrade libggml-python"
    )


@pytest.mark.parametrize(
    ("platform", "name"), [("linux", "libggml-base.so"), ("darwin", "libggml-base.dylib"), ("win32", "ggml-base.dll")]
)
def test_the_file_of_each_platform(platform, name, monkeypatch):
    monkeypatch.setattr(sys, "platform", platform)
    assert library._file_name() == name


def test_finite_scales_are_told_from_infinite_ones(capfd):
    q8_0 = type_named("Q8_0")
    assert library.is_finite(q8_0, bytes(34))
    assert not library.is_finite(q8_0, b"\x00\x7c" + bytes(32))
    assert "found inf" in capfd.readouterr().err
