"""qrecipe against the goldens of llama-quantize, through the command line; the runner itself, on bad goldens."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.oracle import check_goldens, goldens
from tests.oracle.deterministic import normal
from tests.oracle.goldens import Contents, Golden
from tests.oracle.models import KNOWN_DIFFERENT, MODELS, Model

ROOT = Path(__file__).parents[2]
BY_NAME = {model.name: model for model in MODELS}
EVERY_CASE = tuple(case.name for case in BY_NAME["generated"].cases)
SOME_CASES = {  # gguf-py takes ten seconds to read Gemma's vocabulary, for each file
    "smollm2": ("Q4_0", "Q8_0", "Q4_K", "Q4_K-imatrix", "Q4_K_M"),
    "gemma3": ("Q4_0", "Q4_K_M-imatrix"),
}
TENSORS = {"smollm2": 272, "gemma3": 236, "generated": 23}


def lines(model: Model, case: str) -> list[str]:
    """What `check` prints when all is well."""
    count = TENSORS[model.name]
    known = case in KNOWN_DIFFERENT
    return [] if known else [f"{model.name} {case}: {count} of {count} tensors equal; data section equal"]


def checked(model: Model, cases: tuple[str, ...], work: Path) -> list[str]:
    """Run the check; return its lines about these cases, less what they say about the whole file."""
    chosen = [word for case in cases for word in ("--case", case)]
    line = [sys.executable, "-m", "tests.oracle.llama_quantize", "check", "--model", model.name, *chosen]
    done = subprocess.run([*line, "--work", str(work)], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    known = tuple(f"{model.name} {case}:" for case in KNOWN_DIFFERENT)
    return [text.split(", whole file")[0] for text in done.stdout.splitlines() if not text.startswith((*known, "  "))]


@pytest.mark.oracle
@pytest.mark.slow
def test_every_type_on_the_generated_model(tmp_path):
    model = BY_NAME["generated"]
    expected = [line for case in ("source", *EVERY_CASE) for line in lines(model, case)]
    assert checked(model, EVERY_CASE, tmp_path) == expected


@pytest.mark.oracle
@pytest.mark.model
@pytest.mark.slow
@pytest.mark.parametrize("name", SOME_CASES)
def test_published_models(name, tmp_path):
    model = BY_NAME[name]
    if not model.is_there:
        pytest.skip(f"not installed: {' '.join(model.packages)}")
    expected = [line for case in ("source", *SOME_CASES[name]) for line in lines(model, case)]
    assert checked(model, SOME_CASES[name], tmp_path) == expected


GOLDEN = Golden("m", "Q4_0", "llama-quantize …", {}, "file", "data", {"a": ("Q4_0", "1"), "b": ("F32", "2")})


def test_a_wrong_tensor_is_reported_and_fails(capsys):
    found = Contents("file", "other", {"a": ("Q4_0", "9"), "b": ("F32", "2")}, {})
    assert check_goldens.report(GOLDEN, GOLDEN.tensors, found) == 1
    assert capsys.readouterr().out == (
        "m Q4_0: 1 of 2 tensors equal; data section DIFFERENT, whole file equal\n"
        "  a: expected ('Q4_0', '1'), found ('Q4_0', '9')\n"
    )


def test_a_tensor_too_many_fails():
    found = Contents("file", "data", {**GOLDEN.tensors, "c": ("F32", "3")}, {})
    assert check_goldens.report(GOLDEN, GOLDEN.tensors, found) == 1


def test_a_known_difference_that_is_gone_fails():
    known = Golden("m", "IQ1_M-imatrix", "", {}, "file", "data", GOLDEN.tensors)
    assert check_goldens.report(known, known.tensors, Contents("file", "data", GOLDEN.tensors, {})) == 1
    assert check_goldens.report(known, known.tensors, Contents("file", "other", GOLDEN.tensors, {})) == 0


def test_a_missing_golden_is_an_error():
    with pytest.raises(SystemExit) as error:
        goldens.read("smollm2", "Q9_Z")
    assert str(error.value).startswith("error: no golden ")


def test_the_made_up_numbers_never_change():
    assert normal("blk.0", 3).tolist() == [0.22308733204359732, 0.31831108010106457, -0.7743701965261701]


def test_the_recipe_has_one_exact_rule_for_each_tensor():
    text = check_goldens.recipe_text("r", "/x/m.gguf", {"blk.0.attn_q.weight": ("Q4_K", "")}, Path("/x/i.dat"))
    assert text == (
        "qrecipe = 1\nname = \"r\"\nsource = '/x/m.gguf'\nrequantize = true\nimatrix = '/x/i.dat'\n"
        '\n[[rules]]\nmatch = "blk.0.attn_q.weight"\ntype = "Q4_K"\n'
        '\n[[rules]]\nmatch = "**"\ntype = "keep"\noptional = true\n'
    )


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_page_about_byte_identity_names_every_case(model):
    page = (ROOT / "docs/explanation/byte-identity.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith(f"| {model.name} |"))
    _, count, plain, weighted, different = [cell.strip() for cell in row.strip("|").split("|")]
    named = [*plain.split(", "), *(f"{kind}-imatrix" for kind in weighted.split(", "))]
    known = [case.name for case in model.cases if case.name in KNOWN_DIFFERENT]
    assert sorted([*named, *known]) == sorted(["source", *(case.name for case in model.cases)])
    assert int(count) == TENSORS[model.name] == len(goldens.read(model.name, "source").tensors)
    assert bool(different) == bool(known)
