"""`pip install ./FOLDER` without a network: puts a plug-in's code and its metadata into a folder on PYTHONPATH.

Reads what pip would read (`pyproject.toml`: name, version, entry points), so that a page's own package is loaded the
way an installed one is. With `-e`, the code stays where it is. usage: stand_in_pip.py SITE install [-e] ./FOLDER
"""

import shutil
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path


def install(folder: Path, site: Path, put: Callable[[Path, Path], object]) -> None:
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    site.mkdir(exist_ok=True)
    for code in (*folder.glob("*.py"), *(init.parent for init in folder.glob("*/__init__.py"))):
        put(code.resolve(), site / code.name)
    info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    groups = project["entry-points"].items()
    lines = [
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items()) for group, points in groups
    ]
    (info / "entry_points.txt").write_text("".join(lines))


def copy(code: Path, place: Path) -> None:
    if code.is_dir():
        shutil.copytree(code, place, dirs_exist_ok=True)
    else:
        shutil.copy(code, place)


def link(code: Path, place: Path) -> None:
    place.unlink(missing_ok=True)
    place.symlink_to(code)


if __name__ == "__main__":
    _, where, command, *options, what = sys.argv
    assert command == "install"
    assert options in ([], ["-e"])
    install(Path(what), Path(where), link if options else copy)
