"""The text that the models were trained on."""

import re

from training.corpus import TEXT, clean

PLAY = """A PLAY


Persons Represented.

KING of Sicilia

ACT I.


SCENE II.  A room; KING HENRY IV asleep.

THE KING'S FOOL
  Ha!
     HAMLET.
[Exit]

"""


def test_a_play_begins_with_its_first_act_and_names_are_written_as_names():
    assert clean(PLAY) == ("Act I.\n\nScene II. A room; King Henry IV asleep.\n\nThe King's Fool\nHa!\nHamlet.\n[Exit]")


def test_the_text_is_plain_and_cut_near_its_end():
    train, held_out = ((TEXT / f"{part}.txt").read_bytes() for part in ("train", "held_out"))
    assert 0.04 < len(held_out) / (len(train) + len(held_out)) < 0.06
    for part in (train, held_out):
        assert not set(part) - {10, *range(32, 127)}
        assert not re.search(rb"\n\n\n|  |(^|\n) | \n", part)
        assert not re.search(rb"(?i)gutenberg|copyright", part)
