"""Files that were findings once, or that stand for a kind of them: small, made in code, never to be findings again.

Each is a kind of file (see `openers`), the files of a folder, and the one that is opened. `ENDLESS` are larger:
nesting, names and numbers without end. `model.gguf` lies beside each, as the source of recipes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.fuzz.model_seeds import RECIPE, folders
from tests.fuzz.seeds import MODEL, plan_text
from tests.sources.gguf_bytes import F32, Row, gguf, head, string, table, text
from tests.sources.imatrix_bytes import legacy, legacy_entry
from tests.sources.safetensors_bytes import entry, raw, safetensors

MEGA = 1 << 20
LEVELS = 100_000
HEAD = 'qrecipe = 1\nname = "x"\n'
ALL = '[[rules]]\nmatch = "**"\ntype = "keep"\n'


@dataclass(frozen=True)
class Case:
    kind: str
    opened: str
    data: bytes
    beside: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, bytes]:
        return {"model.gguf": MODEL, **self.beside, self.opened: self.data}

    @classmethod
    def of_model(cls, **changes: object) -> Case:
        """Return a small Llama in a folder with other files: `tokenizer` is tokenizer.json, `card` README.md."""
        names = {"tokenizer": "m/tokenizer.json", "card": "m/README.md"}
        files = dict(next(files for files, _ in folders()))
        for key, change in changes.items():
            name = names[key]
            files[name] = change if isinstance(change, bytes) else _changed(files[name], change)
        return cls("model", RECIPE, files.pop(RECIPE), files)


def _changed(data: bytes, change: Mapping[str, object]) -> bytes:
    return json.dumps(merged(json.loads(data), change)).encode()


def merged(whole: dict, change: Mapping[str, object]) -> dict:
    """Return a document with parts of it changed."""
    return whole | {key: merged(whole[key], part) if key == "model" else part for key, part in change.items()}


def recipe(body: str, *, rules: str = ALL, head: str = HEAD) -> Case:
    return Case("recipe", "r.toml", (head + body + "\n" + rules).encode("utf-8", errors="surrogatepass"))


def rule(match: str = "**", type_: str = "keep", more: str = "") -> Case:
    return recipe("", rules=f'[[rules]]\nmatch = "{match}"\ntype = "{type_}"\n{more}\n{ALL}')


def inventory(top: Mapping[str, object] | None = None, **changes: object) -> Case:
    row = {"name": "blk.{}.x", "shape": [2], "dtype": "F32", "blocks": "0-1", **changes}
    file = {"inventory": 1, "arch": "x", "facts": {}, "tensors": [row], **(top or {})}
    return Case("inventory", "i.json", json.dumps(file).encode())


def shard(data: bytes) -> Case:
    return Case("safetensors", "m.safetensors", data)


def model(data: bytes) -> Case:
    return Case("gguf", "m.gguf", data)


def imatrix_of(kind: str) -> Case:
    return Case("imatrix-gguf", "i.gguf", gguf(pairs=[text(b"general.type", kind.encode())]))


def listing(data: bytes) -> Case:
    return Case("inventory", "i.json", data)


def plan(data: bytes) -> Case:
    return Case("plan", "p.json", data)


def one_tensor(**changes: object) -> bytes:
    return safetensors({"a": {**entry("F32", [1], 0, 4), **changes}}, bytes(4))


def doubling(levels: int) -> str:
    uses = "".join(f'a{n + 1} = "${{a{n}}}${{a{n}}}"\n' for n in range(levels))
    return f'[vars]\na0 = "x"\n{uses}'


def steps(place: str, *inner: object) -> Case:
    """Return a model whose tokenizer has these steps."""
    keys = {"normalizer": "normalizers", "pre_tokenizer": "pretokenizers", "post_processor": "processors"}
    return Case.of_model(tokenizer={place: {"type": "Sequence", keys[place]: list(inner)}})


def split(expression: str) -> dict[str, object]:
    return {"type": "Split", "pattern": {"Regex": expression}, "behavior": "Isolated", "invert": False}


_TOKEN = {"SpecialToken": {"id": "a", "type_id": 0}}
_TEXT = {"Sequence": {"id": "A", "type_id": 0}}


def template(*single: object, ids: int = 1) -> dict[str, object]:
    named = {"a": {"id": "a", "ids": [0] * ids, "tokens": ["a"] * ids}}
    return {"type": "TemplateProcessing", "single": list(single), "pair": [], "special_tokens": named}


_LINES = "[[rules]]\n" * 30_000
_KEYS = "".join(f"k{n} = 1\n" for n in range(20_000))
_TEXTS = ("description", "source", "inventory", "imatrix")
_ENTRIES = tuple(legacy_entry(b"%x" % n, 1, (1,)) for n in range(20_000))
_LONG = "x" * 10 * MEGA

FOUND: dict[str, Case] = {
    "hexadecimal integer of 6,000 digits": recipe(f"[vars]\nx = 0x{'f' * 6000}"),
    "version of 6,000 digits": recipe("", head=f'qrecipe = 0x{"f" * 6000}\nname = "x"\n'),
    "NUL in the inventory's name": recipe('inventory = "a\\u0000b"'),
    "NUL in the imatrix' name": recipe('source = "model.gguf"\nimatrix = "a\\u0000b"'),
    "NUL in the name of a parent": recipe('extends = ["a\\u0000b"]'),
    "NUL in the source's name": recipe('source = "a\\u0000b"'),
    "home of nobody": recipe('source = "~nobody-here/x"'),
    "source with a name too long": recipe(f'source = "{"a" * 5000}"'),
    "imatrix with a name too long": recipe(f'source = "model.gguf"\nimatrix = "{"a" * 5000}"'),
    "inventory with a name too long": recipe(f'inventory = "{"a" * 5000}"'),
    "parent with a name too long": recipe(f'extends = ["{"a" * 5000}"]'),
    "unknown variable where a lock is made": rule("${nowhere}"),
    "shard with a name too long": Case(
        "safetensors",
        "m.safetensors.index.json",
        json.dumps({"weight_map": {"a": "s" * 300 + ".safetensors"}}).encode(),
    ),
    "tensor name without end": shard(safetensors({"n" * 9000: entry("F32", [1], 0, 4)}, bytes(4))),
    "dtype without end": shard(one_tensor(dtype="F" * 9000)),
    "metadata key of 60,000 bytes": model(head(0, 1) + string(b"\x1b" * 60_000) + bytes([99]) * 64),
    "sizes of 2^62": model(head(1, 0) + table([Row(b"a", (1 << 31, 1 << 30), F32)]) + bytes(64)),
    "imatrix of another kind": imatrix_of("x" * 9000),
    "inventory of ten million names": inventory(blocks="0-9999", sources=["{}" * 200] * 1000),
    "inventory of 199,999 blocks": inventory(name="{}", blocks="0-199998"),
    "blocks without end": inventory(blocks=",".join(["1"] * 3000)),
    "plan of empty targets": plan(json.dumps({"targets": [{}] * 20_000}).encode()),
    "plan of a chain": plan(plan_text().replace(b'"type": "Q6_K"', b'"type": "Q6_K | F16"', 1)),
    "plan of a recipe with a name too long": plan(plan_text().replace(b'"mix.toml"', b'"%b"' % (b"a" * 5000), 1)),
    "plan with a name that is no line": plan(b'{"schema": 1, "recipe": "\\u001b[31m", "targets": []}'),
    "tokenizer: prefix of merges that is too long": Case.of_model(
        tokenizer={"model": {"continuing_subword_prefix": "####"}}
    ),
    "tokenizer: prefix of merges that cuts a character, which ended the process": Case.of_model(
        tokenizer={
            "model": {"continuing_subword_prefix": "#", "vocab": {"a": 0, "é": 1, "aé": 2}, "merges": [["a", "é"]]}
        }
    ),
    "tokenizer: nothing in front": steps("normalizer", {"type": "Prepend", "prepend": ""}),
    "tokenizer: a table that is none": steps("normalizer", {"type": "Precompiled", "precompiled_charsmap": "AAAA"}),
    "tokenizer: pieces of length 0": steps("pre_tokenizer", {"type": "FixedLength", "length": 0}),
    "tokenizer: a template of another text": steps("post_processor", template({"Sequence": {"id": "B", "type_id": 0}})),
    "card: aliases of a long text": Case.of_model(
        card=b"---\na: &a " + b"x" * 30_000 + b"\ntags: [" + b"*a," * 9_000 + b"]\n---\n"
    ),
    "card: aliases of a large table": Case.of_model(
        card=b"---\na: &a {%s}\nbase_model: [%s]\n---\n"
        % (b",".join(b"k%d: v" % n for n in range(3_000)), b"*a," * 9_000)
    ),
}

ENDLESS: dict[str, Case] = {
    "arrays in arrays": recipe(f"x = {'[' * LEVELS}{']' * LEVELS}"),
    "arrays that do not end": recipe(f"x = {'[' * LEVELS}"),
    "tables in tables": recipe(f"x = {'{a=' * LEVELS}1{'}' * LEVELS}"),
    "key of 100,000 parts": recipe(f"{'a.' * LEVELS}b = 1"),
    "key of 100,000 parts in quotes": recipe('"a" . ' * LEVELS + "b = 1"),
    "header of 100,000 parts": recipe(f"[{'a.' * LEVELS}b]"),
    "30,000 rules without a key": recipe("", rules=_LINES),
    "20,000 unknown keys": recipe(_KEYS),
    "20,000 variables": recipe(f"[vars]\n{_KEYS}"),
    "10,000 parents": recipe(f"extends = {['a.toml'] * 10_000}"),
    "2,000 targets": recipe(
        "".join(f'[[targets]]\nname = "t{n}"\nbackend = "gguf"\noutput = "{n}"\n' for n in range(2000))
    ),
    "file of 10 MB": recipe(f"# {_LONG}"),
    "file of half a megabyte of line breaks": recipe("\n" * (MEGA // 2)),
    **{f"{key} of 500 kB": recipe(f'{key} = "{"x" * 500_000}"') for key in _TEXTS},
    "name of 500 kB": recipe("", head=f'qrecipe = 1\nname = "{"x" * 500_000}"\n'),
    "key of 500 kB": recipe(f'"{"x" * 500_000}" = 1'),
    "parent of 500 kB": recipe(f'extends = ["{"x" * 500_000}"]'),
    "variable's name of 500 kB": recipe(f"[vars]\n{'x' * 500_000} = 1"),
    "output of 500 kB": recipe(f'[[targets]]\nbackend = "gguf"\noutput = "{"x" * 500_000}"\n'),
    "backend of 500 kB": recipe(f'[[targets]]\nbackend = "{"x" * 500_000}"\noutput = "x"\n'),
    "pattern of 500 kB": rule("x" * 500_000),
    "type of 500 kB": rule(type_="x" * 500_000),
    "condition of 500 kB": rule(more=f'when = "{"x" * 500_000}"'),
    "why of 500 kB": rule(more=f'why = "{"x" * 500_000}"\noptional = true'),
    "variables that double, in a pattern": rule("${a60}", more=doubling(60)),
    "variables that double, in a description": recipe(f'description = "${{a60}}"\n{doubling(60)}'),
    "a text of 200,000 variables": recipe(f'description = "{"${a}" * 200_000}"\n[vars]\na = "{"b" * 4000}"'),
    "variables in a row of 900": recipe(
        'description = "${a900}"\n[vars]\na0 = "x"\n' + "".join(f'a{n + 1} = "${{a{n}}}"\n' for n in range(900))
    ),
    "parentheses in parentheses": rule(more=f'when = "{"(" * 2000}1{")" * 2000}"'),
    "not not not": rule(more=f'when = "{"not " * 1000}tied"'),
    "or or or": rule("x", more=f'when = "{" or ".join(["tied"] * 500)}"\noptional = true'),
    "minus minus minus": rule(more=f'when = "1 < {"-".join(["1"] * 2000)}"'),
    "any in any": rule(type_="any(" * 500 + "keep, keep" + ")" * 500),
    "arguments in arguments": rule(type_="Q4_0(fit=lattice(else=" * 100 + "rtn" + "))" * 100),
    "stars that could be anything": rule("**a" * 1000 + "b", more="optional = true"),
    "alternatives of alternatives": rule("{a,b,c,*}" * 400, more="optional = true"),
    "ranges without an end": rule("{0..}" * 600, more="optional = true"),
    "ranges of 18 digits": rule("{0..999999999999999999}" * 150, more="optional = true"),
    "regular expression that grows": rule("re:(((a{1,100}){1,100}){1,100}){1,10}", more="optional = true"),
    "regular expression that backtracks": rule("re:" + "(x+x+)+y" * 400, more="optional = true"),
    "safetensors: name of 10 MB": shard(safetensors({_LONG: entry("F32", [1], 0, 4)}, bytes(4))),
    "safetensors: dtype of 10 MB": shard(one_tensor(dtype=_LONG)),
    "safetensors: notes of 10 MB": shard(safetensors({"__metadata__": {"a": _LONG}}, b"")),
    "safetensors: name of 10 MB, twice": shard(raw(f'{{"{_LONG}": 1, "{_LONG}": 1}}'.encode())),
    "safetensors: 10 million brackets": shard(raw(b'{"a":' + b"[" * 10 * MEGA)),
    "safetensors: a million empty lists": shard(raw(b'{"a":[' + b"[]," * MEGA + b"[]]}")),
    "safetensors: 10 million digits": shard(raw(b'{"a":' + b"9" * 10 * MEGA + b"}")),
    "gguf: text of 10 MB": model(gguf(pairs=[text(b"general.architecture", _LONG.encode())])),
    "gguf: 20,000 keys of a letter or four": model(
        gguf(pairs=[string(b"%x" % n) + bytes([0, 0, 0, 0, 1]) for n in range(20_000)])
    ),
    "gguf: 8,000 tensors of a letter or four": model(gguf([Row(b"%x" % n, (1,)) for n in range(8_000)])),
    "imatrix: kind of 10 MB": imatrix_of(_LONG),
    "imatrix: 20,000 entries": Case("imatrix-legacy", "i.dat", legacy(*_ENTRIES)),
    "inventory: lists in lists": listing(b'{"a":' + b"[" * LEVELS),
    "inventory: tables in tables": listing(b'{"a":' * LEVELS + b"1" + b"}" * LEVELS),
    "inventory: 100,000 empty rows": inventory(top={"tensors": [{}] * LEVELS}),
    "inventory: architecture of 3 MB": inventory(top={"arch": "x" * 3 * MEGA}),
    "inventory: blocks of 3 MB": inventory(blocks="1" * 3 * MEGA),
    "inventory: key of 3 MB": inventory(top={"x" * 3 * MEGA: 1}),
    "inventory: 50,000 protected": inventory(top={"protected": [f"a{n}*" for n in range(50_000)]}),
    "tokenizer: text that grows": steps(
        "normalizer", *[{"type": "Replace", "pattern": {"Regex": "."}, "content": "aaaa"}] * 12
    ),
    "tokenizer: steps without end": steps("pre_tokenizer", *[split("a")] * 10_000),
    "tokenizer: templates of templates": steps("post_processor", *[template(_TEXT, _TEXT)] * 12),
    "tokenizer: a template of a million tokens": steps("post_processor", template(_TEXT, *[_TOKEN] * 1_000, ids=1_000)),
    "tokenizer: expression that backtracks": steps("pre_tokenizer", split("((.*)*)*y")),
    "tokenizer: expression of the fourth power": steps("pre_tokenizer", split(r"[\s\S]*[\s\S]*[\s\S]*(?!x)[^\s\S]")),
    "tokenizer: the slowest expressions that are run": steps(
        "pre_tokenizer", *[split(r"[\s\S]*[\s\S]*(?!x)[^\s\S]|\S+")] * 10
    ),
    "tokenizer: brackets": steps("pre_tokenizer", split("[" * 4096)),
    "plan: lists in lists": plan(b'{"a":' + b"[" * LEVELS),
    "plan: 30,000 unknown keys": plan(json.dumps({f"k{n}": 1 for n in range(30_000)}).encode()),
    "plan: key of 10 MB": plan(json.dumps({_LONG: 1}).encode()),
}
