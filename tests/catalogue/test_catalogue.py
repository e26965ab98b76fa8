"""Every code is in the catalogue once and says a whole text that a table asserts; every finding says what to do."""

import pytest
import yaml

from tests.catalogue import provoked
from tests.catalogue.catalogue import catalogue
from tests.catalogue.source_codes import codes_in_source, unreadable
from tests.catalogue.told import examples, told

LISTED = [entry.code for entry in catalogue()]


def test_every_code_can_be_read_from_the_source():
    *others, last = unreadable()
    assert others == []
    assert "model_faults.py" in last, "what `refused` was given comes back from pydantic, as `kind`"


def test_source_and_catalogue_have_the_same_codes():
    found = codes_in_source()
    assert {code: places for code, places in found.items() if code not in LISTED} == {}
    assert [code for code in LISTED if code not in found] == []


def test_every_code_stands_in_the_catalogue_once():
    assert sorted(LISTED) == sorted(set(LISTED))


@pytest.mark.parametrize("name", provoked.provocations())
def test_a_provocation_is_told_in_these_words(name):
    row = next(each for each in told() if each.row == name)
    assert "\n\n".join(row.words) == row.expects


def test_every_message_has_its_provocation_and_stands_in_the_same_order():
    assert list(yaml.safe_load(provoked.MESSAGES.read_text(encoding="utf-8"))) == list(provoked.provocations())


def test_the_whole_text_of_every_code_is_asserted():
    """By a provocation, or by a table that other tests run: a row whose words differ there counts for nothing here."""
    silent = [code for code in LISTED if code not in examples()]
    assert silent == [], "provoke it in tests/catalogue, and put its words into cases/catalogue/messages.yaml"


def test_every_finding_has_a_code_of_the_catalogue_and_says_what_to_do():
    for each in told():
        for finding in each.diagnostics:
            assert finding.code in LISTED, each.row
            assert finding.what, each.row
            assert finding.fix, each.row
            assert not any(words.endswith(".") for words in (finding.what, finding.why, finding.fix)), each.row


def test_entries_are_sentences():
    for entry in catalogue():
        for words in (entry.cause, entry.remedy):
            assert words.endswith("."), entry.code
            assert words[:1].isupper() or words.startswith(("ggml", "`")), entry.code
