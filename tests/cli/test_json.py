"""Every JSON document is what docs/reference/json.md says, field by field."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

import qrecipe as api
from tests.cli.running import qrecipe
from tests.oracle.synthetic_imatrix import write_both

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "json.md"


def documented(section: str) -> set[str]:
    """Return the fields of a section: the first column of its table, commas between names that share a line."""
    body = PAGE.read_text(encoding="utf-8").split(f"\n## {section}\n")[1].split("\n## ")[0]
    return {name for cell in re.findall(r"^\| (`.*?) \|", body, re.MULTILINE) for name in re.findall(r"`(.+?)`", cell)}


def fields(value, *, open_below=()) -> set[str]:
    """Return the key paths of a document: `targets[].files[].path`; below `open_below` keys are data."""

    def walk(value, path):
        if isinstance(value, dict) and path not in open_below:
            for key, inner in value.items():
                yield from walk(inner, f"{path}.{key}" if path else key)
        elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
            for each in value:
                yield from walk(each, f"{path}[]")
        else:
            yield path + ("[]" if isinstance(value, list) else "")

    return set(walk(value, ""))


SHOWN = {  # section → the command, and what of its document has data for keys
    "explain": (("explain", "mix.toml", "blk.1.ffn_down", "--json"), ("targets[].facts", "targets[].rules[].facts")),
    "build": (("build", "grid.toml", "--json"), ()),
    "inspect": (("inspect", "tiny.gguf", "--json"), ("metadata",)),
    "lock": (("inspect", "built/mix.gguf", "--lock", "--json"), ()),
    "verify": (("verify", "built/mix.gguf", "--source", "tiny.gguf", "--json"), ()),
    "imatrix": (("imatrix", "imatrix.gguf", "--json"), ()),
    "types": (("types", "--json"), ()),
    "plugins": (("plugins", "--json"), ("plugins[].offers",)),
}


@pytest.mark.parametrize("section", SHOWN)
def test_every_field_is_on_the_page_and_none_besides(workplace, section):
    words, open_below = SHOWN[section]
    if "grid.toml" in words:
        text = (workplace / "mix.toml").read_text(encoding="utf-8")
        (workplace / "grid.toml").write_text(text.replace('"Q6_K"', '"Q4_0(fit=lattice)"'), encoding="utf-8")
    if "imatrix.gguf" in words:
        write_both(workplace, {"blk.0.ffn_up_exps.weight": (4, 8, 256)})
    if "built/mix.gguf" in words:
        api.build("mix.toml", output="built")
    document = json.loads(qrecipe(*words).stdout)
    found = {path for path in fields(document, open_below=open_below) if not path.startswith("findings")}
    assert document["schema"] == 1
    assert {path.replace("[]", "") for path in found} - {"schema"} == {
        path.replace("[]", "") for path in documented(section) if not path.startswith("findings")
    }


def test_findings_have_the_fields_of_their_section(workplace):
    (workplace / "bad.toml").write_text('qrecipe = 1\nname = "bad"\nsource = "tiny.gguf"\nrules = 1\n')
    (finding,) = json.loads(qrecipe("check", "bad.toml", "--json", code=1).stdout)["findings"]
    assert set(finding) == documented("Findings")


def test_build_tells_what_was_written(workplace):
    run = qrecipe("build", "mix.toml", "--json", "-o", "out")
    document = json.loads(run.stdout)
    size = (workplace / "out" / "mix.gguf").stat().st_size
    (target,) = document["targets"]
    assert (document["recipe"], document["complete"], document["findings"]) == ("mix", True, [])
    assert target["files"] == [{"path": "out/mix.gguf", "bytes": size}]
    assert (target["name"], target["backend"], target["written"]) == ("gguf", "gguf", True)
    assert (target["fallbacks"], target["requantized"]) == (2, 0)
    assert "built gguf in" in run.stderr


def test_a_rehearsal_writes_nothing_and_says_so(workplace):
    (target,) = json.loads(qrecipe("build", "mix.toml", "--dry-run", "--json").stdout)["targets"]
    assert target["written"] is False
    assert not (workplace / "mix.gguf").exists()


def test_what_was_left_out_is_a_finding(workplace):
    text = (workplace / "mix.toml").read_text()
    targets = [("gguf", "mix.gguf"), ("torchao", "mix/")]
    tables = [f'[[targets]]\nbackend = "{backend}"\noutput = "{output}"\n' for backend, output in targets]
    (workplace / "mix.toml").write_text(text + "".join(tables))
    document = json.loads(qrecipe("build", "mix.toml", "--json", code=1).stdout)
    assert document["complete"] is False
    assert [finding["code"] for finding in document["findings"]] == ["backend-missing"]
    assert [target["name"] for target in document["targets"]] == ["gguf"]


def test_a_build_that_fails_prints_no_document(workplace):
    (workplace / "mix.gguf").touch()
    run = qrecipe("build", "mix.toml", "--json", code=1)
    assert run.stdout == ""
    assert run.stderr.startswith("error: mix.gguf exists\n")


def test_explain_tells_verdicts_with_their_facts(workplace):
    document = json.loads(qrecipe("explain", "mix.toml", "blk.1.attn_v", "--json").stdout)
    (target,) = document["targets"]
    assert document["tensor"] == "blk.1.attn_v.weight"
    assert [(rule["verdict"], rule["facts"]) for rule in target["rules"]] == [
        ("no match", {}),
        ("condition false", {"layer": 1}),
        ("wins", {}),
    ]
    assert target["rule"] == {"file": "mix.toml", "index": 2, "line": 16}
    assert (target["type"], target["keep"], target["facts"]["layer"]) == ("Q4_K", False, 1)
    protected = json.loads(qrecipe("explain", "mix.toml", "output_norm", "--json").stdout)["targets"][0]
    assert (protected["rule"], protected["keep"], protected["protected"]) == (None, True, "1 dimension: no matrix")


@pytest.mark.parametrize(("words", "schema"), [((), api.recipe_schema), (("--plan",), api.plan_schema)])
def test_schemas_are_printed(words, schema):
    printed = json.loads(qrecipe("schema", *words).stdout)
    assert printed == schema()
    jsonschema.validators.validator_for(printed).check_schema(printed)
