"""The table of ggml types against the library and against gguf-py, and its look-ups."""

import gguf
import pytest

from qrecipe.codecs.ggml import library
from qrecipe.codecs.ggml.table import NO_STORAGE, TYPES, type_named, type_of_id

COUNT = 43


@pytest.mark.parametrize("type_", TYPES, ids=lambda type_: type_.name)
def test_the_library_stores_a_type_as_the_table_says(type_):
    traits = library._library().ggml_get_type_traits(type_.id).contents
    assert traits.type_name.decode().upper() == type_.name
    assert (traits.blck_size, traits.type_size) == (type_.block, type_.block_bytes)
    assert traits.is_quantized == (type_.kind == "block")


def test_every_id_that_ggml_has_is_a_type_or_has_a_reason():
    assert sorted([*(type_.id for type_ in TYPES), *NO_STORAGE]) == list(range(COUNT))


def test_names_are_unique():
    assert len({type_.name for type_ in TYPES}) == len(TYPES)


@pytest.mark.oracle
@pytest.mark.parametrize("type_", [type_ for type_ in TYPES if type_.name != "Q2_0"], ids=lambda type_: type_.name)
def test_gguf_py_knows_the_same_ids_and_sizes(type_):
    known = gguf.GGMLQuantizationType(type_.id)
    assert known.name == type_.name
    assert gguf.GGML_QUANT_SIZES[known] == (type_.block, type_.block_bytes)


@pytest.mark.parametrize("name", ["Q4_K", "q4_k", "q4_K"])
def test_names_are_found_whatever_their_case(name):
    assert type_named(name) is type_of_id(12)


def test_what_is_no_type_is_not_found():
    assert type_named("Q4_2") is None
    assert type_named("Q8_K") is None
    assert type_of_id(4) is None
    assert type_of_id(15) is None
    assert type_of_id(43) is None


def test_ids_without_storage_have_their_reason():
    assert NO_STORAGE[15] == ("Q8_K", "a type that ggml computes with and never stores")
    assert NO_STORAGE[5] == ("Q4_3", "a type that ggml removed")
    assert NO_STORAGE[33] == ("Q4_0_8_8", "a type that ggml removed: it repacks Q4_0 while loading")
