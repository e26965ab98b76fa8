"""`qrecipe verify`, `qrecipe inspect --lock` and `--no-lock` as a user starts them: output, streams, exit codes."""

import json
import os
import subprocess
import sys

import pytest

from tests.cli.test_commands import qrecipe
from tests.conftest import MIX

VERDICT = "header, types, every tensor's digest and padding are as they were written"
LOCKED = "12 tensors, made by mix (target gguf) from tiny.gguf"


@pytest.fixture
def place(workplace):
    qrecipe("build", "mix.toml")
    return workplace


def damage(path, *offsets):
    data = bytearray(path.read_bytes())
    for offset in offsets:
        data[offset] ^= 1
    path.write_bytes(data)


def test_a_sound_artifact(place):
    size = (place / "mix.gguf").stat().st_size
    run = qrecipe("verify", "mix.gguf")
    assert run.stdout == f"mix.gguf: {size:,} bytes ({size / 1000:.1f} kB), {LOCKED}\n{VERDICT}\n"
    assert "100%" in run.stderr


def test_a_file_without_a_lock(place):
    lines = qrecipe("verify", "tiny.gguf").stdout.splitlines()
    assert lines[0].endswith(", 12 tensors")
    assert lines[1:] == ["no lock: the structure is sound, and nothing says what its bytes should be"]


def test_values_the_furthest_first(place):
    lines = qrecipe("verify", "mix.gguf", "--source", "tiny.gguf").stdout.splitlines()
    assert lines[1] == "12 tensors against tiny.gguf, the furthest first"
    assert lines[2].split() == [
        "tensor",
        "type",
        "source",
        "RMSE",
        "relative",
        "max",
        "error",
        "identical",
        "certified",
    ]
    assert [line.split()[1] for line in lines[3:13]] == ["Q4_K"] * 5 + ["Q5_0"] * 2 + ["Q6_K", "Q8_0", "F32"]
    assert lines[12].split()[3:] == ["0", "0.00%", "0", "100.00%"]
    assert lines[13:] == ["2 more tensors are nearer, 2 of them identical; --all shows them", VERDICT]
    every = qrecipe("verify", "mix.gguf", "--source", "tiny.gguf", "--all").stdout
    assert len(every.splitlines()) == len(lines) + 2


def test_differences_exit_with_1_and_say_which_tensor(place):
    damage(place / "mix.gguf", -1000)
    run = qrecipe("verify", "mix.gguf", code=1)
    assert run.stdout.splitlines()[1:] == ["1 difference"]
    assert "error: tensor 'blk.1.ffn_up.weight' is not as it was written\n" in run.stderr


def test_many_differences_are_cut_short(place):
    document = json.loads(qrecipe("inspect", "mix.gguf", "--json").stdout)
    offset = document["files"][0]["header_bytes"]
    offsets = []
    for tensor in document["tensors"]:
        offsets.append(offset)
        offset += -(-tensor["bytes"] // 32) * 32
    damage(place / "mix.gguf", *offsets)
    run = qrecipe("verify", "mix.gguf", code=1)
    assert run.stdout.splitlines()[1:] == ["12 differences", "10 of them are told; --all tells 2 more"]
    assert run.stderr.count("error: ") == 10
    assert qrecipe("verify", "mix.gguf", "--all", code=1).stderr.count("error: ") == 12


def test_json(place):
    document = json.loads(qrecipe("verify", "mix.gguf", "--source", "tiny.gguf", "--json").stdout)
    assert (document["schema"], document["sound"], document["lock"], document["tensors"]) == (1, True, True, 12)
    assert document["differences"] == []
    assert len(document["values"]) == 12
    assert set(document["values"][0]) == {
        *("tensor", "type", "source_type", "weights", "rmse", "relative", "max_error", "identical"),
        *("blocks", "certified"),
    }
    damage(place / "mix.gguf", -1000, 8)
    document = json.loads(qrecipe("verify", "mix.gguf", "--json", code=1).stdout)
    assert (document["sound"], document["tensors"]) == (False, 0)
    assert [found["code"][:5] for found in document["differences"]] == ["gguf-"]
    assert all(found["fix"] for found in document["differences"])


def test_the_lock_is_shown(place):
    lines = qrecipe("inspect", "--lock", "mix.gguf").stdout.splitlines()
    assert lines[:4] == [
        "lock, version 1, of 12 tensors",
        "recipe          mix",
        "target          gguf",
        "source          tiny.gguf",
    ]
    assert lines[6] == "imatrix digest  none: made without an imatrix"
    assert lines[-2:] == [
        "made with       qrecipe 0.1.0",
        "--recipe writes the recipe, --json has the tensors' types and digests",
    ]
    document = json.loads(qrecipe("inspect", "--lock", "mix.gguf", "--json").stdout)
    assert (document["lock"], document["name"], document["imatrix_digest"]) == (1, "mix", None)
    assert [t["type"] for t in document["tensors"]][:3] == ["F32 copied", "Q8_0", "F32 copied"]
    assert {len(t[key]) for t in document["tensors"] for key in ("digest", "source_digest")} == {64}


def test_a_header_that_is_not_sealed_is_said_so(place):
    damage(place / "mix.gguf", (place / "mix.gguf").read_bytes().index(b"gpt2"))
    assert "which is not this header's: `qrecipe verify` says more" in qrecipe("inspect", "--lock", "mix.gguf").stdout


def test_the_recipe_is_all_that_is_written(place):
    run = qrecipe("inspect", "--lock", "--recipe", "mix.gguf")
    assert run.stderr == ""
    assert run.stdout.startswith('qrecipe = 1\nname = "mix"\nsource = "tiny.gguf"\n\n[vars]\n')
    (place / "again.toml").write_text(run.stdout)
    qrecipe("build", "again.toml", "-o", "again")
    assert (place / "again/mix.gguf").read_bytes() == (place / "mix.gguf").read_bytes()


def test_a_recipe_is_utf8_whatever_the_locale(workplace):
    (workplace / "mix.toml").write_text(MIX.replace('"tied"', '"Ümlaut"'), encoding="utf-8")
    qrecipe("build", "mix.toml")
    run = subprocess.run(
        [sys.executable, "-m", "qrecipe", "inspect", "--lock", "--recipe", "mix.gguf"],
        capture_output=True,
        check=True,
        env={**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )
    assert 'why = "Ümlaut"\n'.encode() in run.stdout


def test_a_file_without_a_lock_has_none_to_show(place):
    assert qrecipe("inspect", "--lock", "tiny.gguf", code=1).stderr == (
        "error: tiny.gguf has no lock\n"
        "why: it was not built by qrecipe, or with --no-lock, so nothing in it says what made it\n"
        "fix: ask whoever published it; `qrecipe inspect` without --lock shows its types and metadata\n"
    )


@pytest.mark.parametrize("words", [("--recipe",), ("--lock", "--recipe", "--json")])
def test_recipe_goes_with_lock_alone(place, words):
    said = qrecipe("inspect", "mix.gguf", *words, code=2).stderr
    assert "Invalid value for --recipe: it goes with --lock, and without --json" in said


def test_no_lock_leaves_it_out_of_plan_and_file(place):
    sizes = {}
    for words in ((), ("--no-lock",)):
        planned = json.loads(qrecipe("plan", "mix.toml", "--json", *words).stdout)["targets"][0]["file_bytes"]
        qrecipe("build", "mix.toml", "-o", "out", "--force", *words)
        assert (place / "out/mix.gguf").stat().st_size == planned
        sizes[words] = planned
    assert sizes[()] > sizes["--no-lock",]
    assert "no lock" in qrecipe("verify", "out/mix.gguf").stdout
