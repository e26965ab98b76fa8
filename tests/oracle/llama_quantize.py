"""Is what qrecipe builds, byte for byte, what llama-quantize writes? Makes goldens with llama-quantize and checks them.

    python -m tests.oracle.llama_quantize make --tools FOLDER    # get_llama_cpp.py's folder; filled if it is empty
    python -m tests.oracle.llama_quantize check                  # needs no llama.cpp
    options: --work FOLDER (kept; else a temporary one), --model NAME, --case NAME (both may be repeated)

`make` runs every case of models.py; with an imatrix twice, once for each file format, and insists on equal bytes.
`check` builds the same tensors with qrecipe and prints how many tensors are equal; exit status 1 if one is not.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.oracle.check_goldens import check_model
from tests.oracle.get_llama_cpp import main as get_llama_cpp
from tests.oracle.make_goldens import make_model
from tests.oracle.models import MODELS


def main(words: list[str]) -> int:
    """Run one of the two commands; 0 if all is as it should be."""
    options = _options(words)
    models = [model for model in MODELS if options.model is None or model.name in options.model]
    with tempfile.TemporaryDirectory() as temporary:
        work = (options.work or Path(temporary)).resolve()
        if options.command == "make":
            tools = get_llama_cpp(options.tools.resolve())
            for model in models:
                make_model(model, model.chosen(options.case), tools, work)
            return 0
        return max([check_model(model, model.chosen(options.case), work) for model in models])


def _options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for command in (commands.add_parser("make"), commands.add_parser("check")):
        command.add_argument("--work", type=Path, help="folder for models and outputs (1 GB); else a temporary one")
        command.add_argument("--model", action="append", choices=[model.name for model in MODELS])
        command.add_argument("--case", action="append", metavar="NAME", help="as models.py names it, e.g. Q4_K-imatrix")
    commands.choices["make"].add_argument("--tools", type=Path, required=True, help="folder for get_llama_cpp.py")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
