"""Random cases with what llama-quantize's dry run chose, kept as a file: they hold where llama-quantize is not at hand.

    python -m tests.oracle.mixtures.recorded --tool BUILD/bin/llama-quantize [--count 80]

A case has the whole model and command line, so that it does not depend on how cases are drawn.
"""

from __future__ import annotations

import argparse
import json
import lzma
import tempfile
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from random import Random

from tests.oracle.mixtures import cases, models, options
from tests.oracle.mixtures.models import Drawn

ARCHIVE = Path(__file__).parents[2] / "data" / "llama_cpp" / "dry_runs.json.xz"
_FIRST = 900_000  # seeds that the fuzzer is not run with


@dataclass(frozen=True, slots=True)
class Recorded:
    """`types` are those of every tensor, in capitals."""

    model: Drawn
    words: list[str]
    files: dict[str, str]
    types: dict[str, str]

    def write(self, folder: Path) -> None:
        """Write what the command line names."""
        cases.write(self.model, folder)
        for name, text in self.files.items():
            (folder / name).write_text(text, encoding="utf-8")


@cache
def recorded() -> tuple[Recorded, ...]:
    """Return all cases."""
    rows = json.loads(lzma.decompress(ARCHIVE.read_bytes()))
    return tuple(Recorded(_model(row.pop("model")), **row) for row in rows)


def _model(row) -> Drawn:
    return Drawn(**{**row, "tensors": {name: tuple(shape) for name, shape in row["tensors"].items()}})


def make(tool: Path, count: int) -> None:
    """Draw cases until so many have an outcome."""
    made: list[Recorded] = []
    seed = _FIRST
    while len(made) < count:
        with tempfile.TemporaryDirectory() as folder:
            random, seed = Random(seed), seed + 1  # noqa: S311 - no secret
            model = models.draw(random)
            words = options.draw(random, model, Path(folder))
            files = {path.name: path.read_text() for path in Path(folder).glob("*.txt")}
            cases.write(model, Path(folder))
            found = cases.theirs(tool, words, Path(folder))
            if not found.refusal and not cases.stops(found, model) and len(model.tensors) < 500:
                made.append(Recorded(model, words, files, dict(found.types)))
    ARCHIVE.write_bytes(lzma.compress(json.dumps([asdict(each) for each in made]).encode(), preset=9))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", type=Path, required=True)
    parser.add_argument("--count", type=int, default=80)
    given = parser.parse_args()
    make(given.tool.resolve(), given.count)
