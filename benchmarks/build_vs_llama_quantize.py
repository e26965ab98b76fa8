"""`qrecipe build` against llama-quantize: `python -m benchmarks.build_vs_llama_quantize --tools FOLDER`.

Both tools quantize the same F16 files, a made-up model of the 1B class and two published small ones, as the file types
of llama-quantize say; qrecipe's recipe extends `lib:llama/TYPE`. The results are compared tensor by tensor before
anything is measured. Runs alternate, and the minima count. With `--cold`, qrecipe also runs with nothing compiled
before, and without kernels, by ggml alone. `--tools` is the folder of tests/oracle/get_llama_cpp.py, filled if it is
empty. `--work` on a disk in memory keeps the disk's own changes out of the figures. Prints Markdown.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, reduce
from importlib.metadata import version
from pathlib import Path

from benchmarks import large_model
from benchmarks.cost import Cost, measure
from qrecipe.codecs.compiled.machine import cpu
from tests.oracle import get_llama_cpp, goldens
from tests.oracle.models import MODELS, Model

TYPES = ("Q4_0", "Q8_0", "Q4_K_M", "Q6_K", "IQ4_XS")
_HEADS = ("wall s", "CPU s", "peak MiB")
_RECIPE = """\
qrecipe = 1
name = "{name}"
extends = ["lib:llama/{kind}"]
source = "{source}"
[[targets]]
backend = "gguf"
output = "${{name}}.gguf"
"""


@dataclass(frozen=True, slots=True)
class Job:
    """The two command lines that do the same, and the files that they make."""

    theirs: tuple[str | Path, ...]
    ours: tuple[str | Path, ...]
    made: tuple[Path, ...]

    def theirs_cost(self) -> Cost:
        """Run llama-quantize."""
        return measure(self.theirs)

    def ours_cost(self) -> Cost:
        """Run qrecipe, its kernels compiled before."""
        return measure(self.ours)

    def cold_cost(self) -> Cost:
        """Run qrecipe with an empty cache."""
        with tempfile.TemporaryDirectory() as folder:
            return measure(("env", f"XDG_CACHE_HOME={folder}", *self.ours))

    def alone_cost(self) -> Cost:
        """Run qrecipe without kernels."""
        return measure(("env", "NUMBA_DISABLE_JIT=1", *self.ours))


def main(words: list[str]) -> None:
    options = _options(words)
    tools = get_llama_cpp.main(options.tools.resolve())
    print(_versions(options.threads, options.runs))
    columns = [f"{head}: theirs | ours | ratio" for head in _HEADS]
    columns += ["cold: wall s", "ggml alone: wall s"] if options.cold else []
    line = f"| model | type | {' | '.join(columns)} |"
    print(f"{line}\n|{' --- |' * (line.count('|') - 1)}")
    with tempfile.TemporaryDirectory() as temporary:
        work = (options.work or Path(temporary)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        for name in options.model:
            f16 = _f16(name, tools, work)
            for kind in options.type:
                job = _job(f16, kind, tools, options.threads)
                print(_row(name, kind, job, options), flush=True)
                for path in job.made:
                    path.unlink()


def _options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tools", type=Path, required=True, help="folder for get_llama_cpp.py")
    parser.add_argument("--work", type=Path, help="folder for models and outputs (12 GB); else a temporary one")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--runs", type=int, default=3, help="runs of each tool")
    parser.add_argument("--cold", action="store_true", help="also with nothing compiled, and without kernels")
    parser.add_argument("--model", nargs="+", choices=list(_WRITERS), default=list(_WRITERS))
    parser.add_argument("--type", nargs="+", choices=TYPES, default=TYPES)
    return parser.parse_args(words)


def _versions(threads: int, runs: int) -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("qrecipe", "libggml-python", "numpy", "numba"))
    peer = f"{get_llama_cpp.PACKAGE} {get_llama_cpp.VERSION}"
    where = f"{platform.machine()} ({cpu()[0]}), {os.cpu_count()} cores, Python {platform.python_version()}"
    return f"{packages} against {peer}; {where}; {threads} threads; minima of {runs} alternating runs\n"


def _published(model: Model, tools: Path, path: Path) -> None:
    published = path.with_name(f"{model.name}.gguf")
    model.write(published)
    measure((tools / "llama-quantize", "--allow-requantize", published, path, "F16"))
    published.unlink()


_WRITERS: dict[str, Callable[[Path, Path], None]] = {
    "synthetic-1b": lambda tools, path: large_model.write(path),  # noqa: ARG005 - it needs no tool
    **{model.name: partial(_published, model) for model in MODELS if model.packages},
}


def _f16(name: str, tools: Path, work: Path) -> Path:
    path = work / f"{name}-f16.gguf"
    if not path.exists():
        unfinished = path.with_suffix(".part")
        _WRITERS[name](tools, unfinished)
        unfinished.rename(path)
    return path


def _job(f16: Path, kind: str, tools: Path, threads: int) -> Job:
    """Return both command lines, after one run of each that shows equal tensors."""
    name, folder = f"{f16.stem}-{kind.lower()}", f16.parent
    theirs, ours, recipe = folder / f"{name}-theirs.gguf", folder / f"{name}.gguf", folder / f"{name}.toml"
    options = ("--output", folder, "--threads", str(threads), "--force")
    job = Job(
        (tools / "llama-quantize", f16, theirs, kind, str(threads)),
        (sys.executable, "-m", "qrecipe", "build", recipe, *options),
        (theirs, ours),
    )
    recipe.write_text(_RECIPE.format(name=name, kind=kind.lower(), source=f16), encoding="utf-8")
    job.theirs_cost()
    job.ours_cost()
    if goldens.contents(ours).tensors != goldens.contents(theirs).tensors:
        sys.exit(f"error: {name}: the tools built different tensors, so their times say nothing")
    return job


def _row(name: str, kind: str, job: Job, options: argparse.Namespace) -> str:
    costs = [job.theirs_cost, job.ours_cost, *((job.cold_cost, job.alone_cost) if options.cold else ())]
    rounds = [[cost() for cost in costs] for _ in range(options.runs)]
    theirs, ours, *others = (reduce(Cost.least, column) for column in zip(*rounds, strict=True))
    figures = [
        *_figures(theirs.wall, ours.wall, "{:.2f}"),
        *_figures(theirs.cpu, ours.cpu, "{:.2f}"),
        *_figures(theirs.memory / 2**20, ours.memory / 2**20, "{:.0f}"),
        *(f"{other.wall:.2f}" for other in others),
    ]
    return f"| {name} | {kind} | {' | '.join(figures)} |"


def _figures(theirs: float, ours: float, form: str) -> tuple[str, str, str]:
    return form.format(theirs), form.format(ours), f"{theirs / ours:.2f}"


if __name__ == "__main__":
    main(sys.argv[1:])
