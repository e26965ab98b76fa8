"""`PluginContract`: what a plug-in as a whole promises: light hooks, names of its own, nothing on stdout."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, ClassVar

from qrecipe.hooks import API_VERSION
from qrecipe.host.catalog import KINDS, make_catalog
from qrecipe.testing.contract import Contract, broken, promise
from qrecipe.testing.light import loaded_after

if TYPE_CHECKING:
    from qrecipe.host.catalog import Catalog

_ASK = """
import contextlib, importlib, io
said = io.StringIO()
with contextlib.redirect_stdout(said):
    plugin = importlib.import_module({module!r})
    {attribute}
    for kind in {kinds!r}:
        hook = getattr(plugin, "qrecipe_" + kind, None)
        items = list(hook() or ()) if hook is not None else []
        for item in items:
            getattr(item, "name", None)
if said.getvalue():
    raise SystemExit("it prints " + repr(said.getvalue()[:80]))
"""


class PluginContract(Contract):
    """Subclass with `plugin = …`.

    Attributes:
        plugin: What the entry point names: a module, or `module:object`.
    """

    plugin: ClassVar[str]

    @property
    def catalog(self) -> Catalog:
        """The catalog of the built-ins and this plug-in alone."""
        module, _, attribute = self.plugin.partition(":")
        found = importlib.import_module(module)
        return make_catalog(getattr(found, attribute) if attribute else found, discover=False)

    def test_it_is_loaded_without_a_word(self) -> None:
        """Its hooks exist, raise nothing, and what they offer has all members and a name that no built-in has."""
        problems = self.catalog.problems
        promise(not problems, "\n\n".join(map(str, problems)))

    def test_it_offers_something(self) -> None:
        """A plug-in whose hooks return nothing does nothing."""
        built_in = make_catalog(discover=False).origins
        promise(set(self.catalog.origins) - set(built_in), f"{self.plugin}: its hooks offer nothing")

    def test_it_says_which_interface_it_is_written_for(self) -> None:
        """`qrecipe_api`, so that another version leaves it out with a reason instead of failing in the middle."""
        module, _, attribute = self.plugin.partition(":")
        found = importlib.import_module(module)
        wanted = getattr(getattr(found, attribute) if attribute else found, "qrecipe_api", None)
        promise(wanted == API_VERSION, f"{self.plugin}: write qrecipe_api = {API_VERSION} beside the hooks")

    def test_its_hooks_load_no_heavy_package(self) -> None:
        """A hook is cheap: it returns descriptions, and prints nothing."""
        module, _, attribute = self.plugin.partition(":")
        line = f"plugin = plugin.{attribute}" if attribute else ""
        found = loaded_after(_ASK.format(module=module, attribute=line, kinds=KINDS))
        if isinstance(found, str):
            broken(f"{self.plugin}: its hooks cannot be asked: {found}")
        promise(not found, f"{self.plugin}: its hooks load {', '.join(found)}; import that in the method that needs it")
