"""The names that llama-quantize has for a file's type: id in `general.file_type`, whether its default is a float.

A name is read in any case, or as its id; the first of one id wins, as there (`Q4_K` is `Q4_K_M`). COPY has the id of
F32, and changes nothing of the file's own.
"""

from __future__ import annotations

from dataclasses import dataclass

FLOATS = ("F32", "F16", "BF16")


@dataclass(frozen=True, slots=True)
class FileType:
    """`name` is a base in `lib:llama`, in lower case."""

    name: str
    id: int

    @property
    def base(self) -> str:
        """The shipped base with its mixture."""
        return f"lib:llama/{self.name.lower()}"

    @property
    def is_float(self) -> bool:
        """Its default type is a float: llama-quantize asks no rule of `--tensor-type` then."""
        return self.name in FLOATS

    @property
    def is_copy(self) -> bool:
        """Nothing is quantized."""
        return self.name == "COPY"


_IDS = {
    "Q1_0": 40, "Q2_0": 41, "Q4_0": 2, "Q4_1": 3, "MXFP4_MOE": 38, "Q5_0": 8, "Q5_1": 9, "IQ2_XXS": 19, "IQ2_XS": 20,
    "IQ2_S": 28, "IQ2_M": 29, "IQ1_S": 24, "IQ1_M": 31, "TQ1_0": 36, "TQ2_0": 37, "Q2_K": 10, "Q2_K_S": 21,
    "IQ3_XXS": 23, "IQ3_S": 26, "IQ3_M": 27, "IQ3_XS": 22, "Q3_K_S": 11, "Q3_K_M": 12, "Q3_K_L": 13, "IQ4_NL": 25,
    "IQ4_XS": 30, "Q4_K_S": 14, "Q4_K_M": 15, "Q5_K_S": 16, "Q5_K_M": 17, "Q6_K": 18, "Q8_0": 7, "F16": 1, "BF16": 32,
    "F32": 0, "COPY": 0,
}  # fmt: skip
_ALIASES = {"Q3_K": "Q3_K_M", "Q4_K": "Q4_K_M", "Q5_K": "Q5_K_M"}
NAMES = (*_IDS, *_ALIASES)


def file_type(word: str) -> FileType | None:
    """Return what llama-quantize understands; None if it does not."""
    upper = word.upper()
    name = _ALIASES.get(upper, upper)
    if name not in _IDS:
        number = _leading_number(word)
        name = next((each for each, id_ in _IDS.items() if id_ == number), "")
    return FileType(name, _IDS[name]) if name else None


def _leading_number(word: str) -> int | None:
    """Return the number that a word begins with, as C++'s `stoi` reads it."""
    sign, digits = (word[:1], word[1:]) if word[:1] in ("+", "-") else ("", word)
    length = next((i for i, each in enumerate(digits) if not ("0" <= each <= "9")), len(digits))
    return int(sign + digits[:length]) if 0 < length < 10 else None  # noqa: PLR2004 - more digits are no int
