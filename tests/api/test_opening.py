"""What is opened, and what is said when a plug-in stands in the way."""

import pytest

from qrecipe.api.opening import open_checkpoint
from qrecipe.errors import PluginError
from qrecipe.hooks import hookimpl
from qrecipe.host.catalog import make_catalog


class Clumsy:
    name = "a-clumsy"
    example = "clumsy://"

    def claims(self, reference, folder):
        raise OSError("no network")

    def open(self, reference, folder):
        raise NotImplementedError


class Offers:
    @hookimpl
    def qrecipe_sources(self):
        return [Clumsy()]


def test_a_source_plug_in_that_raises_is_named(tmp_path):
    with pytest.raises(PluginError) as raised:
        open_checkpoint("clumsy://model", tmp_path, make_catalog(Offers(), discover=False))
    assert str(raised.value) == (
        "error: source 'a-clumsy' of plug-in 'Offers' failed on clumsy://model: OSError: no network\n"
        "why: a source says what it cannot open; this is a fault in the plug-in\n"
        "fix: update or uninstall Offers, or report it to its author"
    )
