"""Small valid files of every kind that the tool reads, made in code: what the fuzzer breaks.

A seed is a folder of files, the one that is opened and the one that is broken (a shard, a parent recipe, `config.json`
may be broken while another file is opened).
"""

from __future__ import annotations

import json
import struct
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import qrecipe
from tests.fuzz import hub_seeds, model_seeds
from tests.sources.gguf_bytes import FLOAT, Q4_0, Q4_K, U8, Row, array, gguf, pair, strings, text, u16, u32
from tests.sources.imatrix_bytes import imatrix, legacy, legacy_entry, legacy_notes
from tests.sources.safetensors_bytes import entry, index, safetensors

DATA = Path(__file__).parents[1] / "data"
SHIPPED = Path(__file__).parents[2] / "recipes"


@dataclass(frozen=True)
class Seed:
    files: Mapping[str, bytes]
    opened: str
    broken: str = ""

    @property
    def victim(self) -> str:
        return self.broken or self.opened


PAIRS = (
    text(b"general.architecture", b"llama"),
    text(b"general.name", "tiny é".encode()),
    u32(b"general.alignment", 32),
    u32(b"llama.block_count", 2),
    u32(b"llama.embedding_length", 256),
    array(b"llama.attention.head_count", 5, 2, struct.pack("<ii", 4, 4)),
    strings(b"tokenizer.ggml.tokens", [b"a", b"", b"\xff", b"word"]),
    array(b"tokenizer.ggml.scores", FLOAT, 4, bytes(16)),
    pair(b"some.flag", 7, b"\x01"),
    pair(b"some.double", 12, struct.pack("<d", 0.5)),
    pair(b"some.byte", U8, b"\x07"),
)
ROWS = (
    Row(b"token_embd.weight", (4, 256), 1),
    Row(b"output_norm.weight", (256,)),
    Row(b"blk.0.attn_v.weight", (2, 256), Q4_K),
    Row(b"blk.0.ffn_down.weight", (2, 2, 32), Q4_0),
    Row(b"blk.1.attn_v.weight", (2, 256), 1),
)
MODEL = gguf(ROWS, PAIRS)
WHOLE = "model.gguf"


@cache
def of_format(kind: str) -> tuple[Seed, ...]:
    return _SEEDS[kind]()


def _gguf() -> tuple[Seed, ...]:
    aligned = gguf(ROWS[:2], [*PAIRS[:2], u32(b"general.alignment", 64)], alignment=64)
    files = (MODEL, gguf(ROWS, PAIRS, version=2), aligned, gguf(ROWS[:1]), gguf(ROWS, (*PAIRS, *_LOCK_LIKE)))
    return tuple(Seed({WHOLE: data}, WHOLE) for data in files)


_LOCK_LIKE = (text(b"qrecipe.recipe", b'qrecipe = 1\nname = "x"\n'), strings(b"qrecipe.digests", [b"0" * 64] * 5))


def _splits() -> tuple[Seed, ...]:
    def part(number: int) -> bytes:
        keys = (u16(b"split.no", number), u16(b"split.count", 3), pair(b"split.tensors.count", 5, struct.pack("<i", 3)))
        return gguf(ROWS[number : number + 1], (*PAIRS[:3], *keys))

    names = [f"m-{number:05}-of-00003.gguf" for number in (1, 2, 3)]
    split = {name: part(number) for number, name in enumerate(names)}
    cut = {"m.gguf.part00": MODEL[:700], "m.gguf.part01": MODEL[700:1500], "m.gguf.part02": MODEL[1500:]}
    return (*(Seed(split, names[0], name) for name in names), *(Seed(cut, "m.gguf.part00", name) for name in cut))


def _safetensors() -> tuple[Seed, ...]:
    table = {
        "__metadata__": {"format": "pt"},
        "layers.0.x": entry("BF16", [2, 3], 0, 12),
        "y": entry("F8_E4M3", [4], 12, 16),
        "n": entry("F4", [2, 2], 16, 18),
    }
    single = {"model.safetensors": safetensors(table, bytes(18)), "config.json": _CONFIG}
    shards = {f"model-{n:05}-of-00002.safetensors": safetensors({t: entry("F32", [2, 4], 0, 32)}, bytes(32)) for n, t in
              ((1, "a"), (2, "b"))}  # fmt: skip
    listed = "model.safetensors.index.json"
    sharded = {**shards, listed: index(dict(zip("ab", shards, strict=True)))}
    return (
        *(
            Seed(single, "model.safetensors", name)
            for name in ("model.safetensors", "model.safetensors", "config.json")
        ),
        *(Seed(sharded, listed, name) for name in (listed, *shards)),
    )


_CONFIG = json.dumps({"model_type": "llama", "architectures": ["L"], "text_config": {"num_layers": 2}}).encode()
_SUMS = {"blk.0.attn_v.weight.in_sum2": ((2, 256), range(512)), "blk.0.attn_v.weight.counts": ((2, 1), (2, 0))}


def _imatrix_gguf() -> tuple[Seed, ...]:
    small = {"w.in_sum2": ((2, 3), range(6)), "w.counts": ((2, 1), (2, 1)), "w.stats": ((3,), (1, 2, 3))}
    return tuple(Seed({"i.gguf": imatrix(tensors)}, "i.gguf") for tensors in (_SUMS, small))


def _imatrix_legacy() -> tuple[Seed, ...]:
    entries = (legacy_entry(b"a.weight", 2, (1, 2, 3)), legacy_entry(b"b", 0, (1, 2)), legacy_entry(b"c", 9, (5,) * 40))
    files = (legacy(*entries, notes=legacy_notes(3, b"wiki.txt")), legacy(*entries))
    return tuple(Seed({"i.dat": data}, "i.dat") for data in files)


MIX = b"""\
qrecipe = 1
name = "mix"
description = '''for
people'''
source = "model.gguf"
extends = ["parent.toml"]
requantize = true
vars = { small = "Q4_K | Q5_0", edge = 0x1, "is_tied" = true }
[[rules]]
match = "token_embd"
type = "Q8_0(fit=rtn) | F16"
why = "tied"
[[rules]]
match = "{blk.*,x}.attn_[v-w]"
when = "layer < ${edge} and ${is_tied} or not (role in {'a', 'b'}) and cols % 256 == 0"
type = "any(Q6_K, Q8_0) | ${small}"
[[targets]]
backend = "gguf"
output = "${name}-${target}.gguf"
"""
PARENT = b"""\
qrecipe = 1
name = "parent"
[[rules]]
match = "re:blk\\\\.[0-9]+\\\\..*"
when = "more_bits(layer, n_layers) if tied else 1 in 0..3"
type = "Q4_0"
[[rules]]
match = "**"
type = "keep"
"""


def _recipe() -> tuple[Seed, ...]:
    family = {"mix.toml": MIX, "parent.toml": PARENT, WHOLE: MODEL}
    written = [path.read_bytes() for path in sorted((DATA / "recipes").glob("*.toml"))]
    return (
        *(Seed(family, "mix.toml", name) for name in ("mix.toml", "mix.toml", "mix.toml", "parent.toml")),
        *(Seed({"real.toml": data, WHOLE: MODEL}, "real.toml") for data in written),
    )


def _plan() -> tuple[Seed, ...]:
    files = {"plan.json": plan_text(), WHOLE: MODEL}
    return (Seed(files, "plan.json"), Seed(files, "plan.json"))


@cache
def plan_text() -> bytes:
    """Return a plan of the model, as `qrecipe plan --json` prints it."""
    with _workplace() as folder:
        plan = qrecipe.plan_json(qrecipe.plan(folder / "mix.toml"))
    return plan.replace(f"{folder}/", "").encode()


def _lock() -> tuple[Seed, ...]:
    return (Seed({"mix.gguf": artifact()}, "mix.gguf"),)


@cache
def artifact() -> bytes:
    """Return what is built of the model: a GGUF file with a lock."""
    with _workplace() as folder:
        built = qrecipe.build(folder / "mix.toml", output=folder / "out")
        return built.built[0].paths[0].read_bytes()


@contextmanager
def _workplace() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as place:
        for name, data in {"mix.toml": MIX, "parent.toml": PARENT, WHOLE: MODEL}.items():
            Path(place, name).write_bytes(data)
        yield Path(place)


def _inventory() -> tuple[Seed, ...]:
    tiny = (DATA / "inventories" / "tiny.json").read_bytes()
    shipped = min((SHIPPED / "inventories").glob("*.json"), key=lambda path: path.stat().st_size).read_bytes()
    row = {"name": "blk.{}.x.weight", "shape": [2, 4], "dtype": "BF16", "gguf_dtype": "F32", "blocks": "0-3,5"}
    small = {"inventory": 1, "arch": "x", "mapped": False, "facts": {"n_layers": 6}, "protected": ["*.y"]}
    made = json.dumps({**small, "tensors": [{**row, "sources": ["m.{}.a", "m.{}.b"]}]}).encode()
    return tuple(Seed({"i.json": data}, "i.json") for data in (tiny, made, shipped))


def _model() -> tuple[Seed, ...]:
    return tuple(Seed(files, model_seeds.RECIPE, broken) for files, broken in model_seeds.folders())


def _hub() -> tuple[Seed, ...]:
    return tuple(Seed(files, hub_seeds.LISTING, broken) for files, broken in hub_seeds.answers())


_SEEDS = {
    "gguf": _gguf,
    "splits": _splits,
    "safetensors": _safetensors,
    "imatrix-gguf": _imatrix_gguf,
    "imatrix-legacy": _imatrix_legacy,
    "recipe": _recipe,
    "plan": _plan,
    "lock": _lock,
    "inventory": _inventory,
    "model": _model,
    "hub": _hub,
}
FORMATS = tuple(_SEEDS)
