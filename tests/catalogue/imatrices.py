"""What imatrix files can be told as things of their own: provocations by name, run in an empty folder."""

from __future__ import annotations

from pathlib import Path

import qrecipe
from tests.catalogue.workplace import model, recipe
from tests.sources.imatrix_bytes import imatrix, legacy, legacy_entry


def experts_without_data() -> object:
    data = {"blk.0.ffn_up_exps.weight.in_sum2": ((4, 2), (1.0,) * 8)}
    Path("imatrix.gguf").write_bytes(imatrix(data | {"blk.0.ffn_up_exps.weight.counts": ((4, 1), (5, 0, 0, 7))}))
    return qrecipe.inspect_imatrix("imatrix.gguf").findings


def tensors_that_the_imatrix_does_not_weight() -> object:
    model()
    Path("imatrix.dat").write_bytes(legacy(legacy_entry(b"blk.0.attn_q.weight", 2, (1.0,) * 256)))
    recipe('source = "tiny.gguf"\nimatrix = "imatrix.dat"\n[[rules]]\nmatch = "**"\ntype = "Q4_K | Q5_0"\n')
    return qrecipe.plan("mine.toml").findings


def an_imatrix_that_lacks_tensors_of_the_model() -> object:
    model()
    Path("imatrix.dat").write_bytes(legacy(legacy_entry(b"blk.0.attn_q.weight", 2, (1.0,) * 256)))
    return qrecipe.inspect_imatrix("imatrix.dat", source="tiny.gguf").findings


def imatrices_of_two_models() -> object:
    Path("a.dat").write_bytes(legacy(legacy_entry(b"w.weight", 2, (1, 2))))
    Path("b.dat").write_bytes(legacy(legacy_entry(b"w.weight", 2, (1, 2, 3))))
    return qrecipe.combine_imatrices(["a.dat", "b.dat"], output="c.gguf")


def an_imatrix_that_would_be_replaced() -> object:
    Path("a.dat").write_bytes(legacy(legacy_entry(b"w.weight", 2, (1, 2))))
    return qrecipe.combine_imatrices(["a.dat"], output="a.dat")
