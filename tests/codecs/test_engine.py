"""When a kernel encodes, and what happens where it cannot."""

import threading
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from qrecipe.codecs.compiled import machine
from qrecipe.codecs.fit.reference import FITS
from qrecipe.codecs.fitting import expect
from qrecipe.codecs.ggml import library
from qrecipe.codecs.ggml.format import GGML_FORMATS
from qrecipe.codecs.ggml.table import type_named
from qrecipe.codecs.kernels import engine
from qrecipe.codecs.kernels.catalog import BY_USE, DECODERS, KERNELS, Kernel
from qrecipe.codecs.kernels.engine import Engine, KernelNote
from qrecipe.codecs.kernels.running import Reference
from qrecipe.types.format import TypeUse

KERNEL = BY_USE["Q4_K", False]
Q4_K = next(format_ for format_ in GGML_FORMATS if format_.name == "Q4_K")
ROWS = np.ones((2, 256), np.float32)
AUTO = FITS[0]
GGML = Reference(Q4_K.type, library.encode)


@dataclass
class Stage:
    """An engine of its own, whose kernels are ggml's encoder: what was compiled, and what is in the cache."""

    engine: Engine = field(default_factory=Engine)
    compiled: list[Kernel] = field(default_factory=list)
    kept: set[Kernel] = field(default_factory=set)
    wrong: bool = False
    waits: threading.Event | None = None

    def compile(self, kernel):
        self.compiled.append(kernel)
        if self.waits is not None:
            self.waits.wait(10)
        type_ = type_named(kernel.type)

        def encode(rows, out, importance):
            cols = importance.size or type_.block
            given = importance if importance.size else None
            out[:] = np.frombuffer(library.encode(type_, np.array(rows).reshape(-1, cols), given), np.uint8)
            out[0] ^= self.wrong

        return encode


@pytest.fixture
def stage(monkeypatch):
    stage = Stage()
    monkeypatch.setattr(engine, "engine", lambda: stage.engine)
    monkeypatch.setattr(engine, "compile_kernel", stage.compile)
    monkeypatch.setattr(engine, "_is_kept", stage.kept.__contains__)
    monkeypatch.setattr(machine, "unusable", lambda: None)
    return stage


def test_a_few_weights_are_for_ggml(stage):
    assert Q4_K.encode(ROWS, (), None) == library.encode(Q4_K.type, ROWS, None)
    assert stage.compiled == []


def test_a_type_without_a_kernel_is_for_ggml(stage):
    engine.expect("Q1_0", weighted=False, weights=10**12)
    made = engine.encode(Reference(type_named("Q1_0"), library.encode), ROWS, None)
    assert made == library.encode(type_named("Q1_0"), ROWS, None)
    assert stage.engine.expected == {}


def test_a_plan_of_many_weights_compiles_at_the_first_ones(stage):
    expect(TypeUse(Q4_K), AUTO, weighted=False, weights=KERNEL.pays_from)
    assert Q4_K.encode(ROWS, (), None) == library.encode(Q4_K.type, ROWS, None)
    assert stage.compiled == [KERNEL]
    assert stage.engine.ready[KERNEL] is not None


def test_tensors_add_up(stage):
    for _ in range(2):
        expect(TypeUse(Q4_K), AUTO, weighted=False, weights=KERNEL.pays_from // 2 + 1)
    assert engine.encode(GGML, ROWS, None) == library.encode(Q4_K.type, ROWS, None)
    assert stage.compiled == [KERNEL]


def test_with_an_imatrix_another_kernel_is_meant(stage):
    expect(TypeUse(Q4_K), AUTO, weighted=True, weights=10**12)
    engine.encode(GGML, ROWS, None)
    assert stage.compiled == []
    importance = np.ones(256, np.float32)
    assert engine.encode(GGML, ROWS, importance) == library.encode(Q4_K.type, ROWS, importance)
    assert stage.compiled == [BY_USE["Q4_K", True]]


def test_other_fits_do_not_count(stage):
    expect(TypeUse(Q4_K), replace(AUTO, name="mse"), weighted=False, weights=10**12)
    expect(TypeUse(Q4_K), None, weighted=False, weights=10**12)
    engine.encode(GGML, ROWS, None)
    assert stage.compiled == []


def test_without_a_plan_what_was_encoded_counts(stage):
    rows = np.broadcast_to(np.float32(0), (KERNEL.pays_from // 256 + 1, 256))
    assert stage.engine.encoder(KERNEL, GGML, rows.size - 512) is None
    assert stage.engine.encoder(KERNEL, GGML, 512) is not None


def test_one_that_is_in_the_cache_is_loaded_early(stage):
    stage.kept.add(KERNEL)
    assert stage.engine.encoder(KERNEL, GGML, KERNEL.loads_from - 256) is None
    assert stage.engine.encoder(KERNEL, GGML, 256) is not None
    assert KERNEL.pays_from > 3 * KERNEL.loads_from


@pytest.mark.parametrize("kernel", [*KERNELS, *DECODERS], ids=lambda kernel: kernel.name)
def test_none_is_loaded_later_than_it_is_compiled(kernel):
    assert 0 < kernel.loads_from <= kernel.pays_from


def test_while_one_thread_compiles_others_have_ggml(stage):
    stage.waits = threading.Event()
    stage.engine.expected[KERNEL] = KERNEL.pays_from
    found = []
    thread = threading.Thread(target=lambda: found.append(stage.engine.encoder(KERNEL, GGML, 256)))
    thread.start()
    while not stage.compiled:
        pass
    assert stage.engine.encoder(KERNEL, GGML, 256) is None
    stage.waits.set()
    thread.join()
    assert found[0] is stage.engine.encoder(KERNEL, GGML, 256) is not None
    assert stage.compiled == [KERNEL]


def test_a_machine_that_has_none(stage, monkeypatch):
    monkeypatch.setattr(machine, "unusable", lambda: "NUMBA_DISABLE_JIT is set")
    stage.engine.expected[KERNEL] = 10**12
    assert stage.engine.encoder(KERNEL, GGML, 256) is None
    assert stage.compiled == []


def test_wrong_bytes_are_never_written(stage):
    stage.wrong = True
    stage.engine.expected[KERNEL] = 10**12
    with pytest.warns(KernelNote) as notes:
        assert engine.encode(GGML, ROWS, None) == library.encode(Q4_K.type, ROWS, None)
    assert str(notes[0].message) == (
        "warning: the fast encoder of Q4_K is not used\n"
        "why: it does not make the bytes that it must of the blocks it is tried on\n"
        "fix: nothing has to be done: ggml encodes, only slower; please report it"
    )
    assert stage.engine.ready == {KERNEL: None}
    assert stage.compiled == [KERNEL]


def test_another_ggml_is_followed(stage):
    def other(type_, rows, importance):
        return library.encode(type_, rows, importance)[::-1]

    stage.engine.expected[KERNEL] = 10**12
    with pytest.warns(KernelNote) as notes:
        made = engine.encode(Reference(Q4_K.type, other), ROWS, None)
    assert made == library.encode(Q4_K.type, ROWS, None)[::-1]
    assert str(notes[0].message).splitlines()[1] == (
        "why: the installed ggml has other bytes for this type than the one it follows"
    )
    assert stage.compiled == []


def test_what_does_not_compile_is_told(stage, monkeypatch):
    def fails(kernel):
        raise NotImplementedError("no such instruction")

    monkeypatch.setattr(engine, "compile_kernel", fails)
    stage.engine.expected[BY_USE["Q4_K", True]] = 10**12
    with pytest.warns(KernelNote) as notes:
        engine.encode(GGML, ROWS, np.ones(256, np.float32))
    assert str(notes[0].message).splitlines()[:2] == [
        "warning: the fast encoder of Q4_K with an imatrix is not used",
        "why: it does not compile: NotImplementedError: no such instruction",
    ]


def test_no_use_has_two_kernels():
    assert len(BY_USE) == len(KERNELS)
    assert len({(each.module, each.name) for each in KERNELS}) == len(KERNELS)
