"""Builds a case as a user does, and measures the artifact against the reference."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

import qrecipe
from plugins.tests import activations, models, reference, runtime
from plugins.tests.cases import Case


@dataclass(frozen=True, slots=True)
class Artifact:
    """What was built: the folder, its source, and the plan that was followed."""

    folder: Path
    source: Path
    planned: object


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured.

    Attributes:
        modules: How many weights are quantized.
        nbytes: Of all files.
        difference: The greatest between logits of the artifact and of the reference.
        same_text: All greedy tokens are equal.
        from_source: The greatest difference between logits of the artifact and of the source.
        error: The greatest relative error of a quantized weight, by the norm of the matrix.
        loading: Weights that transformers missed or did not expect.
    """

    modules: int
    nbytes: int
    difference: float
    same_text: bool
    from_source: float
    error: float
    loading: tuple[str, ...]


def build(case: Case, place: Path, **options: object) -> Artifact:
    """Write model and recipe below `place` and build."""
    source = models.write(case.model, place / "source")
    (place / "e2e.toml").write_text(case.recipe(source), encoding="utf-8")
    result = qrecipe.build(place / "e2e.toml", output=place / "out", **options)
    assert result.complete, result.plan.missing
    return Artifact(place / "out" / "artifact", source, result.plan)


def measure(artifact: Artifact, place: Path) -> Figures:
    """Load and run the artifact, the reference and the source."""
    plain = reference.write_plain(artifact.folder, place / "plain")
    mine = runtime.run(artifact.folder)
    theirs = runtime.run(plain, activations.of(artifact.folder))
    errors = weight_errors(artifact)
    return Figures(
        modules=len(errors),
        nbytes=sum(path.stat().st_size for path in artifact.folder.iterdir()),
        difference=mine.farthest(theirs),
        same_text=mine.tokens == theirs.tokens,
        from_source=mine.farthest(runtime.run(artifact.source)),
        error=max(errors.values(), default=0.0),
        loading=(*mine.missing, *mine.unexpected),
    )


def weight_errors(artifact: Artifact) -> dict[str, float]:
    """Return the relative error of each weight that is stored in another form than the source's."""
    source, arrays = reference.stored(artifact.source), reference.stored(artifact.folder)
    changed = {
        name: value for name, value in reference.weights(artifact.folder).items() if not same(arrays.get(name), value)
    }
    source = {reference.in_model(name): value for name, value in source.items()}
    return {name: _error(value, source[reference.in_model(name)]) for name, value in changed.items()}


def same(one: torch.Tensor | None, other: torch.Tensor) -> bool:
    """Say whether two tensors are equal in dtype, shape and bytes."""
    return (
        one is not None
        and (one.dtype, one.shape) == (other.dtype, other.shape)
        and bool((_bytes(one) == _bytes(other)).all())
    )


def _bytes(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.reshape(-1).view(torch.uint8)


def _error(value: torch.Tensor, wanted: torch.Tensor) -> float:
    return float((value.double() - wanted.double()).norm() / wanted.double().norm())
