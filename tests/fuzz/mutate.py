"""Breaks a file in one to four ways, all drawn from one `Random`: the same seed gives the same file.

Bytes: flips, edge values of integers (at random places and where small numbers stand, which are lengths, counts and
offsets), truncation, insertion, deletion, duplication, exchange, splices from another file. Text: the same with tokens,
and hostile words in the place of any. A safetensors header gets its length put right again half of the time.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Sequence
from random import Random

EDGES = (
    *(0, 1, 2, 7, 31, 32, 33, 127, 128, 255, 256, 65535, 65536, 1 << 20, (1 << 24) + 1, (1 << 28) - 1),
    *((1 << 30), (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, 1 << 40, 1 << 60, (1 << 63) - 1, 1 << 63),
    *((1 << 63) + 5, (1 << 64) - 1, (1 << 64) - 32),
)
WORDS = (
    *('""', "''", "{}", "[]", "[[", "]]", "null", "true", "-1", "-0", "1e999", "nan", "1.5", "9" * 5000, "#", "="),
    *('"""', "'''", "\\", ",", "\n", "\x00", "\ufeff", "0x" + "f" * 5000, "1979-05-27T07:32:00Z", "{}{}", '"{}"'),
    *("(" * 200, "[" * 200, "{a=" * 200, "a." * 200, "not " * 200, "*" * 300, '"' + "a" * 5000 + '"'),
    *('"\\u0000"', '"\\u001b[31m"', '"\\u202e"', '"\x9b31m"', '"\\ud800"', '"../../x"', '"/etc/passwd"', '"~nobody/x"'),
    *('"re:(a*)*b"', '"**"', '"{0..999999999}"', '"${name}"', '"${x}"', '"Q4_K | Q8_0"', '"keep"', '"any(Q4_0, Q8_0)"'),
    *('"lib:gemma4-qat"', '"pkg:x"', '"hf://a/b"', '"model.gguf"', '"gguf"', '"0-199999"'),
    *("9223372036854775807", "9223372036854775808"),
)
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|[A-Za-z0-9_.+-]+|\s+|.', re.DOTALL)
Mutation = Callable[[bytearray, Random, bytes], None]


def broken(data: bytes, kind: str, random: Random, other: bytes) -> bytes:
    """Return `data`, of the format `kind`, broken; `other` is a file to splice from."""
    is_text = kind in ("recipe", "plan", "inventory") or data[:1] in b"{" or (kind == "model" and b"\0" not in data)
    if data[8:9] == b"{" and not is_text and random.random() < 0.7:
        return _with_header(data, random, other)
    return _edited(data, _TEXT if is_text and random.random() < 0.75 else _BYTES, random, other)


def _edited(data: bytes, mutations: Sequence[Mutation], random: Random, other: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 2, 3, 4))):
        random.choice(mutations)(out, random, other)
    return bytes(out)


def _with_header(data: bytes, random: Random, other: bytes) -> bytes:
    """Break the JSON of a safetensors file; its length fits what came out, most of the time."""
    length = int.from_bytes(data[:8], "little")
    header = _edited(data[8 : 8 + length], _TEXT, random, other)
    claimed = len(header) if random.random() < 0.8 else random.choice(EDGES) % (1 << 64)
    return struct.pack("<Q", claimed) + header + data[8 + length :]


def _at(out: bytearray, random: Random) -> int:
    return random.randrange(len(out) + 1)


def _slice(out: bytes | bytearray, random: Random) -> tuple[int, int]:
    start = random.randrange(len(out) + 1)
    return start, min(len(out), start + random.choice((1, 2, 4, 8, 16, 64, 256)))


def _flip(out: bytearray, random: Random, other: bytes) -> None:
    for _ in range(random.choice((1, 1, 2, 8))):
        if out:
            out[random.randrange(len(out))] ^= 1 << random.randrange(8)


def _byte(out: bytearray, random: Random, other: bytes) -> None:
    if out:
        out[random.randrange(len(out))] = random.choice((0, 1, 9, 10, 0x1B, 0x22, 0x5C, 0x7F, 0x9B, 0xC0, 0xFF))


def _truncate(out: bytearray, random: Random, other: bytes) -> None:
    del out[random.choice((_at(out, random), max(0, len(out) - random.randrange(64)))) :]


def _insert(out: bytearray, random: Random, other: bytes) -> None:
    at = _at(out, random)
    out[at:at] = random.randbytes(random.choice((1, 2, 4, 8, 100)))


def _delete(out: bytearray, random: Random, other: bytes) -> None:
    start, stop = _slice(out, random)
    del out[start:stop]


def _duplicate(out: bytearray, random: Random, other: bytes) -> None:
    start, stop = _slice(out, random)
    at = random.choice((stop, _at(out, random)))
    out[at:at] = bytes(out[start:stop]) * random.choice((1, 1, 2, 50))


def _splice(out: bytearray, random: Random, other: bytes) -> None:
    start, stop = _slice(other, random)
    at, end = _slice(out, random)
    out[at : random.choice((at, end))] = other[start:stop]


def _integer(out: bytearray, random: Random, other: bytes) -> None:
    _put(out, random.randrange(len(out) + 1), random.choice((1, 2, 4, 8)), random.choice(EDGES))


def _length(out: bytearray, random: Random, other: bytes) -> None:
    """Change a number that may be a length, a count or an offset: small, with zeros above it."""
    size = random.choice((4, 8))
    places = [match.start() for match in re.finditer(rb"(?=[^\0].{0,1}\0{%d})" % (size - 2), bytes(out), re.DOTALL)]
    if places:
        at = random.choice(places)
        now = int.from_bytes(out[at : at + size], "little")
        near = (now + 1, now - 1, now * 2, now // 2, now + 32, now ^ 1, now << 32, -now)
        _put(out, at, size, random.choice((*near, random.choice(EDGES), random.choice(EDGES))))


def _put(out: bytearray, at: int, size: int, value: int) -> None:
    raw = (value % (1 << 8 * size)).to_bytes(size, "little")
    out[at : at + size] = raw[: len(out) - at] if at < len(out) else b""


def _tokens(out: bytearray) -> list[str]:
    return _TOKEN.findall(out.decode("utf-8", errors="surrogateescape"))


def _rewritten(change: Callable[[list[str], Random, bytes], None]) -> Mutation:
    def mutation(out: bytearray, random: Random, other: bytes) -> None:
        tokens = _tokens(out)
        if tokens:
            change(tokens, random, other)
            out[:] = "".join(tokens).encode("utf-8", errors="surrogatepass" if random.random() < 0.1 else "replace")

    return mutation


def _token_word(tokens: list[str], random: Random, other: bytes) -> None:
    tokens[random.randrange(len(tokens))] = random.choice(WORDS)


def _token_number(tokens: list[str], random: Random, other: bytes) -> None:
    numbers = [place for place, token in enumerate(tokens) if token.lstrip("-").isdigit()]
    if numbers:
        place = random.choice(numbers)
        now = int(tokens[place][:20].lstrip("-") or 0)
        tokens[place] = str(random.choice((now + 1, now - 1, -now, now * 2, random.choice(EDGES))))


def _token_drop(tokens: list[str], random: Random, other: bytes) -> None:
    start = random.randrange(len(tokens))
    del tokens[start : start + random.choice((1, 1, 2, 5))]


def _token_twice(tokens: list[str], random: Random, other: bytes) -> None:
    start, at = random.randrange(len(tokens)), random.randrange(len(tokens))
    tokens[at:at] = tokens[start : start + random.choice((1, 3, 10, 30))] * random.choice((1, 1, 2, 20))


def _token_swap(tokens: list[str], random: Random, other: bytes) -> None:
    words = [place for place, token in enumerate(tokens) if not token.isspace()]
    first, second = random.choice(words or [0]), random.choice(words or [0])
    tokens[first], tokens[second] = tokens[second], tokens[first]


def _token_splice(tokens: list[str], random: Random, other: bytes) -> None:
    theirs = _tokens(bytearray(other)) or [""]
    start, at = random.randrange(len(theirs)), random.randrange(len(tokens))
    tokens[at : at + 1] = theirs[start : start + random.choice((1, 3, 12))]


def _line_moved(tokens: list[str], random: Random, other: bytes) -> None:
    lines = "".join(tokens).split("\n")
    lines.insert(random.randrange(len(lines) + 1), lines.pop(random.randrange(len(lines))))
    tokens[:] = ["\n".join(lines)]


def _inside(tokens: list[str], random: Random, other: bytes) -> None:
    """Edit the inside of one string: the small languages live there."""
    strings = [place for place, token in enumerate(tokens) if len(token) > 2 and token[0] in "\"'"]
    if strings:
        place = random.choice(strings)
        inner = _TOKEN.findall(tokens[place][1:-1])
        random.choice((_token_word, _token_number, _token_drop, _token_twice, _token_swap))(inner, random, other)
        bare = "".join(inner).replace(tokens[place][0], "").replace("\n", " ")
        tokens[place] = tokens[place][0] + bare + tokens[place][0]


def _node(tokens: list[str], random: Random, other: bytes) -> None:
    """Where the text is JSON, put something else in the place of one value of it, however deep."""
    try:
        found = json.loads("".join(tokens))
    except ValueError:
        return
    places = [
        (value, key)
        for value in _containers(found)
        for key in (value if isinstance(value, dict) else range(len(value)))
    ]
    if places:
        inside, key = random.choice(places)
        inside[key] = random.choice((*_VALUES, random.choice(EDGES), random.choice(places)[0]))
        try:
            tokens[:] = [json.dumps(found)]
        except ValueError:  # it holds itself now
            return


def _containers(value: object) -> list:
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return [*([value] if inner else []), *(found for one in inner for found in _containers(one))]


_VALUES = (
    None,
    True,
    -1,
    0.5,
    "",
    "x",
    "\0",
    "\x1b[31m",
    "../x",
    "/x",
    "a" * 5000,
    [],
    {},
    [1],
    [[1]],
    {"a": 1},
    "0-9",
)
_BYTES = (_flip, _byte, _truncate, _insert, _delete, _duplicate, _splice, _integer, _length, _length, _length)
_TEXT = tuple(map(_rewritten, (_token_word, _token_number, _token_drop, _token_twice, _token_swap, _token_splice,
                               _line_moved, _inside, _inside, _node, _node)))  # fmt: skip
