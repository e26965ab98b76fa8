"""Command lines of llama-quantize become recipes: what is written, and what it means."""

import re
import tomllib
from pathlib import Path

import pytest

import qrecipe
from qrecipe.dialects.llama_quantize.expression import ExpressionError, expression
from qrecipe.dialects.llama_quantize.faults import line_of
from qrecipe.dialects.llama_quantize.file_types import NAMES, file_type
from qrecipe.dialects.llama_quantize.names import globs_of
from qrecipe.errors import Location, RecipeError, SourceError
from qrecipe.recipe.pattern import parse_pattern
from qrecipe.recipe.shipped import shipped_bases
from qrecipe.recipe.variables import Variables
from tests.dialects.importing import imported, model


@pytest.fixture(autouse=True)
def beside_a_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model(Path("m.gguf"))


def rules(line, **given):
    """Return match and type of the imported rules."""
    return [(rule["match"], rule["type"]) for rule in tomllib.loads(imported(line, **given)).get("rules", [])]


def test_a_whole_recipe():
    line = "llama-quantize --imatrix i.gguf --tensor-type attn_v=q8_0 --allow-requantize m.gguf out/q.gguf q4_k 8"
    assert imported(f"build/bin/{line}") == (
        "# llama-quantize --imatrix i.gguf --tensor-type attn_v=q8_0 --allow-requantize m.gguf out/q.gguf q4_k 8\n"
        'qrecipe = 1\nname = "q"\nsource = "m.gguf"\nimatrix = "i.gguf"\n'
        "requantize = true  # --allow-requantize\n"
        'extends = ["lib:llama/q4_k_m"]\n'
        '\n[[rules]]\nmatch = "**attn_v**"\ntype = "${q8}"\nwhy = "--tensor-type attn_v=q8_0"\n'
        '\n[[targets]]\nbackend = "gguf"\noutput = "q.gguf"\nmetadata = { "general.file_type" = 15 }\n'
    )


def test_it_plans_as_it_stands():
    qrecipe.import_recipe("--tensor-type attn_v=q8_0 m.gguf q5_k_s", output="r.toml")
    plan = qrecipe.plan("r.toml")
    found = {each.tensor.name: str(each.type) for each in plan.targets[0].decisions}
    assert found["blk.3.attn_v.weight"] == "Q8_0"
    assert found["blk.3.attn_k.weight"] == "Q5_K"
    assert plan.findings == ()


def test_references_are_those_of_the_recipes_folder():
    Path("deep").mkdir()
    line = ["llama-quantize", "--imatrix", "i.gguf", "m.gguf", "q4_0"]
    text = qrecipe.import_recipe(line, output="deep/r.toml").recipe
    assert 'source = "../m.gguf"\nimatrix = "../i.gguf"\n' in text
    assert Path("deep/r.toml").read_text() == text


def test_an_override_shifts_what_llama_quantize_counts():
    shifted = "shifted: llama-quantize counts the tensors that no --tensor-type takes, so these get {} instead of {}"
    text = imported(r"--tensor-type blk\.0\.attn_v=q4_0 m.gguf q4_k_m")
    assert rules(r"--tensor-type blk\.0\.attn_v=q4_0 m.gguf q4_k_m") == [
        ("**blk.0.attn_v**", "${q4_0}"),
        ("blk.{1,4}.attn_v", "Q6_K"),
        ("blk.{3,6}.attn_v", "Q4_K"),
    ]
    assert shifted.format("Q4_K", "Q6_K") in text
    assert shifted.format("Q6_K", "Q4_K") in text


def test_without_a_mixture_that_counts_nothing_is_shifted_and_no_model_is_needed():
    Path("m.gguf").unlink()
    assert rules("--tensor-type attn_v=q8_0 m.gguf q6_k") == [("**attn_v**", "${q8}")]
    assert rules("--output-tensor-type q8_0 m.gguf q4_k_m") == [
        ("output", "Q8_0"),
        *[(name, "${q8}") for name in ("token_embd", "per_layer_token_embd")],
    ]


def test_options_of_head_and_embeddings_come_first_and_know_no_fallback():
    line = (
        "--leave-output-tensor --token-embedding-type q4_k --output-tensor-type q8_0 --tensor-type .=q6_k m.gguf q4_0"
    )
    assert rules(line) == [("output", "keep"), ("token_embd", "Q4_K"), ("**.**", "${q6}")]


def test_pure_takes_the_types_default():
    assert rules("--pure m.gguf iq2_s") == [("**", "${default}")]
    model(Path("m.gguf"), tied=True)
    assert rules("--pure m.gguf q2_k_s") == [("token_embd", "${q2}"), ("**", "${default}")]


def test_the_type_of_the_head_is_that_of_tied_embeddings():
    model(Path("m.gguf"), tied=True)
    assert rules("--output-tensor-type q5_k m.gguf q4_k_m") == [("token_embd", "${q5}")]


def test_what_loses_its_imatrix_data_is_encoded_without():
    assert rules("--imatrix i.dat --exclude-weights ffn m.gguf q4_0") == [
        ("blk.0.ffn_down", "Q4_1(fit=rtn)"),
        ("blk.{0..7}.ffn_up", "Q4_0(fit=rtn)"),
        ("blk.{1..7}.ffn_down", "Q4_0(fit=rtn)"),
    ]


def test_head_and_embeddings_do_without_the_data_that_others_need():
    assert rules("--token-embedding-type iq3_xxs m.gguf q8_0") == [("token_embd", "IQ3_XXS(fit=rtn)")]
    assert rules("--tensor-type token_embd=iq2_s m.gguf q8_0") == [("token_embd", "IQ2_S(fit=rtn) | IQ4_NL | F16")]
    assert rules("--imatrix i.dat --token-embedding-type iq2_s m.gguf q8_0") == [
        ("token_embd", "IQ2_S(fit=rtn)"),
        ("token_embd", "IQ2_S"),
    ]
    whens = [rule.get("when") for rule in tomllib.loads(imported("--imatrix i.dat --pure m.gguf iq3_xxs"))["rules"]]
    assert whens == ["not imatrix", "not imatrix", None]


@pytest.mark.parametrize(("excluded", "file_type"), [("ffn_up", "iq2_xs"), ("attn_q", "q2_k_s"), ("attn_k", "iq3_xxs")])
def test_data_that_a_type_needs_is_not_taken_away(excluded, file_type):
    with pytest.raises(RecipeError) as caught:
        imported(f"--imatrix i.dat --exclude-weights {excluded} m.gguf {file_type}")
    assert [each.code for each in caught.value.diagnostics] == ["command-starved"]


def test_what_reads_like_a_variable_is_none():
    Path("m.gguf").rename("m${x}.gguf")
    with pytest.raises(SourceError) as caught:
        imported(["m${x}.gguf", "q6_k"])
    assert [each.code for each in caught.value.diagnostics] == ["source-name"]
    Path("m${x}.gguf").rename("m.gguf")
    text = imported(["--tensor-type", r"attn_v|\${2}=q8_0", "m.gguf", "q6_k"], output="r.toml")
    assert r'why = "--tensor-type attn_v|\\$ {2}=q8_0"' in text
    assert qrecipe.check("r.toml") == ()


def test_shards_are_counted_in_their_order():
    names = ["blk.1.attn_v.weight", "blk.0.attn_v.weight", *(f"blk.{i}.attn_v.weight" for i in range(2, 8))]
    model(Path("m.gguf"), order=names)
    assert rules("--keep-split m.gguf q4_k_m") == [("blk.0.attn_v", "Q4_K"), ("blk.1.attn_v", "Q6_K")]


def test_metadata_is_what_llama_quantize_writes():
    given = ("a.b=int:-3", "a.c=float:0.1", "a.d=bool:true", "a.e=str:x=y")
    line = "".join(f"--override-kv {each} " for each in given) + "m.gguf copy"
    assert tomllib.loads(imported(line))["targets"][0]["metadata"] == {
        "a.b": 3,
        "a.c": pytest.approx(0.1),
        "a.d": True,
        "a.e": "x=y",
    }


def test_a_list_of_types_is_read_in_its_place():
    Path("types.txt").write_text("attn_k=q6_k\n  attn_q=q5_k attn_v=q8_0\n")
    line = "--tensor-type attn_q=q4_0 --tensor-type-file types.txt m.gguf q6_k"
    assert [type_ for _, type_ in rules(line)] == ["${q4_0}", "${q6}", "${q8}"]


@pytest.mark.parametrize(
    ("pattern", "match"),
    [
        ("attn_v", "**attn_v**"),
        ("ATTN_V", "**attn_v**"),
        (r"blk\.[0-3]\.attn", "**blk.[0-3].attn**"),
        (r"^blk\.(0|7)\.attn_(q|k)", "blk.{0,7}.attn_{q,k}**"),
        ("blk.1.attn", "**blk.1.attn**"),
        (r"ffn_(?!up)", "blk.{0..7}.ffn_down"),
        (r"blk\.(\d)\.attn_v\.weight$", "**blk.[0-9].attn_v.weight"),
        ("attn_q|attn_k", "{**attn_q**,**attn_k**}"),
    ],
)
def test_patterns_become_the_plainest_that_covers_the_same(pattern, match):
    assert rules(["--tensor-type", f"{pattern}=q8_0", "m.gguf", "q6_k"]) == [(match, "${q8}")]


@pytest.mark.parametrize(
    "text",
    ["", "a|b", "^a", "a$", "(a|b)+c", "[^a-c]x?", r"\.\d+\.", "a{2}", "a{1,}", "(?:a)(?=b)", r"(a)\1", r"\bx", "a.*b"],
)
def test_expressions_mean_what_pythons_mean(text):
    names = ["abc", "a.1.x", "aab", "aa", "b", "x", "cx", "a-b", "blk.0.attn_v.weight"]
    read = expression(text)
    assert [read.hits(name) for name in names] == [re.search(text, name) is not None for name in names]


@pytest.mark.parametrize(
    "text", ["(", ")", "a**", "+", "[", "[]a]", "[[:alpha:]]", "a{", "a{x}", "(?<=a)", "\\", r"\q", "^*"]
)
def test_what_is_not_read_is_refused(text):
    with pytest.raises(ExpressionError):
        expression(text)


def test_globs_cover_the_names_and_nothing_else():
    names = ["output.weight", "blk.0.a.weight", "blk.1.a.weight", "blk.2.a.weight", "blk.9.a.weight", "b{x}.weight"]
    assert globs_of(names) == ["output", "blk.{{0..2},9}.a", r"b\{x\}"]
    for glob in globs_of(names):
        pattern = parse_pattern(glob, Location(text=glob), Variables())
        assert any(pattern.covers(name) for name in names)
        assert not pattern.covers("blk.3.a.weight")


def test_every_file_type_has_its_base():
    bases = shipped_bases()
    assert [name for name in NAMES if file_type(name.lower()).base.removeprefix("lib:") not in bases] == []
    assert file_type("15").name == "Q4_K_M"
    assert file_type("0").name == "F32"
    assert file_type("NVFP4") is None


def test_a_line_is_read_with_and_without_the_tools_name():
    words = ("m.gguf", "q4_0")
    for line in ("m.gguf q4_0", "./llama-quantize m.gguf q4_0", "llama-quantize.exe m.gguf \\\n q4_0"):
        assert line_of([line]).words == words
    assert line_of(["C:\\bin\\llama-quantize.exe", *words]).words == words
