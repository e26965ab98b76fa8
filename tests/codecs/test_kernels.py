"""Every kernel makes ggml's bytes, of everything in the hostile set."""

from importlib import import_module

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qrecipe.codecs.compiled.machine import unusable
from qrecipe.codecs.ggml import library
from qrecipe.codecs.ggml.table import type_named
from qrecipe.codecs.kernels.catalog import KERNELS
from qrecipe.codecs.kernels.check import blocks, digest
from tests.codecs import hostile
from tests.codecs.kernel_bytes import differing, name, reach

pytestmark = [pytest.mark.oracle, pytest.mark.skipif(unusable() is not None, reason="no kernels on this machine")]
EACH = pytest.mark.parametrize("kernel", KERNELS, ids=name)
MILLIONS = 10


@EACH
def test_the_digest_is_that_of_ggml(kernel):
    rows, importance = blocks()
    assert (
        digest(library.encode(type_named(kernel.type), rows, importance if kernel.weighted else None)) == kernel.digest
    )


@pytest.mark.slow
@EACH
def test_the_corpus_is_exact(kernel):
    shape = (40, 1024) if kernel.weighted else (200, 1024)
    wrong, weights = {}, 0
    for case, rows, importance in hostile.corpus(shape, weighted=kernel.weighted, most=reach(kernel)):
        weights += rows.size
        if n := int(differing(kernel, rows, importance).sum()):
            wrong[case] = n
    assert wrong == {}
    assert weights > MILLIONS * 1_000_000


@pytest.mark.slow
@EACH
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_mixtures_are_exact(kernel, data):
    rows = np.clip(data.draw(hostile.mixed(512)), -reach(kernel), reach(kernel)).astype(np.float32)
    importance = data.draw(hostile.importances(512)) if kernel.weighted else None
    assert not differing(kernel, rows, importance).any()


@pytest.mark.slow
@EACH
@pytest.mark.parametrize("n", [1, 2, 3, 15, 16, 17, 33])
def test_a_last_tile_that_is_not_full(kernel, n):
    block = type_named(kernel.type).block
    rows = hostile.weights_of("gaussian", n, (n, block))
    assert not differing(kernel, rows, np.ones(block, np.float32) if kernel.weighted else None).any()


@pytest.mark.slow
@EACH
def test_arrays_that_cannot_be_written(kernel):
    rows = hostile.weights_of("gaussian", 1, (1, 512))
    rows.setflags(write=False)
    assert not differing(kernel, rows, np.ones(512, np.float32) if kernel.weighted else None).any()
    work = getattr(import_module(f"qrecipe.codecs.kernels.{kernel.module}"), kernel.name)
    assert len(work.signatures) == 1, "nothing may be compiled while a build runs"
