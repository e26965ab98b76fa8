"""Is what qrecipe's compressed-tensors backend writes what llm-compressor's one-shot rounding writes?

    python -m venv LLMC && LLMC/bin/pip install llmcompressor        # pins older versions: an environment of its own
    python -m tests.oracle.llm_compressor make --python LLMC/bin/python
    python -m tests.oracle.llm_compressor check --python LLMC/bin/python     # needs the plug-in; no goldens

`make` writes `tests/golden/llm_compressor/`; `plugins/tests` holds our builds against them. `check` runs both tools and
prints what share of each kind of bytes is equal, for codes that the goldens' digests cannot tell.
options: --work FOLDER (kept; else a temporary one), --model NAME, --dtype NAME
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.oracle.convert_hf import checkpoints
from tests.oracle.convert_hf.families import FAMILIES
from tests.oracle.llm_compressor import goldens, ours, shares
from tests.oracle.llm_compressor.schemes import DTYPES, MODELS, SCHEMES, Scheme

SCRIPT = Path(__file__).with_name("run_oneshot.py")


def main(words: list[str]) -> int:
    """Run one of the commands; 0 if all is as it should be."""
    options = _options(words)
    with tempfile.TemporaryDirectory() as temporary:
        work = (options.work or Path(temporary)).resolve()
        for model, dtype in ((model, dtype) for model in options.model for dtype in options.dtype):
            family = next(family for family in FAMILIES if family.name == model)
            checkpoint = checkpoints.write(family, dtype, work / f"{model}-{dtype}")
            theirs = dict(_theirs(options.python, checkpoint))
            if options.command == "make":
                goldens.write(model, dtype, _recorded(theirs))
                print(f"{model} {dtype}: {len(theirs)} schemes", flush=True)
            else:
                _check(f"{model} {dtype}", checkpoint, theirs)
    return 0


def _theirs(python: Path, checkpoint: Path) -> Iterator[tuple[Scheme, tuple[Path, dict[str, str]]]]:
    """Yield what llm-compressor wrote for each scheme, and the versions that wrote it."""
    for scheme in SCHEMES:
        out = checkpoint.parent / "theirs" / scheme.name
        line = [python, SCRIPT, checkpoint, out, json.dumps(scheme.arguments())]
        done = subprocess.run([str(word) for word in line], capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"error: {' '.join(map(str, line))}\n{done.stderr[-4000:]}")
        yield scheme, (out, json.loads(done.stdout.splitlines()[-1]))


def _recorded(theirs: dict[Scheme, tuple[Path, dict[str, str]]]) -> dict[str, object]:
    versions = next(iter(theirs.values()))[1]
    schemes = {
        scheme.name: {
            "config": json.loads((out / "config.json").read_text(encoding="utf-8"))["quantization_config"],
            "arrays": goldens.contents(out),
        }
        for scheme, (out, _) in theirs.items()
    }
    return {"command": "python -m tests.oracle.llm_compressor make", "versions": versions, "schemes": schemes}


def _check(name: str, checkpoint: Path, theirs: dict[Scheme, tuple[Path, dict[str, str]]]) -> None:
    for scheme, (out, _) in theirs.items():
        built = ours.build(checkpoint, scheme, checkpoint.parent / "ours" / scheme.name)
        print(f"{name} {scheme.name}: {shares.text(built, out)}", flush=True)


def _options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("make", "check"))
    parser.add_argument("--python", type=Path, required=True, help="of an environment that has llmcompressor")
    parser.add_argument("--work", type=Path, help="folder for checkpoints and outputs; else a temporary one")
    parser.add_argument("--model", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--dtype", nargs="+", choices=DTYPES, default=DTYPES)
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
