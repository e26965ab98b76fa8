import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from qrecipe.errors import SourceError
from qrecipe.sources.package import PackageSource
from tests.sources.gguf_bytes import gguf
from tests.sources.safetensors_bytes import one

MESSAGES = yaml.safe_load((Path(__file__).parents[1] / "cases" / "sources" / "package.yaml").read_text())
GGUF = gguf()


def install(site: Path, name: str, files: dict[str, bytes], requires: Sequence[str] = ()) -> None:
    """Lay out an installed distribution as pip does; its modules would fail if anything imported them."""
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    lines = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0", *(f"Requires-Dist: {r}" for r in requires)]
    (info / "METADATA").write_text("\n".join(lines) + "\n")
    files = {**files, f"{name.replace('-', '_')}/__init__.py": b"raise SystemExit('imported')"}
    for path, data in files.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_bytes(data)
    (info / "RECORD").write_text("".join(f"{path},,\n" for path in files))


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    return tmp_path


def opened(reference: str):
    return PackageSource().open(reference, Path())


def test_one_file_in_the_package(site):
    install(site, "qr-one", {"qr_one/data/model.gguf": GGUF})
    checkpoint = opened("pkg:qr-one")
    assert (checkpoint.reference, list(checkpoint.tensors)) == ("pkg:qr-one", ["a.weight"])
    assert "qr_one" not in sys.modules


def test_parts_in_required_packages_make_one_file(site):
    install(site, "qr-all", {}, ["qr-p1==1.0", "qr-p2 (>=1)", "qr-gone; extra == 'test'"])
    install(site, "qr-p1", {"qr_p1/m.gguf.part00": GGUF[:50]}, ["qr-all"])
    install(site, "qr-p2", {"qr_p2/m.gguf.part01": GGUF[50:60]}, ["QR_P3[fast]>1; python_version >= '3'"])
    install(site, "qr-p3", {"qr_p3/m.gguf.part02": GGUF[60:]})
    checkpoint = opened("pkg:qr-all")
    assert checkpoint.files[0].nbytes == len(GGUF)
    assert checkpoint.read("a.weight", 0, 256) == bytes(256)


@pytest.mark.parametrize("inner", ["qr_two/a/x.gguf", "a/x.gguf", "w.safetensors"])
def test_the_end_of_a_path_chooses(site, inner):
    install(site, "qr-two", {"qr_two/a/x.gguf": GGUF, "qr_two/b/x.gguf": GGUF, "qr_two/w.safetensors": one()})
    expected = "safetensors" if inner.endswith("safetensors") else "gguf"
    assert opened(f"pkg:qr-two/{inner}").container == expected


BROKEN = {
    "not installed": "pkg:qr-nothing",
    "no name": "pkg:../etc",
    "no weights": "pkg:qr-empty",
    "no weights, for want of a required package": "pkg:qr-wanting",
    "several": "pkg:qr-several",
    "path that fits several": "pkg:qr-several/x.gguf",
    "path that fits none": "pkg:qr-several/z.gguf",
    "a part is missing": "pkg:qr-gap",
    "listed and not there": "pkg:qr-deleted",
    "the last part is in a package that is missing": "pkg:qr-short",
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_opened_is_refused_with_these_words(name, site):
    install(site, "qr-empty", {"qr_empty/readme.txt": b""})
    install(site, "qr-wanting", {}, ["qr-part1", "qr-part2"])
    install(site, "qr-several", {"qr_several/a/x.gguf": GGUF, "qr_several/b/x.gguf": GGUF})
    install(site, "qr-gap", {"qr_gap/m.gguf.part00": b"a", "qr_gap/m.gguf.part02": b"c"})
    install(site, "qr-short", {"qr_short/m.gguf.part00": GGUF[:300]}, ["qr-part2"])
    install(site, "qr-deleted", {"qr_deleted/m.gguf": GGUF})
    (site / "qr_deleted" / "m.gguf").unlink()
    with pytest.raises(SourceError) as caught:
        opened(BROKEN[name])
    assert str(caught.value).replace(str(site), "SITE") == MESSAGES[name].rstrip("\n")


def test_claims_its_scheme_only():
    assert [PackageSource().claims(text, Path()) for text in ("pkg:a", "a", "pkg", "hf://pkg:a")] == [True] + [
        False
    ] * 3
