"""Whatever files hold and are called, every command prints characters that a terminal shows, and nothing else."""

import json
import shlex
import shutil
import subprocess
import sys
from contextlib import chdir

import pytest

import qrecipe
from tests.fuzz.shown import shown
from tests.sources.gguf_bytes import Row, gguf, strings, text
from tests.sources.imatrix_bytes import imatrix
from tests.sources.safetensors_bytes import entry, safetensors

EVIL = "\x1b[31m\x07\x9b2J\u202e\u2066\r"  # colour, bell, C1's own escape, turned direction, back to the line's start
NAME = f"m{EVIL}.gguf"
TENSOR = f"blk.0.a{EVIL}.weight"
RAW = EVIL.encode() + b"\xff\xfe"
RECIPE = json.dumps(EVIL).replace("\\r", "\\u000d").replace("\x9b", "\\u009b")[1:-1]
SOURCE = 'source = "plain.gguf"\n'
PLAIN = f'qrecipe = 1\nname = "plain"\n{SOURCE}[[rules]]\nmatch = "**"\ntype = "Q8_0 | F16"\n'


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evil")
    pairs = [
        text(b"general.architecture", b"llama"),
        text(b"general.name", RAW),
        text(b"k" + RAW, RAW),
        strings(b"s", [RAW]),
    ]
    rows = [Row(TENSOR.encode(), (2, 32), 1), Row(b"blk.0.b.weight", (2, 32), 1)]
    files = {
        NAME: gguf(rows, pairs),
        "plain.gguf": gguf(rows, pairs),
        "arch.gguf": gguf(rows, [text(b"general.architecture", RAW)]),
        "late.gguf": gguf(rows, pairs) + b"more than there should be",
        "twice.gguf": gguf([rows[0], rows[0]], pairs),
        "key.gguf": gguf(rows, [pairs[2], pairs[2]]),
        "m.safetensors": safetensors({EVIL: entry("F32", [1], 0, 4)}, bytes(4)),
        "d.safetensors": safetensors({"a": entry(EVIL, [1], 0, 4)}, bytes(4)),
        "x.safetensors.index.json": json.dumps({"weight_map": {EVIL: EVIL}}).encode(),
        "other.gguf": imatrix({f"{EVIL}.in_sum2": ((1, 2), (1, 2)), f"{EVIL}.counts": ((1, 1), (1,))}),
        "i.json": json.dumps({"inventory": 1, "arch": EVIL, EVIL: 1, "tensors": [{"name": EVIL}]}).encode(),
        f"r{EVIL}.toml": PLAIN.encode(),
        "plain.toml": PLAIN.encode(),
        **{f"{n}.toml": f"{body}\n{PLAIN}".encode() for n, body in BODIES.items()},
        **{f"{n}.toml": f"{body}\n{PLAIN.replace(SOURCE, '')}".encode() for n, body in STAND_INS.items()},
        **{f"rule-{n}.toml": f"{PLAIN}{rule}".encode() for n, rule in RULES.items()},
        "fifty.toml": ('qrecipe = 1\nname = "x"\n' + "".join(f'"{RECIPE}{n}" = 1\n' for n in range(60))).encode(),
    }  # fmt: skip
    for name, data in files.items():
        (folder / name).write_bytes(data)
    with chdir(folder):
        plan = qrecipe.plan_json(qrecipe.plan("plain.toml"))
    for key in ("recipe", "recipe_file", "source", "source_digest", "arch"):
        (folder / f"plan-{key}.json").write_text(json.dumps({**json.loads(plan), key: EVIL}))
    (folder / "plan.json").write_text(plan)
    (folder / "plan-words.json").write_text(plan.replace('"passed_over": []', f'"passed_over": {json.dumps([PASSED])}'))
    (folder / "plan-target.json").write_text(plan.replace('"name": "gguf"', f'"name": {json.dumps(EVIL)}'))
    (folder / "plan-output.json").write_text(plan.replace("plain.gguf", json.dumps(EVIL)[1:-1]))
    return folder


PASSED = {"type": EVIL, "code": "shape", "why": EVIL}
BODIES = {
    "key": f'"{RECIPE}" = 1',
    "extends": f'extends = ["{RECIPE}.toml"]',
    "imatrix": f'imatrix = "{RECIPE}"',
    "imatrix-other": 'imatrix = "other.gguf"',
    "description": f'description = "{RECIPE}"',
    "vars": f'vars = {{ "{RECIPE}" = 1 }}',
    "unused": f'vars = {{ a = "{RECIPE}" }}',
    "raw": f"# {EVIL}",
}
STAND_INS = {"inventory": f'inventory = "{RECIPE}"', "inventory-evil": 'inventory = "i.json"'}
RULES = {
    "match": f'[[rules]]\nmatch = "{RECIPE}"\ntype = "keep"\n',
    "braces": f'[[rules]]\nmatch = "{{{RECIPE},b}}"\ntype = "keep"\n',
    "regex": f'[[rules]]\nmatch = "re:({RECIPE}"\ntype = "keep"\n',
    "type": f'[[rules]]\nmatch = "x"\ntype = "{RECIPE}"\n',
    "when": f'[[rules]]\nmatch = "x"\nwhen = "name == \'{RECIPE}\' or {RECIPE}"\ntype = "keep"\n',
    "why": f'[[rules]]\nmatch = "x"\ntype = "keep"\nwhy = "{RECIPE}"\n',
    "output": f'[[targets]]\nbackend = "gguf"\noutput = "{RECIPE}"\n',
    "backend": f'[[targets]]\nbackend = "{RECIPE}"\noutput = "x"\n',
    "target": f'[[targets]]\nbackend = "gguf"\nname = "{RECIPE}"\noutput = "x"\n',
    "profile": f'[[targets]]\nbackend = "gguf"\nprofile = "{RECIPE}"\noutput = "x"\n',
    "option": f'[[targets]]\nbackend = "gguf"\n"{RECIPE}" = "{RECIPE}"\noutput = "x"\n',
    "metadata": f'[[targets]]\nbackend = "gguf"\noutput = "x"\nmetadata = {{ "{RECIPE}" = "{RECIPE}" }}\n',
}
CHECKPOINTS = (NAME, "arch.gguf", "late.gguf", "twice.gguf", "key.gguf", "m.safetensors", "d.safetensors", EVIL,
               "x.safetensors.index.json", ".", "other.gguf")  # fmt: skip
RECIPES = (f"r{EVIL}.toml", f"none{EVIL}.toml", "fifty.toml", *(f"{n}.toml" for n in (*BODIES, *STAND_INS)),
           *(f"rule-{n}.toml" for n in RULES))  # fmt: skip
PLANS = ("plan.json", *(f"plan-{key}.json" for key in ("recipe", "recipe_file", "source", "source_digest", "arch")),
         "plan-words.json", "plan-target.json", "plan-output.json")  # fmt: skip
COMMANDS = [
    *(("inspect", file) for file in CHECKPOINTS),
    *(("inspect", file, "--json") for file in CHECKPOINTS[:3]),
    *(("check", recipe) for recipe in RECIPES),
    *(("check", recipe, "--json") for recipe in RECIPES[:6]),
    *(("build", "--dry-run", plan, "-o", "elsewhere") for plan in PLANS),
    ("plan", "plain.toml"), ("plan", "plain.toml", "--all"), ("plan", "plain.toml", "--json"),
    ("plan", f"r{EVIL}.toml"), ("plan", f"r{EVIL}.toml", "--json"),
    ("plan", "plain.toml", "--set", f"{EVIL}=1"), ("plan", "plain.toml", "--source", NAME),
    ("explain", "plain.toml", TENSOR), ("explain", "plain.toml", TENSOR, "--json"), ("explain", "plain.toml", EVIL),
    ("new", NAME), ("new", "arch.gguf"), ("verify", NAME), ("verify", "twice.gguf"), ("inspect", NAME, "--lock"),
    ("build", "plain.toml", "-o", "out"), ("build", "--force", "plan-words.json", "-o", "out"),
]  # fmt: skip
SILENT = {  # refused by the place of what is wrong, or not wrong at all
    *((("inspect", "."), *(("check", f"{name}.toml") for name in (f"r{EVIL}", "description")))),
    ("check", f"r{EVIL}.toml", "--json"),
    *(
        ("build", "--dry-run", f"plan-{key}.json", "-o", "elsewhere")
        for key in ("recipe", "source_digest", "target", "output")
    ),
}


@pytest.fixture(scope="module")
def told(place):
    """What each command showed, by its words."""
    return dict(zip(COMMANDS, shown(place, COMMANDS), strict=True))


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: ascii(" ".join(arguments)))
def test_only_what_a_terminal_shows(told, arguments):
    done = told[arguments]
    words = done.out + done.err
    assert done.status in (0, 1)
    assert words.replace("\n", "").isprintable()
    assert any(escape in words for escape in (r"\x1b", r"\u001b")) or arguments in SILENT


def test_a_path_is_exact_for_a_script(place):
    (done,) = shown(place, [("build", "plain.toml", "-o", f"a{EVIL}", "--no-lock")])
    assert (done.status, done.out) == (0, f"a{EVIL}/plain.gguf\n")


def test_a_path_is_fit_for_the_terminal_it_is_printed_on(place):
    """A path on stdout where that is a terminal: `script` gives it one."""
    if shutil.which("script") is None:
        pytest.skip("there is no `script` to make a terminal")
    words = shlex.join([sys.executable, "-m", "qrecipe", "build", "plain.toml", "-o", f"b{EVIL}", "--no-lock"])
    done = subprocess.run(["script", "-qec", words, "/dev/null"], cwd=place, capture_output=True, check=True)
    assert b"b\\x1b[31m\\x07\\x9b2J\\u202e\\u2066\\r/plain.gguf" in done.stdout
    assert EVIL.encode() not in done.stdout
