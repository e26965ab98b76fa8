"""Is what qrecipe makes of a checkpoint, byte for byte, what llama.cpp's converter makes of it?

    python -m tests.oracle.convert_hf shapes                           # needs torch and transformers
    python -m tests.oracle.convert_hf make --llama-cpp TREE --llama-quantize PROGRAM   # likewise; writes the goldens
    python -m tests.oracle.convert_hf results                          # likewise; what transformers computes
    python -m tests.oracle.convert_hf check                            # needs none of them
    python -m tests.oracle.convert_hf real --llama-cpp TREE --llama-quantize PROGRAM   # whole vocabularies, no goldens
    options: --work FOLDER (kept; else a temporary one), --family NAME (may be repeated)

`make` runs the converter on every family of `families.py` in every case. `check` builds the same checkpoints with
qrecipe and prints how many tensors and keys are equal; exit status 1 if one is not.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from tests.oracle.convert_hf import checkpoints, compare, goldens, ours, real_vocabularies, results, shapes
from tests.oracle.convert_hf.converter import LlamaCpp
from tests.oracle.convert_hf.families import FAMILIES, Family

_PACKAGES = ("torch", "transformers", "gguf")


def main(words: list[str]) -> int:
    """Run one of the commands; 0 if all is as it should be."""
    options = _options(words)
    families = [family for family in FAMILIES if options.family is None or family.name in options.family]
    with tempfile.TemporaryDirectory() as temporary:
        work = (options.work or Path(temporary)).resolve()
        match options.command:
            case "shapes":
                for family in families:
                    goldens.write_model(family, *shapes.of(family))
                return 0
            case "results":
                return _results(families, work)
            case "make":
                return _make(families, LlamaCpp(options.llama_cpp, options.llama_quantize), work)
            case "real":
                return _real(families, LlamaCpp(options.llama_cpp, options.llama_quantize), work)
        return max([compare.check(family, case, work) for family in families for case in family.cases])


def _make(families: list[Family], llama_cpp: LlamaCpp, work: Path) -> int:
    versions = {name: version(name) for name in _PACKAGES} | {"llama.cpp": llama_cpp.version}
    for family in families:
        for case in family.cases:
            folder = work / "llama.cpp" / family.name / case.name
            checkpoint = checkpoints.write(family, case.stored, folder)
            result = folder / "converted.gguf"
            llama_cpp.convert(checkpoint, case.out, family.pre, result)
            found = goldens.contents(result)
            goldens.write_case(family, case.name, versions, found)
            print(f"{family.name} {case.name}: {len(found.tensors)} tensors, {len(found.metadata)} keys", flush=True)
    return 0


def _results(families: list[Family], work: Path) -> int:
    versions = {name: version(name) for name in ("torch", "transformers")}
    for family in families:
        checkpoint = checkpoints.write(family, family.cases[0].stored, work / "transformers" / family.name)
        found = results.of_transformers(family, checkpoint)
        goldens.write_results(family, versions, found)
        print(f"{family.name}: {found.tokens}", flush=True)
    return 0


def _real(families: list[Family], llama_cpp: LlamaCpp, work: Path) -> int:
    failed = 0
    for family in families:
        if family.real:
            vocabulary = real_vocabularies.read(llama_cpp.tree, family.real)
            case, folder = family.cases[0], work / "real" / family.name
            checkpoint = checkpoints.write(family, case.stored, folder, vocabulary)
            theirs, mine = folder / "converted.gguf", folder / "built.gguf"
            llama_cpp.convert(checkpoint, case.out, "", theirs)
            ours.build(checkpoint, case.out, "", mine)
            name = f"{family.name} {case.name} {family.real}"
            failed |= compare.report(name, goldens.contents(theirs), goldens.contents(mine))
    return failed


def _options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("shapes", "make", "results", "check", "real"):
        command = commands.add_parser(name)
        command.add_argument("--work", type=Path, help="folder for checkpoints and outputs; else a temporary one")
        command.add_argument("--family", action="append", choices=[family.name for family in FAMILIES])
        if name in ("make", "real"):
            command.add_argument("--llama-cpp", type=Path, required=True, help="llama.cpp's source tree")
            command.add_argument("--llama-quantize", type=Path, required=True, help="the program")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
