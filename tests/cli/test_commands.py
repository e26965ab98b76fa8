"""Every command as a user starts it, on a small model: what it prints, where, and its exit code."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time

import gguf
import jsonschema
import numpy as np
import pytest

import qrecipe as api
from tests.cli.running import qrecipe


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_version():
    assert qrecipe("--version").stdout == "qrecipe 0.1.0\n"


def test_no_command_is_usage():
    assert qrecipe(code=2).stderr.startswith("Usage: qrecipe [OPTIONS] COMMAND")


@pytest.mark.parametrize(
    "command", ["build", "plan", "explain", "check", "new", "inspect", "verify", "types", "plugins", "schema"]
)
def test_every_command_has_help(command):
    assert f"qrecipe {command}" in qrecipe(command, "--help").stdout


def test_build_writes_what_plan_said(workplace):
    planned = json.loads(qrecipe("plan", "mix.toml", "--json").stdout)["targets"][0]
    run = qrecipe("build", "mix.toml")
    built = workplace / "mix.gguf"
    assert run.stdout == "mix.gguf\n"
    assert names(workplace) == ["mix.gguf", "mix.toml", "tiny.gguf"]
    assert built.stat().st_size == planned["file_bytes"] == sum(f["bytes"] for f in planned["files"])
    tensors = {t.name: t for t in gguf.GGUFReader(built).tensors}
    for told in planned["tensors"]:
        written = tensors[told["name"]]
        assert (written.tensor_type.name, int(written.n_bytes), int(written.data_offset)) == (
            told["type"],
            told["bytes"],
            told["parts"][0]["offset"],
        )
    assert planned["tensor_bytes"] == built.stat().st_size - planned["files"][0]["header_bytes"]


def test_the_preview_and_the_summary_name_fallbacks(workplace):
    said = qrecipe("build", "mix.toml").stderr
    fallback = "fallback: 2 tensors got Q5_0 instead of Q4_K: 320 columns are no multiple of 256, its block"
    assert said.count(fallback) == 2
    assert "built gguf in" in said
    assert "bits per weight" in said
    assert "100%" in said


def test_plan_table(workplace):
    lines = qrecipe("plan", "mix.toml").stdout.splitlines()
    rows = {tuple(line.split()[:2]): line.split() for line in lines}
    assert rows["token_embd", "1"][-2:] == ["9.9%", "mix.toml:8"] or "mix.toml:8" in rows["token_embd", "1"]
    assert any("ffn_down" in line and "fallback from Q4_K" in line for line in lines)
    assert any("protected" in line and "attn_norm" in line for line in lines)
    every = qrecipe("plan", "mix.toml", "--all").stdout
    assert all(f"blk.{i}.ffn_up.weight" in every for i in range(2))


def test_plan_json_is_of_its_schema(workplace):
    schema = api.plan_schema()
    document = json.loads(qrecipe("plan", "mix.toml", "--json").stdout)
    jsonschema.validate(document, schema)
    assert document["schema"] == 1
    assert document["recipe"] == "mix"
    kept = next(t for t in document["targets"][0]["tensors"] if t["name"] == "output_norm.weight")
    assert (kept["rule"], kept["type"], kept["keep"], kept["layer"]) == (None, "F32", True, None)
    down = next(t for t in document["targets"][0]["tensors"] if t["name"] == "blk.1.ffn_down.weight")
    assert down["rule"]["line"] == 16
    assert down["passed_over"] == [
        {"type": "Q4_K", "code": "shape", "why": "320 columns are no multiple of 256, its block"}
    ]
    assert down["shape"] == [256, 320]


def test_a_plan_builds_the_same_file_as_its_recipe(workplace):
    (workplace / "plan.json").write_text(qrecipe("plan", "mix.toml", "--json").stdout)
    qrecipe("build", "plan.json", "--output", "from-plan")
    qrecipe("build", "mix.toml", "--output", "from-recipe")
    assert digest(workplace / "from-plan/mix.gguf") == digest(workplace / "from-recipe/mix.gguf")


def test_a_plan_remembers_a_target_whose_plug_in_was_missing(workplace):
    recipe = (workplace / "mix.toml").read_text()
    targets = '[[targets]]\nbackend = "gguf"\noutput = "m.gguf"\n[[targets]]\nbackend = "mlx"\noutput = "m/"\n'
    (workplace / "two.toml").write_text(recipe + targets)
    document = json.loads(qrecipe("plan", "two.toml", "--json").stdout)
    document["added_later"] = {"by": "another version"}
    (workplace / "plan.json").write_text(json.dumps(document))
    said = qrecipe("build", "plan.json", code=1)
    assert said.stdout == "m.gguf\n"
    assert "warning: target 'mlx' is left out: backend 'mlx' is not installed" in said.stderr
    assert "fix: pip install qrecipe-mlx, then plan again" in said.stderr


def test_an_imatrix_that_is_not_there_is_told_with_its_place(workplace):
    (workplace / "data.gguf").write_bytes(b"")
    recipe = (workplace / "mix.toml").read_text()
    (workplace / "mix.toml").write_text(recipe.replace("[vars]", 'imatrix = "dta.gguf"\n[vars]', 1))
    said = qrecipe("plan", "mix.toml", code=1).stderr.splitlines()
    assert said[:2] == ["error: there is no imatrix dta.gguf", "  --> mix.toml:5:11, imatrix"]
    assert said[-1] == "fix: did you mean data.gguf?"


def test_a_source_whose_path_is_no_unicode_can_be_planned_and_built(workplace):
    name = os.fsdecode(b"m\xff.gguf")
    (workplace / "tiny.gguf").rename(name)
    plan = qrecipe("plan", "mix.toml", "--json", "--source", name).stdout
    (workplace / "plan.json").write_text(plan)
    assert "/m?.gguf" in json.loads(plan)["source"]
    qrecipe("build", "plan.json", "--source", name)


def test_set_and_source_and_output(workplace):
    (workplace / "tiny.gguf").rename(workplace / "other.gguf")
    qrecipe("build", "mix.toml", "--set", "small=F16", "--source", "other.gguf", "-o", "a/b")
    types = {t.name: t.tensor_type.name for t in gguf.GGUFReader(workplace / "a/b/mix.gguf").tensors}
    assert types["blk.1.ffn_down.weight"] == "F16"


def test_dry_run_writes_nothing(workplace):
    before = names(workplace)
    run = qrecipe("build", "mix.toml", "--dry-run", "-o", "out")
    assert run.stdout == ""
    assert "dry run: nothing was written" in run.stderr
    assert names(workplace) == before


def test_an_output_that_exists_is_refused_and_force_replaces_it(workplace):
    (workplace / "mix.gguf").write_text("mine")
    said = qrecipe("build", "mix.toml", code=1).stderr
    assert said == (
        "error: mix.gguf exists\n"
        "why: nothing is overwritten without being asked to\n"
        "fix: remove it, pass --force, or use --output\n"
    )
    assert (workplace / "mix.gguf").read_text() == "mine"
    assert "exists" in qrecipe("build", "mix.toml", "--dry-run", code=1).stderr
    qrecipe("build", "mix.toml", "--force")
    assert (workplace / "mix.gguf").read_bytes()[:4] == b"GGUF"


def test_force_does_not_replace_the_source(workplace):
    (workplace / "mix.toml").write_text((workplace / "mix.toml").read_text().replace('"mix"', '"tiny"'))
    before = digest(workplace / "tiny.gguf")
    said = qrecipe("build", "mix.toml", "--force", code=1).stderr
    assert said.startswith("error: tiny.gguf is what this build reads\n")
    assert digest(workplace / "tiny.gguf") == before
    assert names(workplace) == ["mix.toml", "tiny.gguf"]


def test_explain(workplace):
    said = qrecipe("explain", "mix.toml", "blk.1.ffn_down").stdout
    assert said.startswith("blk.1.ffn_down.weight in target gguf: Q5_0, 56,320 bytes\n")
    assert "passed over Q4_K (shape): 320 columns are no multiple of 256, its block" in said
    assert "· mix.toml:8, rules[0]: does not match the name" in said
    assert "→ mix.toml:16, rules[2]: takes it" in said
    said = qrecipe("explain", "mix.toml", "blk.1.attn_v").stdout
    assert "matches, but its condition is false" in said
    assert "layer is 1" in said
    said = qrecipe("explain", "mix.toml", "output_norm").stdout
    assert "protected: 1 dimension: no matrix" in said


def test_explain_shows_why_a_condition_is_never_true(workplace):
    (workplace / "mix.toml").write_text((workplace / "mix.toml").read_text().replace("layer == 0", "layer == 7"))
    assert "`qrecipe explain RECIPE TENSOR` shows the facts" in qrecipe("plan", "mix.toml", code=1).stderr
    said = qrecipe("explain", "mix.toml", "blk.1.attn_v").stdout
    assert (
        "rules[1]: matches, but its condition is false\n    blk.*.attn_v when layer == 7 → Q6_K\n    layer is 1\n"
        in said
    )


def test_explain_of_a_tensor_that_is_not_there(workplace):
    said = qrecipe("explain", "mix.toml", "blk.1.ffn_dwon", code=1).stderr
    assert said.startswith("error: the model has no tensor blk.1.ffn_dwon\n")
    assert "fix: did you mean blk.1.ffn_down" in said


def test_check(workplace):
    run = qrecipe("check", "mix.toml")
    assert run.stdout == "no findings\n"
    (workplace / "bad.toml").write_text(
        'qrecipe = 1\nname = "bad"\nsource = "tiny.gguf"\n[[rules]]\nmatch = "blk.{0"\ntype = "Q4_0"\n'
        '[[rules]]\nmatch = "**"\ntype = "Q8_0 | Q4_L"\nwhen = "lay < 3"\n'
    )
    run = qrecipe("check", "bad.toml", code=1)
    assert run.stdout == "3 errors, 0 warnings\n"
    found = json.loads(qrecipe("check", "bad.toml", "--json", code=1).stdout)["findings"]
    assert [(f["severity"], f["key_path"], f["line"], f["column"]) for f in found] == [
        ("error", "rules[0].match", 5, 16),
        ("error", "rules[1].when", 10, 9),
        ("error", "rules[1].type", 9, 16),
    ]
    assert all(finding["code"] and finding["fix"] and finding["file"] == "bad.toml" for finding in found)


def test_check_tells_a_misspelt_key_and_what_stands_behind_it(workplace):
    (workplace / "bad.toml").write_text(
        'qrecipe = 1\nname = "bad"\nsuorce = "tiny.gguf"\nrules = [{ match = "blk.{0", type = "Q4_0 |" }]\n'
    )
    found = json.loads(qrecipe("check", "bad.toml", "--json", code=1).stdout)["findings"]
    assert [(f["key_path"], f["line"], f["column"]) for f in found] == [
        ("suorce", 3, 1),
        ("rules[0].match", 4, 27),
        ("rules[0].type", 4, 44),
    ]


def test_inspect(workplace):
    said = qrecipe("inspect", "tiny.gguf").stdout
    assert "blk.1.ffn_down.weight" in said
    assert "llama.block_count" in said
    document = json.loads(qrecipe("inspect", "tiny.gguf", "--json").stdout)
    assert document["arch"] == "llama"
    assert document["metadata"]["tokenizer.ggml.tokens"] == {"array": 32}
    assert {"name": "blk.1.ffn_down.weight", "type": "F16", "shape": [256, 320], "bytes": 163840} in document["tensors"]


def test_types():
    said = qrecipe("types").stdout
    assert "Q4_K" in said
    types = {t["type"]: t for t in json.loads(qrecipe("types", "--json").stdout)["types"]}
    assert (types["Q4_K"]["bits_per_weight"], types["Q4_K"]["block"], types["Q4_K"]["gguf_id"]) == (4.5, 256, 12)
    assert types["int4"]["gguf_id"] is None


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("build",), "RECIPE"),
        (("build", "mix.toml", "--threads", "0"), "--threads"),
        (("build", "mix.toml", "--memory", "much"), "no amount of memory"),
        (("plan", "mix.toml", "--set", "small"), "is not NAME=VALUE"),
        (("bulid", "mix.toml"), "bulid"),
    ],
)
def test_usage_errors_exit_with_2(workplace, words, complaint):
    assert complaint in qrecipe(*words, code=2).stderr


@pytest.mark.parametrize("times", [1, 20])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=["Ctrl-C", "SIGTERM", "SIGHUP"])
def test_an_interrupt_leaves_nothing_behind(workplace, how, times):
    slow = workplace / "slow.py"
    slow.write_text(
        "import os, signal, time, qrecipe.backends.rows.work as work\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # in the background of a shell it is ignored
        "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"  # and this one under nohup
        "write = work.EncodeRows.__call__\n"
        "def slowly(self):\n    os.write(1, b'begun\\n')\n    time.sleep(0.5)\n    write(self)\n"
        "work.EncodeRows.__call__ = slowly\n"
        "from qrecipe.cli.main import main\nmain()\n"
    )
    before = names(workplace)
    run = subprocess.Popen(
        [sys.executable, slow, "build", "mix.toml"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert run.stdout.readline() == "begun\n"
    assert any(name.endswith(".part") for name in names(workplace))
    time.sleep(0.1)
    for _ in range(times):
        run.send_signal(how)
        time.sleep(0.005)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 128 + how
    assert said.endswith("interrupted; nothing was left under a final name\n")
    assert "Traceback" not in said
    assert names(workplace) == before


def test_a_closed_pipe_is_no_traceback(workplace):
    reader, writer = os.pipe()
    os.close(reader)
    run = subprocess.run([sys.executable, "-m", "qrecipe", "types"], stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert run.returncode == 1
    assert run.stderr == ""


@pytest.mark.parametrize("words", [("types",), ("plan", "mix.toml", "--json"), ("check", "mix.toml")])
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")  # noqa: PTH110 - at collection
def test_a_full_disk_behind_stdout_is_no_traceback(workplace, words):
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        run = subprocess.run([sys.executable, "-m", "qrecipe", *words], stdout=full, stderr=subprocess.PIPE, text=True)
    assert run.returncode == 1
    assert run.stderr == "error: cannot write to standard output: no space left on device\n"


def test_a_stream_without_unicode_gets_escapes(workplace):
    run = qrecipe("plan", "mix.toml", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert "32 \\xd7 256" in run.stdout


def test_control_characters_of_a_model_reach_no_terminal(workplace):
    writer = gguf.GGUFWriter("evil.gguf", "llama")
    writer.add_block_count(1)
    writer.add_tensor("blk.0.\x1b[31mred.weight", np.ones((32, 256), np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    (workplace / "all.toml").write_text('qrecipe = 1\nname = "all"\n[[rules]]\nmatch = "**"\ntype = "Q8_0"\n')
    for words in ("plan", "all.toml", "--all", "--source"), ("build", "all.toml", "--source"), ("inspect",):
        run = qrecipe(*words, "evil.gguf")
        assert "\x1b" not in run.stdout + run.stderr
        assert r"\x1b[31mred" in run.stdout + run.stderr


def test_a_name_that_the_file_system_refuses_is_told(workplace):
    text = (workplace / "mix.toml").read_text()
    output = "/".join(["a" * 99] * 50) + ".gguf"
    (workplace / "mix.toml").write_text(f'{text}[[targets]]\nbackend = "gguf"\noutput = "{output}"\n')
    told = qrecipe("build", "mix.toml", code=1).stderr
    assert told.startswith("error: cannot write aaaaaaa")
    assert told.endswith("aaaaaaa.gguf\nwhy: file name too long\nfix: choose another folder with --output\n")
    assert len(told) < 2000


@pytest.mark.parametrize("words", [("plan",), ("check",), ("explain", "token_embd")])
def test_a_plan_where_a_recipe_is_wanted(workplace, words):
    (workplace / "plan.json").write_text(qrecipe("plan", "mix.toml", "--json").stdout)
    said = qrecipe(words[0], "plan.json", *words[1:], code=1).stderr
    assert said == (
        "error: this is JSON, as plans are, and not a recipe\n"
        "  --> plan.json\n"
        "why: a plan's decisions are made: there is nothing left to check, plan or explain\n"
        "fix: name the recipe that it was made from; `qrecipe build` takes plans, with --dry-run to look at one\n"
    )


def test_a_plan_without_targets_is_told(workplace):
    document = json.loads(qrecipe("plan", "mix.toml", "--json").stdout) | {"targets": []}
    (workplace / "plan.json").write_text(json.dumps(document))
    assert qrecipe("build", "plan.json", code=1).stderr == (
        "error: the plan for mix has no targets\nwhy: there is nothing to build\nfix: plan again from the recipe\n"
    )


def test_one_is_not_many(workplace):
    (workplace / "one.toml").write_text(
        'qrecipe = 1\nname = "one"\nsource = "tiny.gguf"\n[[rules]]\nmatch = "blk.0.ffn_down"\ntype = "Q4_K | Q8_0"\n'
        '[[rules]]\nmatch = "**"\ntype = "Q4_Q"\n'
    )
    assert qrecipe("check", "one.toml", code=1).stdout == "1 error, 0 warnings\n"
    text = (workplace / "one.toml").read_text().replace("Q4_Q", "Q8_0")
    (workplace / "one.toml").write_text(text)
    assert "fallback: 1 tensor got Q8_0 instead of Q4_K" in qrecipe("plan", "one.toml").stdout
