"""A kernel's bytes beside ggml's, and a decoder's floats: what differs."""

from __future__ import annotations

from functools import cache

import numpy as np

from qrecipe.codecs.floats import decode_float
from qrecipe.codecs.ggml import library
from qrecipe.codecs.ggml.table import type_named
from qrecipe.codecs.kernels.catalog import Decoder, Kernel
from qrecipe.codecs.kernels.running import Decoding, Encoder, compile_decoder, compile_kernel, decoded, encoded


@cache
def encoder(kernel: Kernel) -> Encoder:
    return compile_kernel(kernel)


def differing(kernel: Kernel, rows: np.ndarray, importance: np.ndarray | None) -> np.ndarray:
    """Return for each block whether a byte differs."""
    type_ = type_named(kernel.type)
    ours = np.frombuffer(encoded(type_, encoder(kernel), rows, importance), np.uint8)
    theirs = np.frombuffer(library.encode(type_, rows, importance), np.uint8)
    return (ours != theirs).reshape(-1, type_.block_bytes).any(1)


def name(kernel: Kernel) -> str:
    return f"{kernel.type}{' weighted' if kernel.weighted else ''}"


def reach(kernel: Kernel) -> float:
    """Return the largest weights to try: the codebook searches of ggml end the process beyond their reach."""
    return 1e6 if kernel.codebook else np.inf


@cache
def decoding(kernel: Decoder) -> Decoding:
    return compile_decoder(kernel)


def decoded_alike(kernel: Decoder, data: bytes, cols: int) -> bool:
    """Say whether both make the same floats, bit for bit; one NaN is as good as another."""
    type_ = type_named(kernel.type)
    theirs = decode_float("F16", data, cols) if kernel.type == "F16" else library.decode(type_, data, cols)
    ours = decoded(decoding(kernel), data, theirs.shape)
    return bool(((ours.view(np.uint32) == theirs.view(np.uint32)) | (np.isnan(ours) & np.isnan(theirs))).all())
