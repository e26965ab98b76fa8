"""Training: first in full precision, then on a grid.

    python -m training.train full WORK
    python -m training.train qat WORK models/bard-3m-qat-q4_0 --layout q4_0
    python -m training.train qat WORK models/bard-3m-qat-mobile --layout mobile

`full` writes a checkpoint in float32 to the folder WORK; `qat` goes on from there, and writes a checkpoint in BF16
whose matrices are on their grids. One thread: the same seed gives the same bytes on the same machine.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training import card, checkpoint, grids, model, tokenizer, windows
from training.corpus import TEXT

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer
    from transformers import Gemma4ForCausalLM

_WINDOWS = 4  # a step
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Run:
    """How long, from which seed, and how fast: learning rates of matrices (Muon) and of the rest (AdamW)."""

    steps: int
    seed: int
    matrices: float
    rest: float
    warmup: int = 20
    decay: float = 0.5


FULL = Run(steps=1400, seed=1, matrices=8e-3, rest=5e-3)
QAT = Run(steps=160, seed=2, matrices=1.5e-3, rest=1.5e-3, warmup=10, decay=0.8)
_SCALES = 3e-3  # logarithms


def full(work: Path, run: Run) -> None:
    """Train in full precision, tokenizer and all, and write the checkpoint to `work`."""
    tokenizer.write((TEXT / "train.txt").read_text(encoding="ascii"), work)
    trained = model.fresh(run.seed)
    weights = dict(trained.named_parameters())
    seconds = _train(trained, lambda: weights, _optimizers(weights, run), work, run)
    trained.save_pretrained(work)
    _report(work, {"full": _facts(run, seconds) | _losses(trained, work)})


def qat(work: Path, folder: Path, layout: str, run: Run) -> None:
    """Go on from `work` with fake quantization, and write what it makes of the weights to `folder`."""
    import torch  # noqa: PLC0415 - heavy
    from transformers import Gemma4ForCausalLM  # noqa: PLC0415 - heavy

    trained = Gemma4ForCausalLM.from_pretrained(work, dtype=torch.float32)
    weights = dict(trained.named_parameters())
    chosen = grids.of(layout, weights)
    scales = {name: grids.first_scales(weights[name].detach(), grid).requires_grad_() for name, grid in chosen.items()}

    def quantized() -> dict[str, Tensor]:
        return weights | {name: grids.on_grid(weights[name], scales[name], grid) for name, grid in chosen.items()}

    optimizers = [*_optimizers(weights, run), torch.optim.AdamW(scales.values(), lr=_SCALES, weight_decay=0.0)]
    seconds = _train(trained, quantized, optimizers, work, run)
    with torch.no_grad():
        for name, weight in quantized().items():
            weights[name].copy_(weight)
    checkpoint.write(trained.bfloat16(), folder)
    tokenizer.write((TEXT / "train.txt").read_text(encoding="ascii"), folder)
    before = json.loads((work / "training.json").read_text(encoding="utf-8"))
    after = _facts(run, seconds) | {"layout": layout} | _losses(trained.float(), work)
    _report(folder, before | {"qat": after})
    (folder / "README.md").write_text(card.text(folder.name, before["full"], after), encoding="utf-8")


def _train(
    trained: Gemma4ForCausalLM,
    weights: Callable[[], dict[str, Tensor]],
    optimizers: Iterable[Optimizer],
    work: Path,
    run: Run,
) -> float:
    """Train on random windows, and return the seconds that it took."""
    import torch  # noqa: PLC0415 - heavy

    text = windows.tokens("train", work / "tokenizer.json")
    generator = torch.Generator().manual_seed(run.seed)
    schedules = [torch.optim.lr_scheduler.LambdaLR(one, lambda step: _rate(step, run)) for one in optimizers]
    began = time.monotonic()
    for step in range(run.steps):
        loss = model.loss(trained, weights(), windows.drawn(text, _WINDOWS, generator))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained.parameters(), 1.0)
        for schedule in schedules:
            schedule.optimizer.step()
            schedule.optimizer.zero_grad()
            schedule.step()
        if step % 20 == 19:  # noqa: PLR2004 - now and then
            _LOG.info("step %d: loss %.3f, %.2f s a step", step + 1, loss, (time.monotonic() - began) / (step + 1))
    return time.monotonic() - began


def _rate(step: int, run: Run) -> float:
    """Return the share of the learning rate: up in a straight line, level, down in a straight line."""
    return min(1.0, (step + 1) / run.warmup, (run.steps - step) / (run.steps * run.decay))


def _optimizers(weights: dict[str, Tensor], run: Run) -> list[Optimizer]:
    import torch  # noqa: PLC0415 - heavy

    hidden = {name for name, weight in weights.items() if weight.ndim == 2 and "embed_tokens" not in name}  # noqa: PLR2004
    return [
        torch.optim.Muon(
            [weights[name] for name in weights if name in hidden],
            lr=run.matrices,
            weight_decay=0.01,
            adjust_lr_fn="match_rms_adamw",
        ),
        torch.optim.AdamW(
            [weights[name] for name in weights if name not in hidden], lr=run.rest, betas=(0.9, 0.98), weight_decay=0.01
        ),
    ]


def _losses(trained: Gemma4ForCausalLM, work: Path) -> dict[str, float]:
    """Return the mean loss a token over held-out text, and over as much of what was trained on."""
    import torch  # noqa: PLC0415 - heavy

    held_out = windows.in_order(windows.tokens("held_out", work / "tokenizer.json"))
    seen = windows.in_order(windows.tokens("train", work / "tokenizer.json"))[: len(held_out)]
    with torch.no_grad():
        return {
            name: round(sum(float(model.loss(trained, None, one[None])) for one in part) / len(part), 4)
            for name, part in (("train_loss", seen), ("held_out_loss", held_out))
        }


def _facts(run: Run, seconds: float) -> dict[str, Any]:
    import torch  # noqa: PLC0415 - heavy
    import transformers  # noqa: PLC0415 - heavy

    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    return {"seed": run.seed, "steps": run.steps, "seconds": round(seconds), **versions}


def _report(folder: Path, facts: dict[str, Any]) -> None:
    (folder / "training.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Run `full` or `qat` as the command line says."""
    import torch  # noqa: PLC0415 - heavy

    parser = argparse.ArgumentParser()
    parser.add_argument("stage", choices=("full", "qat"))
    parser.add_argument("work", type=Path)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--layout", choices=tuple(grids.LAYOUTS), default="q4_0")
    parser.add_argument("--steps", type=int)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    run = FULL if args.stage == "full" else QAT
    run = Run(**{name: getattr(run, name) for name in Run.__slots__} | ({"steps": args.steps} if args.steps else {}))
    if args.stage == "full":
        full(args.work, run)
    else:
        qat(args.work, args.folder, args.layout, run)


if __name__ == "__main__":
    main()
