"""`pip install ./FOLDER` without a network: puts a plug-in's modules and its metadata into a folder on PYTHONPATH.

Reads what pip would read (`pyproject.toml`: name, version, entry points), so that a page's own package is loaded the
way an installed one is. usage: stand_in_pip.py SITE install ./FOLDER
"""

import shutil
import sys
import tomllib
from pathlib import Path


def install(folder: Path, site: Path) -> None:
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    site.mkdir(exist_ok=True)
    for module in folder.glob("*.py"):
        shutil.copy(module, site)
    info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    groups = project["entry-points"].items()
    lines = [
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items()) for group, points in groups
    ]
    (info / "entry_points.txt").write_text("".join(lines))


if __name__ == "__main__":
    _, where, command, what = sys.argv
    assert command == "install"
    install(Path(what), Path(where))
