"""A causal language model of transformers with weights that are given, and its logits: engine one.

torch and transformers are loaded here and nowhere else. The model's class and sizes come from config.json, code that a
checkpoint brings is never run, weights are float32 and stay where they are: arrays are handed over, not copied. Of a
model that also sees and hears only the text part is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qrecipe.errors import PluginError, SourceError
from qrecipe.evaluation import faults

if TYPE_CHECKING:
    from qrecipe.evaluation.windows import Windows
    from qrecipe.types.format import FloatArray

_TEXT_PARTS = (  # how a model of text alone calls what is a part of a larger one
    ("model.language_model.", "model."),
    ("language_model.model.", "model."),
    ("language_model.lm_head.", "lm_head."),
)


@dataclass(frozen=True, slots=True)
class TextModel:
    """A model that can be run."""

    model: Any

    def logits(self, windows: Windows, window: int) -> FloatArray:
        """Return the logits of a window's positions that count, [scored, vocabulary]."""
        import torch  # noqa: PLC0415 - only engine one needs it

        tokens = torch.from_numpy(windows.read(window).astype(np.int64))[None]
        with torch.inference_mode():
            found = self.model(input_ids=tokens, use_cache=False, logits_to_keep=windows.size - windows.first)
        kept: FloatArray = found.logits[0, :-1].float().numpy()
        return kept


def require() -> tuple[str, ...]:
    """Return the versions of what the engine needs; PluginError where it is not installed."""
    try:
        import torch  # noqa: PLC0415 - only engine one needs it
        import transformers  # noqa: PLC0415 - likewise
    except (ImportError, OSError) as error:
        raise PluginError(faults.extra_missing("torch or transformers", str(error))) from error
    return f"torch {torch.__version__}", f"transformers {transformers.__version__}"


def make_model(folder: Path, source: str, weights: Mapping[str, FloatArray], threads: int) -> TextModel:
    """Make the model of a checkpoint's folder with these weights, which have the checkpoint's names.

    Raises:
        SourceError: transformers does not know the model, or wants other weights.
        PluginError: transformers is not installed.
    """
    require()
    import torch  # noqa: PLC0415 - only engine one needs it

    torch.set_num_threads(threads)
    with _quiet():
        try:
            model, report = _loaded(folder, weights)
        except Exception as error:
            raise SourceError(faults.refused(source, f"{type(error).__name__}: {error}")) from error
    wrong = {kind: sorted(map(str, names))[:3] for kind, names in report.items() if names}
    if wrong:
        told = "; ".join(f"{kind.replace('_', ' ')}: {', '.join(names)}" for kind, names in wrong.items())
        raise SourceError(faults.refused(source, told))
    return TextModel(model.eval())


def _loaded(folder: Path, weights: Mapping[str, FloatArray]) -> tuple[Any, dict[str, Any]]:
    import torch  # noqa: PLC0415 - only engine one needs it
    import transformers  # noqa: PLC0415 - likewise

    whole = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    config = whole.get_text_config()
    with torch.device("meta"):
        kind = type(transformers.AutoModelForCausalLM.from_config(config, trust_remote_code=False))
    named = {name if config is whole else _in_text_part(name): torch.from_numpy(weights[name]) for name in weights}
    made: tuple[Any, dict[str, Any]] = kind.from_pretrained(
        None,
        config=config,
        state_dict=named,
        dtype=torch.float32,
        attn_implementation="eager",
        output_loading_info=True,
    )
    return made


def _in_text_part(name: str) -> str:
    for prefix, own in _TEXT_PARTS:
        if name.startswith(prefix):
            return own + name.removeprefix(prefix)
    return name


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers' bars and notes off the terminal."""
    from transformers.utils import logging  # noqa: PLC0415 - only engine one needs it

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
