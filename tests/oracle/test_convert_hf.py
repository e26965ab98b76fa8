"""qrecipe against llama.cpp's converter and against transformers, on tiny checkpoints of every architecture."""

import pytest

from tests.oracle.convert_hf import checkpoints, compare, goldens, ours, results, tiny_tokenizers
from tests.oracle.convert_hf.families import FAMILIES, Case
from tests.oracle.convert_hf.goldens import Contents
from tests.oracle.convert_hf.results import Results

pytestmark = pytest.mark.oracle
CASES = [(family, case) for family in FAMILIES for case in family.cases]
every_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
EXACT, TABLE = 5e-5, 1e-2  # llama.cpp looks GELU up in a table of float16; SiLU it computes


@pytest.mark.slow
@pytest.mark.parametrize(("family", "case"), CASES, ids=[f"{family.name}-{case.name}" for family, case in CASES])
def test_the_file_is_the_converters_byte_for_byte(family, case, tmp_path, capsys):
    expected = goldens.read_case(family, case.name)
    assert compare.check(family, case, tmp_path) == 0, capsys.readouterr().out
    tensors, keys = len(expected.tensors), len(expected.metadata)
    assert capsys.readouterr().out == (
        f"{family.name} {case.name}: {tensors} of {tensors} tensors, {keys} of {keys} keys equal; file equal\n"
    )


@pytest.mark.model
@pytest.mark.slow
@every_family
def test_llama_cpp_computes_what_transformers_computes(family, tmp_path):
    built = tmp_path / "built.gguf"
    ours.build(checkpoints.write(family, family.cases[0].stored, tmp_path), "F32", family.pre, built)
    expected, found = goldens.read_results(family), results.of_llama_cpp(family, built)
    assert found.tokens == expected.tokens
    assert expected.farthest(found) < (TABLE if family.name.startswith("gemma") else EXACT)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gemma4-e2b", "gemma3", "llama", "mixtral"])
def test_the_goldens_are_what_transformers_says(name, tmp_path):
    pytest.importorskip("torch", reason="pip install -e '.[oracle]' (torch, 200 MB)")
    pytest.importorskip("transformers", reason="pip install -e '.[oracle]'")
    from tests.oracle.convert_hf import shapes  # noqa: PLC0415

    family = next(family for family in FAMILIES if family.name == name)
    assert shapes.of(family) == goldens.read_model(family)
    found = results.of_transformers(family, checkpoints.write(family, family.cases[0].stored, tmp_path))
    assert found.tokens == goldens.read_results(family).tokens
    assert goldens.read_results(family).farthest(found) < EXACT


@every_family
def test_there_is_a_golden_for_each_case_and_no_other(family):
    assert goldens.cases(family) == sorted(case.name for case in family.cases)


def test_every_family_has_its_golden_file_and_no_other():
    assert sorted(path.stem for path in goldens.FOLDER.iterdir()) == sorted(family.name for family in FAMILIES)


@pytest.mark.parametrize("kind", tiny_tokenizers.KINDS)
def test_made_up_vocabularies_are_read_by_their_own_libraries(kind, tmp_path):
    for name, data in tiny_tokenizers.KINDS[kind](None).items():
        (tmp_path / name).write_bytes(data)
    if kind.startswith("sentencepiece"):
        from sentencepiece import SentencePieceProcessor  # noqa: PLC0415

        pieces = SentencePieceProcessor(model_file=str(tmp_path / "tokenizer.model"))
        assert pieces.decode(pieces.encode("the people 7")) == "the people 7"
    else:
        from tokenizers import Tokenizer  # noqa: PLC0415

        whole = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
        assert whole.get_vocab_size() == tiny_tokenizers.TOKENS
        assert whole.decode(whole.encode("the people 7").ids) == "the people 7"


LINES = Contents("file", ("a F32 [2] 1", "b F32 [2] 2"), ("k UINT32 1",))


def test_what_differs_is_told(capsys):
    assert compare.report("m", LINES, Contents("other", ("a F32 [2] 1", "b F32 [2] 3"), ("k UINT32 1",))) == 1
    assert capsys.readouterr().out == (
        "m: 1 of 2 tensors, 1 of 1 keys equal; file DIFFERENT\n  - b F32 [2] 2\n  + b F32 [2] 3\n"
    )


def test_another_order_is_a_difference(capsys):
    assert compare.report("m", LINES, Contents("other", LINES.tensors[::-1], LINES.metadata)) == 1
    assert capsys.readouterr().out == (
        "m: 2 of 2 tensors, 1 of 1 keys equal; file DIFFERENT\n  order: a F32 [2] 1 expected, found b F32 [2] 2\n"
    )


def test_a_file_that_differs_elsewhere_fails(capsys):
    assert compare.report("m", LINES, Contents("other", LINES.tensors, LINES.metadata)) == 1
    assert capsys.readouterr().out == "m: 2 of 2 tensors, 1 of 1 keys equal; file DIFFERENT\n"


def test_a_missing_golden_is_an_error():
    with pytest.raises(SystemExit) as error:
        goldens.read_case(FAMILIES[0], Case("F32", "Q9_Z").name)
    assert str(error.value) == (
        "error: no golden of gemma4-e2b F32-Q9_Z\nfix: `python -m tests.oracle.convert_hf make` makes it"
    )


def test_a_token_that_the_other_lacks_is_infinitely_far():
    one, two = (Results.of([[(token, -1.0)]]) for token in (1, 2))
    assert one.farthest(two) == float("inf")
    assert one.farthest(one) == 0
