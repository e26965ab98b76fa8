"""Artifacts verified: every region of a file, every difference in words, values against the source."""

import random
import struct
from pathlib import Path

import numpy as np
import pytest

import qrecipe
from qrecipe.api import verifying
from qrecipe.sources.byte_string import open_bytes
from qrecipe.sources.gguf import open_gguf
from qrecipe.types.event import TargetStarted, TaskDone
from tests.conftest import MIX, write_model

AGAIN = "fix: download the file again; if it is the same then, whoever published it has to mend it"
OTHER_SOURCE = "fix: give the source that the lock names, as it was when the artifact was built"
ODD_WIDTH = MIX.replace("Q8_0", "F16").replace("Q6_K", "F16").replace("Q4_K | Q5_0", "F16")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with a source, `tiny.gguf`, its artifact, `mix.gguf`, and a file with padding, `odd.gguf`."""
    folder = tmp_path_factory.mktemp("built")
    write_model(folder / "tiny.gguf")
    (folder / "mix.toml").write_text(MIX)
    qrecipe.build(folder / "mix.toml", output=folder)
    write_model(folder / "narrow.gguf", width=250)
    text = ODD_WIDTH.replace("tiny.gguf", "narrow.gguf").replace('"mix"', '"odd"')
    (folder / "odd.toml").write_text(text)
    qrecipe.build(folder / "odd.toml", output=folder)
    return folder


@pytest.fixture
def place(built, tmp_path, monkeypatch):
    """The same files in a folder of the test's own, which is the working folder."""
    for file in built.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(found):
    return "\n\n".join(map(str, found.differences))


def flip(path, offset, bit=0):
    data = bytearray(path.read_bytes())
    data[offset] ^= 1 << bit
    path.write_bytes(data)


def tensors(path):
    return open_gguf(open_bytes([path]), str(path)).tensors


def header_bytes(path):
    return open_gguf(open_bytes([path]), str(path)).files[0].header_bytes


@pytest.mark.parametrize("name", ["mix.gguf", "odd.gguf"])
def test_what_was_built_is_sound(place, name):
    found = qrecipe.verify(name)
    assert found.sound
    assert found.lock is not None
    assert (found.artifact, found.nbytes, found.tensors) == (name, (place / name).stat().st_size, 12)
    assert (found.source, found.values) == (None, ())


def test_a_file_without_a_lock_is_checked_for_its_structure(place):
    found = qrecipe.verify("tiny.gguf")
    assert found.sound
    assert found.lock is None
    flip(place / "tiny.gguf", -100)
    assert qrecipe.verify("tiny.gguf").sound  # nothing says what its weights should be


def test_a_changed_tensor_is_named(place):
    tensor = tensors(place / "mix.gguf")["blk.1.ffn_up.weight"]
    flip(place / "mix.gguf", tensor.offset + 1000)
    assert said(qrecipe.verify("mix.gguf")) == (
        "error: tensor 'blk.1.ffn_up.weight' is not as it was written\n"
        f"  --> mix.gguf, blk.1.ffn_up.weight, bytes {tensor.offset} to {tensor.offset + 46080}\n"
        f"why: its SHA-256 is not the one in the lock\n{AGAIN}"
    )


def test_changed_metadata_is_the_header(place):
    data = (place / "mix.gguf").read_bytes()
    flip(place / "mix.gguf", data.index(b"gpt2"))
    assert said(qrecipe.verify("mix.gguf")) == (
        "error: the header is not as it was written\n"
        f"  --> mix.gguf, header, bytes 0 to {header_bytes(place / 'mix.gguf')}\n"
        "why: its SHA-256 is not the one that it states: metadata, names, shapes, types or offsets have changed\n"
        f"{AGAIN}; if its metadata was edited with another tool, this is the difference"
    )


def test_a_changed_digest_casts_doubt_on_the_lock(place):
    data = (place / "mix.gguf").read_bytes()
    flip(place / "mix.gguf", data.index(b"qrecipe.tensor_digests") + 22 + 16)
    header, tensor = qrecipe.verify("mix.gguf").differences
    assert header.code == "verify-header"
    assert str(tensor).splitlines()[2] == (
        "why: its SHA-256 is not the one in the lock; the header is not as it was written either, so the lock may be "
        "what is wrong"
    )


def test_a_type_that_was_not_decided_is_named(place):
    data = bytearray((place / "mix.gguf").read_bytes())
    at = data.index(b"Q6_K", data.index(b"qrecipe.tensor_types"))
    data[at : at + 4] = b"Q5_K"
    (place / "mix.gguf").write_bytes(data)
    tensor = tensors(place / "mix.gguf")["blk.0.attn_v.weight"]
    header, type_ = qrecipe.verify("mix.gguf").differences
    assert header.code == "verify-header"
    assert str(type_) == (
        "error: tensor 'blk.0.attn_v.weight' is stored as Q6_K; the lock says Q5_K\n"
        f"  --> mix.gguf, blk.0.attn_v.weight, bytes {tensor.offset} to {tensor.offset + tensor.nbytes}\n"
        f"why: the lock states the type of each tensor as it was decided\n{AGAIN}"
    )


def test_padding_that_holds_something(place):
    tensor = tensors(place / "odd.gguf")["blk.0.attn_norm.weight"]
    end = tensor.offset + tensor.nbytes
    assert end % 32
    flip(place / "odd.gguf", end)
    flip(place / "odd.gguf", end + 3)
    assert said(qrecipe.verify("odd.gguf")) == (
        "error: the padding behind tensor 'blk.0.attn_norm.weight' holds 2 bytes that are not zero\n"
        f"  --> odd.gguf, padding from byte {end}\n"
        f"why: padding is zeros; nothing reads it, so something may hide in it\n{AGAIN}"
    )


def test_bytes_behind_the_end(place):
    size = (place / "mix.gguf").stat().st_size
    with (place / "mix.gguf").open("ab") as file:
        file.write(b"more")
    assert said(qrecipe.verify("mix.gguf")) == (
        "error: behind the last tensor, the file goes on for 4 bytes that belong to nothing\n"
        f"  --> mix.gguf, bytes {size} to {size + 4}\n"
        f"why: an artifact ends with the padding of its last tensor\n{AGAIN}"
    )


def test_a_file_that_ends_early(place):
    data = (place / "mix.gguf").read_bytes()
    (place / "mix.gguf").write_bytes(data[:-100])
    found = qrecipe.verify("mix.gguf")
    assert (found.tensors, found.nbytes) == (0, len(data) - 100)
    assert [fault.code for fault in found.differences] == ["gguf-data-truncated"]


def test_no_file_and_no_source_are_errors(place):
    with pytest.raises(qrecipe.SourceError, match=r"there is no file or folder 'gone\.gguf'"):
        qrecipe.verify("gone.gguf")
    with pytest.raises(qrecipe.SourceError, match=r"there is no file or folder 'gone\.gguf'"):
        qrecipe.verify("mix.gguf", source="gone.gguf")


def test_a_damaged_lock_is_a_difference_and_the_rest_is_checked(place):
    data = (place / "odd.gguf").read_bytes()
    norm = tensors(place / "odd.gguf")["blk.0.attn_norm.weight"]
    flip(place / "odd.gguf", norm.offset + norm.nbytes)
    flip(place / "odd.gguf", data.index(b"qrecipe.plan_digest") + 3)
    found = qrecipe.verify("odd.gguf")
    assert found.lock is None
    assert [fault.code for fault in found.differences] == ["lock-damaged", "verify-padding"]


def regions(path):
    """Yield (name, start, stop) for every part of a file: the header, tensors, the padding behind each."""
    end, behind = header_bytes(path), ""
    yield "header", 0, end
    for tensor in tensors(path).values():
        if end < tensor.offset:
            yield f"padding behind {behind}", end, tensor.offset
        yield tensor.name, tensor.offset, tensor.offset + tensor.nbytes
        end, behind = tensor.offset + tensor.nbytes, tensor.name
    if end < path.stat().st_size:
        yield f"padding behind {behind}", end, path.stat().st_size


def attributed(path):
    """Return which region verifying says is damaged."""
    first, *more = qrecipe.verify(path).differences
    if first.code == "verify-padding":
        assert not more
        return f"padding behind {first.what.split(repr('x')[0])[1]}"
    if first.code == "verify-tensor":
        assert not more
        return first.where.key_path.split(",")[0]
    assert first.code.startswith(("gguf-", "lock-", "header-", "verify-header")), first.code
    return "header"


def flip_is_found(path, offset, bit, region):
    flip(path, offset, bit)
    try:
        assert attributed(path) == region, (offset, bit)
    finally:
        flip(path, offset, bit)


@pytest.mark.parametrize("name", ["mix.gguf", "odd.gguf"])
def test_a_flipped_bit_is_found_in_every_region(place, name):
    found = list(regions(place / name))
    assert [start for _, start, _ in found[1:]] == [stop for _, _, stop in found[:-1]]
    assert found[-1][2] == (place / name).stat().st_size
    for number, (region, start, stop) in enumerate(found):
        for offset in {start, (start + stop) // 2, stop - 1}:
            flip_is_found(place / name, offset, number % 8, region)
    assert qrecipe.verify(name).sound


def test_a_flipped_bit_is_found_in_every_key_of_the_lock(place):
    data = (place / "mix.gguf").read_bytes()
    begin = data.index(b"qrecipe.lock") - 8
    for number in range(begin, len(data), 97):
        if number >= header_bytes(place / "mix.gguf"):
            break
        flip_is_found(place / "mix.gguf", number, number % 8, "header")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mix.gguf", "odd.gguf"])
def test_random_flips_are_found(place, name):
    chance = random.Random(4)  # noqa: S311 - a fixed sequence, no secret
    found = list(regions(place / name))
    size = (place / name).stat().st_size
    for number in range(400):
        header = number % 2  # half of them in the header, which is small
        offset = chance.randrange(found[0][2] if header else size)
        region = next(region for region, start, stop in found if start <= offset < stop)
        flip_is_found(place / name, offset, chance.randrange(8), region)


def test_values_against_the_source(place):
    found = qrecipe.verify("mix.gguf", source="tiny.gguf")
    assert found.sound
    values = {one.tensor: one for one in found.values}
    assert list(values) == list(tensors(place / "mix.gguf"))
    norm, down = values["output_norm.weight"], values["blk.0.ffn_down.weight"]
    assert (norm.type, norm.source_type, norm.rmse, norm.max_error, norm.identical) == ("F32", "F32", 0, 0, 1)
    assert (down.type, down.source_type, down.weights) == ("Q5_0", "F16", 256 * 320)
    expected, source = decoded(place / "mix.gguf", down.tensor, 320), decoded(place / "tiny.gguf", down.tensor, 320)
    errors = expected.astype(np.float64) - source
    assert down.rmse == pytest.approx(np.sqrt(np.mean(errors**2)), rel=1e-12)
    assert down.relative == pytest.approx(down.rmse / np.sqrt(np.mean(source.astype(np.float64) ** 2)), rel=1e-9)
    assert down.max_error == np.abs(errors).max()
    assert down.identical == np.mean(expected.astype(np.float16) == source.astype(np.float16))


def decoded(path, name, cols):
    checkpoint = open_gguf(open_bytes([path]), str(path))
    tensor = checkpoint.tensors[name]
    format_ = next(found for found in qrecipe.formats() if found.name == tensor.dtype)
    return format_.decode(checkpoint.read(name, 0, tensor.nbytes), cols)


def test_a_file_without_a_lock_has_values_too(place):
    qrecipe.build("mix.toml", output="bare", lock=False)
    found = qrecipe.verify("bare/mix.gguf", source="tiny.gguf")
    assert (found.sound, found.lock) == (True, None)
    assert found.values == qrecipe.verify("mix.gguf", source="tiny.gguf").values


def test_another_source_is_told(place):
    write_model(place / "other.gguf", seed=8)
    found = qrecipe.verify("mix.gguf", source="other.gguf")
    codes = [fault.code for fault in found.differences]
    assert codes == ["verify-source-tensor"] * 12  # the same headers, other weights
    assert str(found.differences[1]) == (
        "error: tensor 'token_embd.weight' of the source is not the one that the artifact was made from\n"
        f"  --> {place}/other.gguf, token_embd.weight\n"
        f"why: its SHA-256 is not the one in the lock\n{OTHER_SOURCE}"
    )


def test_a_source_with_other_headers_is_told(place):
    data = (place / "tiny.gguf").read_bytes()
    (place / "named.gguf").write_bytes(data.replace(b"gpt2", b"gpt3", 1))
    assert said(qrecipe.verify("mix.gguf", source="named.gguf")) == (
        f"error: {place}/named.gguf is not the source of this artifact\n"
        f"why: the lock names tiny.gguf, whose headers have another SHA-256\n{OTHER_SOURCE}"
    )


def test_a_source_of_another_shape_is_told(place):
    found = qrecipe.verify("mix.gguf", source="narrow.gguf")
    assert found.differences[0].code == "verify-source"
    fix = "fix: give the checkpoint that the artifact was made from"
    assert str(found.differences[1]) == (
        "error: tensor 'output_norm.weight' has the shape [256], and [250] in the source\n"
        f"  --> {place}/narrow.gguf, output_norm.weight\nwhy: quantizing changes no shape\n{fix}"
    )
    assert found.values == ()


def test_a_source_with_other_tensors_is_told(place):
    for name in ("blk.1.ffn_up.weight", "blk.0.ffn_up.weight"):
        data = (place / "tiny.gguf").read_bytes()
        (place / "tiny.gguf").write_bytes(data.replace(name.encode(), name.replace("up", "xx").encode()))
    found = qrecipe.verify("mix.gguf", source="tiny.gguf")
    codes = [fault.code for fault in found.differences]
    assert codes == ["verify-source", "verify-not-in-source", "verify-not-in-source", "verify-left-out"]
    assert str(found.differences[1]) == (
        "error: the source has no tensor 'blk.0.ffn_up.weight', which the artifact has\n"
        f"  --> {place}/tiny.gguf, blk.0.ffn_up.weight\n"
        "why: values are compared tensor by tensor, by name\n"
        "fix: give the checkpoint that the artifact was made from, as GGUF"
    )
    assert str(found.differences[3]) == (
        "error: the artifact lacks 2 tensors of the source: blk.0.ffn_xx.weight, blk.1.ffn_xx.weight\n"
        "  --> mix.gguf\n"
        "why: an artifact has every tensor of its source\n"
        "fix: give the checkpoint that the artifact was made from, or download the artifact again"
    )
    assert len(found.values) == 10


def test_a_source_of_a_type_that_nothing_decodes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    header = b'{"a":{"dtype":"%s","shape":[2,2],"data_offsets":[0,4]}}'
    for name, dtype in (("a", b"I8"), ("b", b"BOOL")):
        text = header % dtype
        Path(f"{name}.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + bytes(4))
    found = qrecipe.verify("a.safetensors", source="b.safetensors")
    assert said(found) == (
        "error: tensor 'a' cannot be compared: it is I8, and BOOL in the source\n"
        f"  --> {tmp_path}/b.safetensors, a\n"
        "why: nothing that is installed decodes both\n"
        "fix: install the plug-in that knows the type, or verify without --source"
    )


def test_memory_and_threads_change_no_result(place, monkeypatch):
    expected = qrecipe.verify("mix.gguf", source="tiny.gguf")
    for threads, memory in ((1, 1), (3, 1 << 20)):
        monkeypatch.setattr(verifying, "task_budget", lambda *_, memory=memory, **__: memory)
        found = qrecipe.verify("mix.gguf", source="tiny.gguf", threads=threads)
        assert found.sound
        for one, other in zip(found.values, expected.values, strict=True):
            assert (one.tensor, one.max_error, one.identical) == (other.tensor, other.max_error, other.identical)
            assert (one.rmse, one.relative) == pytest.approx((other.rmse, other.relative), rel=1e-9)


def test_events_tell_how_far_it_is(place):
    events = []
    qrecipe.verify("mix.gguf", on_event=events.append)
    total = sum(tensor.nbytes for tensor in tensors(place / "mix.gguf").values())
    assert events[0] == TargetStarted("mix.gguf", 12, total)
    assert sum(event.nbytes for event in events if isinstance(event, TaskDone)) == total


def test_a_lock_is_read_from_python(place):
    found = qrecipe.read_lock("mix.gguf")
    assert found is not None
    assert found.lock.name == "mix"
    assert qrecipe.read_lock("tiny.gguf") is None
