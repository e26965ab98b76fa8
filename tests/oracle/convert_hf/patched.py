"""Run as a script: llama.cpp's converter, which is told what the pre-tokenizer of a made-up vocabulary is called.

usage: patched.py TREE PRE ARGUMENTS OF convert_hf_to_gguf.py …        PRE is `-` to ask the converter itself

The converter knows pre-tokenizers by a hash over published vocabularies, so it cannot know a tiny one's.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path


def main(tree: Path, pre: str, words: list[str]) -> None:
    """Convert."""
    sys.path[:0] = [str(tree), str(tree / "gguf-py")]
    if pre != "-":
        from conversion.base import TextModel  # noqa: PLC0415 - of the tree that was named

        def told(self: object, tokenizer: object) -> str:
            sys.stderr.write(f"patched: the pre-tokenizer is {pre}\n")
            return pre

        TextModel.get_vocab_base_pre = told
    sys.argv = ["convert_hf_to_gguf.py", *words]
    runpy.run_path(str(tree / "convert_hf_to_gguf.py"), run_name="__main__")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
