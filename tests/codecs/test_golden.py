"""Encoded bytes against digests that `tests/golden/make_codecs.py` made without qrecipe."""

import hashlib
import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from codec_formats import BLOCK, formats
from codec_inputs import importances, inputs, inputs_within

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "codecs" / "digests.json").read_text())
ENCODED = {name.upper(): digests for name, digests in GOLDEN["encoded"].items()}


def test_the_goldens_are_of_these_types_and_inputs():
    assert ENCODED.keys() == {format_.name for format_ in BLOCK}
    assert {name: hashlib.sha256(rows).hexdigest()[:16] for name, rows in inputs().items()} == GOLDEN["inputs"]


@pytest.mark.oracle
@formats(*BLOCK)
def test_every_input_under_every_importance(format_):
    taken = inputs_within(format_)
    assert len(taken) > len(inputs()) // 2
    assert {case: digest(format_, case) for case in taken} == {case: ENCODED[format_.name][case] for case in taken}


def digest(format_, case):
    encoded = hashlib.sha256()
    for importance in importances().values():
        if importance is not None or format_.imatrix != "required":
            encoded.update(format_.encode(inputs()[case], (), importance))
    return encoded.hexdigest()[:16]
