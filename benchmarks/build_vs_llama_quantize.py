"""`qrecipe build` against llama-quantize: `python -m benchmarks.build_vs_llama_quantize --tools FOLDER`.

Both tools quantize the same F16 files (SmolLM2 135M, Gemma 3 270M) to the same per-tensor types; the results are
compared tensor by tensor before anything is measured. Runs alternate, and the minima of each tool count. `--tools` is
the folder of tests/oracle/get_llama_cpp.py, filled if it is empty. Prints Markdown with versions.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from dataclasses import dataclass
from functools import reduce
from importlib.metadata import version
from pathlib import Path

from benchmarks.cost import Cost, measure
from tests.oracle import get_llama_cpp, goldens
from tests.oracle.check_goldens import recipe_text
from tests.oracle.models import MODELS, Model

TYPES = {"Q4_0": "Q4_0", "Q8_0": "Q8_0", "Q4_K": "Q4_K_S", "Q6_K": "Q6_K"}  # type → llama-quantize's name for it


@dataclass(frozen=True, slots=True)
class Job:
    """The two command lines that do the same."""

    theirs: tuple[str | Path, ...]
    ours: tuple[str | Path, ...]


def main(words: list[str]) -> None:
    options = _options(words)
    tools = get_llama_cpp.main(options.tools.resolve())
    print(_versions(options.threads, options.runs))
    print("| model | type | wall s: ours, theirs, ratio | CPU s: ours, theirs, ratio | peak MiB: ours, theirs |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        work = (options.work or Path(temporary)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        for model in MODELS:
            if model.name in options.model and model.packages:
                f16 = _f16(model, tools, work)
                for kind in options.type:
                    print(_row(model, kind, _job(f16, kind, tools, options.threads), options.runs), flush=True)


def _options(words: list[str]) -> argparse.Namespace:
    published = [model.name for model in MODELS if model.packages]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tools", type=Path, required=True, help="folder for get_llama_cpp.py")
    parser.add_argument("--work", type=Path, help="folder for models and outputs (2 GB); else a temporary one")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--runs", type=int, default=3, help="runs of each tool")
    parser.add_argument("--model", nargs="+", choices=published, default=published)
    parser.add_argument("--type", nargs="+", choices=list(TYPES), default=list(TYPES))
    return parser.parse_args(words)


def _versions(threads: int, runs: int) -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("qrecipe", "libggml-python", "numpy"))
    peer = f"{get_llama_cpp.PACKAGE} {get_llama_cpp.VERSION}"
    where = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return f"{packages} against {peer}; {where}; {threads} threads; minima of {runs} alternating runs\n"


def _f16(model: Model, tools: Path, work: Path) -> Path:
    published, f16 = work / f"{model.name}.gguf", work / f"{model.name}-f16.gguf"
    model.write(published)
    measure((tools / "llama-quantize", "--allow-requantize", published, f16, "F16"))
    return f16


def _job(f16: Path, kind: str, tools: Path, threads: int) -> Job:
    """Return both command lines, after one run of each that shows equal tensors."""
    name, folder = f"{f16.stem}-{kind}", f16.parent
    theirs, ours, recipe = folder / f"{name}-theirs.gguf", folder / f"{name}.gguf", folder / f"{name}.toml"
    options = ("--output", folder, "--threads", str(threads), "--force")
    job = Job(
        (tools / "llama-quantize", "--pure", f16, theirs, TYPES[kind], str(threads)),
        (sys.executable, "-m", "qrecipe", "build", recipe, *options),
    )
    measure(job.theirs)
    wanted, source = goldens.contents(theirs).tensors, goldens.contents(f16).tensors
    changed = {tensor: value for tensor, value in wanted.items() if value != source[tensor]}
    recipe.write_text(recipe_text(name, str(f16), changed, None), encoding="utf-8")
    measure(job.ours)
    if goldens.contents(ours).tensors != wanted:
        sys.exit(f"error: {name}: the tools built different tensors, so their times say nothing")
    return job


def _row(model: Model, kind: str, job: Job, runs: int) -> str:
    pairs = [(measure(job.ours), measure(job.theirs)) for _ in range(runs)]
    ours, theirs = (reduce(Cost.least, costs) for costs in zip(*pairs, strict=True))
    wall = f"{ours.wall:.2f}, {theirs.wall:.2f}, {ours.wall / theirs.wall:.2f}"
    cpu = f"{ours.cpu:.2f}, {theirs.cpu:.2f}, {ours.cpu / theirs.cpu:.2f}"
    return f"| {model.name} | {kind} | {wall} | {cpu} | {ours.memory >> 20}, {theirs.memory >> 20} |"


if __name__ == "__main__":
    main(sys.argv[1:])
