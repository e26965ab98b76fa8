"""Names that lead elsewhere, files that are none, files that change: nothing waits, nothing is written outside."""

import json
import os
import stat
from pathlib import Path

import pytest

import qrecipe
from qrecipe.api.staging import final_path
from qrecipe.errors import BuildError, PlanError, QrecipeError, SourceError
from qrecipe.sources.byte_string import open_bytes
from qrecipe.sources.local import LocalSource
from tests.fuzz.corpus import ALL, HEAD
from tests.fuzz.seeds import MODEL, of_format
from tests.fuzz.trial import watched
from tests.sources.gguf_bytes import Row, gguf, u16
from tests.sources.safetensors_bytes import index

KINDS = ("gguf", "imatrix-gguf", "recipe", "plan", "inventory")
DEVICES = [name for name in ("/dev/zero", "/dev/null", "/dev/tty", "/dev/full") if Path(name).exists()]
PROC = [
    f"/proc/{name}" for name in ("self/maps", "self/environ", "self/mem", "self/pagemap", "self/fd/0", "kcore", "kmsg")
]
ODD_FILES = [name for name in PROC if os.access(name, os.R_OK)]
SHARDS = ("../x", "/x", "a\\x", ".x", "a\0", "c:x", "\x1b", "x" * 244)
KEYS = ("source", "inventory", "imatrix", "extends")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "model.gguf").write_bytes(MODEL)
    (tmp_path / "whole.toml").write_text(
        f'{HEAD}source = "model.gguf"\nrequantize = true\n[[rules]]\nmatch = "**"\ntype = "Q8_0"\n'
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(kind: str, path: str) -> None:
    trial = watched(kind, Path(path), 100_000)  # a few megabytes of what has no size are read
    assert (trial.accepted, trial.finding) == (False, "")


def naming(key: str, path: str) -> str:
    value = json.dumps([path] if key == "extends" else path)
    source = "" if key in ("source", "inventory") else 'source = "model.gguf"\n'
    Path("r.toml").write_text(f"{HEAD}{source}{key} = {value}\n{ALL}")
    return "r.toml"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", [*DEVICES, *ODD_FILES])
def test_what_is_no_file_of_ours_is_refused_at_once(kind, path, folder):
    refused(kind, path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_pipe_is_refused_at_once(kind, folder):
    os.mkfifo("pipe.gguf")
    refused(kind, "pipe.gguf")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "path", ["/dev/zero", "/proc/kmsg", "pipe.gguf", "/etc", "/proc", "loop", "../../../../etc/passwd"]
)
def test_what_a_recipe_names_is_refused_at_once(key, path, folder):
    os.mkfifo("pipe.gguf")
    (folder / "loop").symlink_to("loop")
    refused("recipe", naming(key, path))


def test_a_folder_with_pipes_and_loops_in_it_is_read_past_them(folder):
    (folder / "sub").mkdir()
    os.mkfifo("sub/a.gguf")
    (folder / "sub" / "b.gguf").symlink_to("b.gguf")
    with pytest.raises(SourceError, match=r"the folder holds no \.gguf"):
        qrecipe.inspect("sub")
    os.link("model.gguf", "sub/c.gguf")
    assert qrecipe.inspect("sub").checkpoint.files[0].name == "c.gguf"


@pytest.mark.parametrize("name", [*(f"{n}.safetensors" for n in SHARDS), "", "x.bin"], ids=ascii)
def test_shards_are_plain_names(name, folder):
    Path("m.safetensors.index.json").write_bytes(index({"a": name}))
    with pytest.raises(SourceError) as caught:
        LocalSource().open("m.safetensors.index.json", folder)
    assert caught.value.diagnostics[0].why == "shards are plain names ending in .safetensors, in the index's own folder"


@pytest.mark.parametrize("name", ["../m-00001-of-00002.gguf", "sub/../../m-00001-of-00002.gguf"])
def test_parts_of_a_split_lie_beside_the_one_that_is_named_wherever_that_is(name, folder):
    """What a file says becomes no path: the user's own name is all that parts are looked for with."""
    (folder / "sub").mkdir()
    parts = [gguf([Row(b"abc"[n : n + 1])], [u16(b"split.no", n), u16(b"split.count", 2)]) for n in range(2)]
    outside = (folder / name).resolve().parent
    outside.mkdir(exist_ok=True)
    (outside / "m-00001-of-00002.gguf").write_bytes(parts[0])
    (folder / "m-00002-of-00002.gguf").write_bytes(parts[1])
    with pytest.raises(SourceError, match=r"these are missing: m-00002-of-00002\.gguf"):
        LocalSource().open(name, folder)


@pytest.mark.parametrize("count", [0, 65535])
def test_a_split_of_as_many_parts_as_a_number_holds(count, folder):
    Path("m-00001-of-65535.gguf").write_bytes(gguf([Row(b"a")], [u16(b"split.no", 0), u16(b"split.count", count)]))
    assert watched("gguf", folder / "m-00001-of-65535.gguf", 1000).finding == ""


OUTPUTS = {
    "../x.gguf": "'..' leads out of the folder",
    "a/../../x.gguf": "'..' leads out of the folder",
    "/x.gguf": "it is an absolute path",
    "//x.gguf": "it is an absolute path",
    "~/x.gguf": "~ stands for a home folder",
    "C:x.gguf": "it is an absolute path",
    "a\\x.gguf": "it holds a backslash; folders are separated by /",
    "a\0x.gguf": "it holds a control character",
    "a\nx.gguf": "it holds a control character",
    "\u202ex.gguf": "it holds a control character",
    "": "it names no file",
    "./.": "it names no file",
    f"{'x' * 251}.gguf": "a name in it has more than 255 bytes",
    f"{'é' * 126}.gguf": "a name in it has more than 255 bytes",
}


@pytest.mark.parametrize("output", OUTPUTS, ids=ascii)
def test_an_output_that_leads_elsewhere_is_refused(output, folder):
    text = json.dumps(output)
    Path("r.toml").write_text(f'{HEAD}source = "model.gguf"\n{ALL}[[targets]]\nbackend = "gguf"\noutput = {text}\n')
    with pytest.raises(QrecipeError) as caught:
        qrecipe.plan("r.toml")
    assert (caught.value.diagnostics[0].code, caught.value.diagnostics[0].why) == ("bad-output", OUTPUTS[output])


def test_a_variable_leads_nowhere_either(folder):
    target = '[[targets]]\nbackend = "gguf"\noutput = "${up}x"\n'
    Path("r.toml").write_text(f'{HEAD}source = "model.gguf"\nvars = {{ up = "../" }}\n{ALL}{target}')
    with pytest.raises(QrecipeError, match="leads out of the folder"):
        qrecipe.plan("r.toml")
    with pytest.raises(QrecipeError, match="it is an absolute path"):
        qrecipe.plan("r.toml", set={"up": "/"})


@pytest.mark.parametrize("name", ["a/b", "../a", "/", "..", "a\\b", "a\0b", "~"])
def test_a_name_is_no_path(name, folder):
    Path("r.toml").write_text(f"qrecipe = 1\nname = {json.dumps(name)}\n{ALL}")
    with pytest.raises(QrecipeError) as caught:
        qrecipe.plan("r.toml")
    assert caught.value.diagnostics[0].code == "recipe-name"


@pytest.mark.parametrize("output", ["../x.gguf", "/x.gguf", "a/../../x.gguf", "a\0b", f"{'x' * 300}.gguf", "."])
def test_a_plan_leads_nowhere_either(output, folder):
    plan = qrecipe.plan_json(qrecipe.plan("whole.toml")).replace('"x.gguf"', json.dumps(output))
    Path("p.json").write_text(plan)
    before = sorted(folder.parent.rglob("*"))
    with pytest.raises((BuildError, PlanError, QrecipeError)):
        qrecipe.build("p.json", output="out")
    assert [path for path in sorted(folder.parent.rglob("*")) if path not in before] in ([], [folder / "out"])


@pytest.mark.parametrize("make", ["folder", "file", "loop", "dangling"])
def test_a_link_in_the_output_folder_leads_nowhere(make, folder):
    (folder / "out").mkdir()
    (folder / "elsewhere").mkdir()
    where = {"folder": folder / "elsewhere", "file": folder / "model.gguf", "loop": "sub", "dangling": folder / "none"}
    (folder / "out" / ("sub" if make in ("folder", "loop") else "x.gguf")).symlink_to(where[make])
    output = "sub/x.gguf" if make in ("folder", "loop") else "x.gguf"
    Path("r.toml").write_text(f'{HEAD}source = "model.gguf"\n{ALL}[[targets]]\nbackend = "gguf"\noutput = "{output}"\n')
    with pytest.raises(BuildError):
        qrecipe.build("r.toml", output="out", force=True)
    assert (list((folder / "elsewhere").iterdir()), (folder / "model.gguf").read_bytes()) == ([], MODEL)
    assert not (folder / "none").exists()


@pytest.mark.parametrize("output", ["a\0b", "x" * 300, "/".join(["y" * 200] * 30)])
def test_what_the_system_refuses_as_a_path_is_told(output, folder):
    with pytest.raises(BuildError) as caught:
        final_path(folder, output)
    assert caught.value.diagnostics[0].code == "output-unwritable"


def shortened(path: Path) -> None:
    os.truncate(path, 100)


def rewritten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[::-1])
    os.utime(path, ns=(1, 1))


def replaced_by_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


CHANGES = {
    shortened: "the file had 5280 bytes when it was opened and has 100 now",
    rewritten: "the file was written to after it was opened",
    replaced_by_a_pipe: "the file had 5280 bytes when it was opened and has 0 now",
    Path.unlink: "cannot read the file: No such file or directory",
}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_source_that_changes_while_it_is_read(change, folder):
    checkpoint = LocalSource().open("model.gguf", folder)
    change(folder / "model.gguf")
    with pytest.raises(SourceError) as caught:
        checkpoint.read("token_embd.weight", 0, 8)
    assert caught.value.diagnostics[0].what == CHANGES[change]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_source_that_changes_during_a_build_leaves_nothing(change, folder):
    with pytest.raises(SourceError, match=CHANGES[change]):
        qrecipe.build("whole.toml", output="out", on_plan=lambda _: change(folder / "model.gguf"))
    assert not (folder / "out").exists()


def test_a_file_that_ends_early_although_the_system_says_otherwise():
    """Files of /proc have no size, and some have any: what is missing is told."""
    string = open_bytes([Path("/proc/self/status")])
    with pytest.raises(SourceError, match="the file ends at byte 0"):
        string.read(0, 10)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_closed_folders_and_files_are_told(folder):
    (folder / "closed").mkdir(mode=stat.S_IXUSR)
    for reference in ("closed", "closed/x.gguf", "closed/m.gguf.part00"):
        refused("gguf", reference)


def test_the_seeds_do_not_lead_anywhere():
    assert all("/" not in name for kind in KINDS for seed in of_format(kind) for name in seed.files)
