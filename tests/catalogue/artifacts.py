"""What artifacts and their locks can be told: a small one is built, something in it is changed, and it is verified."""

from __future__ import annotations

from pathlib import Path

import qrecipe
from qrecipe.cli.lock import lock_of
from qrecipe.errors import Diagnostic
from tests.catalogue.workplace import workplace
from tests.sources.gguf_bytes import F32, Row, gguf
from tests.sources.safetensors_bytes import entry, safetensors

A, B = Row(b"a.weight"), Row(b"b.weight")


def a_header_that_was_edited() -> object:
    return _changed(b"t31", b"T31")


def a_tensor_with_a_flipped_bit() -> object:
    _built()
    data = bytearray(Path("mix.gguf").read_bytes())
    data[_tensor("blk.0.ffn_up.weight").offset + 100] ^= 4
    return _verified(data)


def padding_with_something_in_it() -> object:
    Path("mix.gguf").write_bytes(gguf([Row(b"a.weight", (1, 3)), B]))
    data = bytearray(Path("mix.gguf").read_bytes())
    data[_tensor("a.weight").offset + 14] = 1
    return _verified(data)


def bytes_behind_the_last_tensor() -> object:
    return _verified(gguf([A]) + b"hidden")


def a_type_that_is_not_the_decided_one() -> object:
    return _changed(b"Q6_K", b"Q5_K")


def a_lock_of_the_future() -> object:
    key = b"qrecipe.lock" + (4).to_bytes(4, "little")
    return _changed(key + b"\x01", key + b"\x07")


def a_lock_that_was_changed() -> object:
    return _changed(b"qrecipe.plan_digest", b"qrecipe.plan_digesT")


def a_file_without_a_lock() -> object:
    Path("other.gguf").write_bytes(gguf([A]))
    return lock_of("other.gguf")


def another_source() -> object:
    _built()
    Path("tony.gguf").write_bytes(Path("tiny.gguf").read_bytes().replace(b"tiny", b"tony"))
    return _differences("mix.gguf", "tony.gguf")


def a_source_whose_weights_changed() -> object:
    _built()
    source = qrecipe.inspect("tiny.gguf").checkpoint.tensors["blk.0.ffn_up.weight"]
    data = bytearray(Path("tiny.gguf").read_bytes())
    data[source.offset + 10] ^= 4
    Path("tiny.gguf").write_bytes(data)
    return _differences("mix.gguf", "tiny.gguf")


def a_source_with_other_tensors() -> object:
    return _compared(gguf([A]), gguf([B]))


def a_source_of_another_shape() -> object:
    return _compared(gguf([A]), gguf([Row(b"a.weight", (4, 32), F32)]))


def a_source_that_nothing_decodes() -> object:
    Path("mix.gguf").write_bytes(gguf([A]))
    Path("source.safetensors").write_bytes(safetensors({"a.weight": entry("C64", [2, 32], 0, 512)}, bytes(512)))
    return _differences("mix.gguf", "source.safetensors")


def _built() -> None:
    workplace()
    qrecipe.build("mix.toml")


def _tensor(name: str):
    return qrecipe.inspect("mix.gguf").checkpoint.tensors[name]


def _changed(old: bytes, new: bytes) -> tuple[Diagnostic, ...]:
    """Verify after the last mention in the header says something else."""
    _built()
    data = bytearray(Path("mix.gguf").read_bytes())
    at = data.rindex(old, 0, qrecipe.inspect("mix.gguf").checkpoint.files[0].header_bytes)
    data[at : at + len(old)] = new
    return _verified(data)


def _verified(data: bytes) -> tuple[Diagnostic, ...]:
    Path("mix.gguf").write_bytes(data)
    return qrecipe.verify("mix.gguf").differences


def _compared(artifact: bytes, source: bytes) -> tuple[Diagnostic, ...]:
    Path("mix.gguf").write_bytes(artifact)
    Path("source.gguf").write_bytes(source)
    return _differences("mix.gguf", "source.gguf")


def _differences(artifact: str, source: str) -> tuple[Diagnostic, ...]:
    return qrecipe.verify(artifact, source=source).differences
