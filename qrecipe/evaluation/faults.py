"""What can be wrong with an evaluation, in words."""

from __future__ import annotations

from qrecipe.errors import Diagnostic, Location

_TO_CHECKPOINT = "name the checkpoint's folder (config.json, tokenizer and safetensors), or use --engine llama.cpp"


def extra_missing(package: str, why: str) -> Diagnostic:
    """Return what is wrong where a package of the extra does not load."""
    return Diagnostic(
        "eval-extra-missing",
        f"{package} is needed for this and cannot be loaded: {why}",
        why="measuring with transformers and drawing plots take packages that nothing else here needs",
        fix="pip install 'qrecipe[eval]'; --engine llama.cpp measures without torch",
    )


def text_missing(text: str, why: str) -> Diagnostic:
    """Return what is wrong where the text cannot be read."""
    return Diagnostic(
        "eval-text",
        f"the text {text} cannot be read: {why}",
        why="models are compared on a text, plain and in UTF-8",
        fix="name such a file with --text; one that the models were not trained on, of some thousand words",
    )


def text_short(text: str, tokens: int, window: int, least: int) -> Diagnostic:
    """Return what is wrong where the text has too few windows."""
    longest = tokens // least
    return Diagnostic(
        "eval-text-short",
        f"{text} is too short: {tokens} tokens, and {least} windows of {window} need {least * window}",
        why=f"llama-perplexity asks for {least} windows as well, so that both engines take the same texts",
        fix="give a longer text" + (f", or --window {longest}" if longest >= 16 else ""),  # noqa: PLR2004 - of use
    )


def few_positions(positions: int, least: int) -> Diagnostic:
    """Return what is wrong where llama-perplexity would print no statistics."""
    return Diagnostic(
        "eval-few-positions",
        f"{positions} predictions are too few for llama-perplexity",
        why=f"it prints its statistics from {least} on",
        fix="give a longer text, more --windows, or a wider --window",
    )


def no_decoder(artifact: str, tensor: str, kind: str) -> Diagnostic:
    """Return what is wrong where nothing decodes a tensor's type."""
    return Diagnostic(
        "eval-no-decoder",
        f"nothing decodes {kind}, the type of {tensor}",
        Location(file=artifact),
        why="engine transformers computes with the weights decoded to float32",
        fix="install the plug-in that knows the type, or use --engine llama.cpp",
    )


def no_tokenizer(source: str, file: str = "", why: str = "") -> Diagnostic:
    """Return what is wrong where nothing cuts a text into tokens; `file` is a tokenizer that cannot be read."""
    return Diagnostic(
        "eval-no-tokenizer",
        f"{file} cannot be read: {why}" if file else "the source has no tokenizer",
        Location(file=source),
        why="a text becomes tokens by tokenizer.json, or tokenizer.model, beside the weights",
        fix="download it from where the weights come from, or use --engine llama.cpp with a GGUF source",
    )


def gguf_source(source: str) -> Diagnostic:
    """Return what is wrong where transformers should run a GGUF file."""
    return Diagnostic(
        "eval-source-kind",
        "transformers cannot run a GGUF file",
        Location(file=source),
        why="engine transformers puts decoded weights into the checkpoint's own model, which config.json describes",
        fix=_TO_CHECKPOINT,
    )


def unmapped_source(source: str, why: str) -> Diagnostic:
    """Return what is wrong where no architecture knows the source."""
    return Diagnostic(
        "eval-source-kind",
        "nothing says which of the source's tensors an artifact's are",
        Location(file=source),
        why=why,
        fix="name the checkpoint of a family that is known, or a GGUF file that was converted from it",
    )


def artifact_kind(artifact: str) -> Diagnostic:
    """Return what is wrong where an artifact is neither a GGUF file nor a folder that a backend built."""
    return Diagnostic(
        "eval-artifact-kind",
        "this is neither a GGUF file nor a folder that an installed backend reads",
        Location(file=artifact),
        why="its weights cannot be told from what is there",
        fix="name what was built, and install the plug-in that built it; the checkpoint goes behind --source",
    )


def folder_by_llama(artifact: str, engine: str) -> Diagnostic:
    """Return what is wrong where llama.cpp is to run a folder."""
    return Diagnostic(
        "eval-folder-engine",
        f"engine {engine} runs GGUF files alone, and this is a folder",
        Location(file=artifact),
        why="llama.cpp loads no other artifacts",
        fix="say --engine transformers",
    )


def other_model(artifact: str, source: str, what: str) -> Diagnostic:
    """Return what is wrong where an artifact was not made from such a source."""
    return Diagnostic(
        "eval-other-model",
        f"the artifact is of another model than {source}: {what}",
        Location(file=artifact),
        why="only predictions of one model can be compared, position by position",
        fix="name with --source the checkpoint that the artifact was made from",
    )


def other_vocabulary(artifact: str, source: str, what: str) -> Diagnostic:
    """Return what is wrong where two vocabularies differ."""
    return Diagnostic(
        "eval-vocabulary",
        f"the artifact has another vocabulary than {source}: {what}",
        Location(file=artifact),
        why="probabilities of tokens can only be compared where tokens are the same",
        fix="name with --source the checkpoint that the artifact was made from, with its own tokenizer",
    )


def other_source(artifact: str, source: str, built_from: str) -> Diagnostic:
    """Return a warning: the lock names another source."""
    return Diagnostic(
        "eval-other-source",
        f"the artifact was built from {built_from}, and is measured against {source}",
        Location(file=artifact),
        why="the headers' digest in its lock is not this source's, so part of the difference may be the sources' own",
        fix="this is right where it is meant; else name the checkpoint that it was built from with --source",
        severity="warning",
    )


def tokens_differ(position: int) -> Diagnostic:
    """Return a warning: the engines read different tokens."""
    return Diagnostic(
        "eval-tokens-differ",
        f"the two engines cut the text into other tokens, from token {position} on",
        why="llama.cpp and the checkpoint's tokenizer disagree, so the engines' numbers are about different positions",
        fix="compare the engines on a plainer text, and report the difference to qrecipe: the tokenizer may be wrong",
        severity="warning",
    )


def refused(source: str, why: str) -> Diagnostic:
    """Return what is wrong where transformers cannot make the model."""
    return Diagnostic(
        "eval-model-refused",
        f"transformers cannot run this checkpoint: {why}",
        Location(file=source),
        why="its class and sizes come from config.json; code that a checkpoint brings is never run",
        fix="pip install -U transformers, check config.json, or use --engine llama.cpp",
    )


def tool_missing(named: str | None) -> Diagnostic:
    """Return what is wrong where there is no llama-perplexity."""
    return Diagnostic(
        "eval-no-llama-cpp",
        f"there is no program {named}" if named else "llama-perplexity is not on the path",
        why="engine llama.cpp measures by running llama.cpp's own tool",
        fix="name it with --llama-perplexity PATH; llama.cpp's releases have it, and its build makes it in build/bin",
    )


def tool_failed(tool: str, model: str, why: str) -> Diagnostic:
    """Return what is wrong where llama-perplexity gives no result."""
    return Diagnostic(
        "eval-llama-cpp-failed",
        f"llama-perplexity gave no result: {why}",
        Location(file=model),
        why=f"what was run is {tool}",
        fix="check that this llama.cpp knows the model's architecture and types, and that memory suffices",
    )


def no_predictions(artifact: str) -> Diagnostic:
    """Return what is wrong with a model whose logits are no numbers."""
    return Diagnostic(
        "eval-not-finite",
        "the model predicts nothing: there are logits that are not finite",
        Location(file=artifact),
        why="a weight that is not finite, or one that is far too large, spoils whatever is computed with it",
        fix="look at its weights with qrecipe verify ARTIFACT --source SOURCE, or get it again",
    )


def no_space(folder: str, needed: int, free: int) -> Diagnostic:
    """Return what is wrong where the reference does not fit on the disk."""
    return Diagnostic(
        "eval-no-space",
        f"the reference takes {needed:,} bytes, and {free:,} are free",
        Location(file=folder),
        why="a reference holds a number for each token of the vocabulary at each position",
        fix="take fewer --windows, or another folder with --cache",
    )


def plot_kind(path: str) -> Diagnostic:
    """Return what is wrong where a plot is asked for in an unknown form."""
    return Diagnostic(
        "eval-plot-kind",
        f"a plot cannot be written as {path}",
        why="a plot is an SVG or a PNG file, and its name says which",
        fix="let the name end in .svg or .png",
    )
