"""What can be told while a recipe is edited: by edits, comparisons and saving, and on the way there."""

from __future__ import annotations

from pathlib import Path

from qrecipe.api.desk import open_desk
from qrecipe.api.desk_compare import other_of
from qrecipe.api.desk_edit import DeleteRule
from qrecipe.cli import tui
from tests.catalogue.workplace import RULE, patched, recipe, workplace

_INVENTORY = 'inventory = "lib:gemma-4-e2b"\n'
_TARGET = '[[targets]]\nbackend = "gguf"\noutput = "mine.gguf"\n'


def an_edit_of_a_rule_that_is_not_there() -> object:
    workplace()
    return open_desk("mix.toml").apply(DeleteRule(9))


def a_shipped_recipe_saved_without_a_name() -> object:
    return open_desk("gemma4-e2b-ud-q4_k_xl").save()


def a_recipe_saved_over_another() -> object:
    workplace()
    recipe(f"{_INVENTORY}{RULE}{_TARGET}")
    return open_desk("mine.toml").save("mix.toml")


def a_recipe_that_another_program_changed() -> object:
    workplace()
    desk = open_desk("mix.toml")
    with Path("mix.toml").open("a", encoding="utf-8") as file:
        file.write("# from elsewhere")
    return desk.save()


def a_recipe_whose_file_vanished() -> object:
    workplace()
    desk = open_desk("mix.toml")
    Path("mix.toml").unlink()
    return desk.save()


def a_recipe_saved_where_no_folder_is() -> object:
    workplace()
    return open_desk("mix.toml").save("nowhere/mix.toml")


def a_build_without_weights() -> object:
    recipe(f"{_INVENTORY}{RULE}{_TARGET}")
    return open_desk("mine.toml").build(".")


def a_comparison_with_a_recipe_of_no_target() -> object:
    workplace()
    recipe(f'source = "tiny.gguf"\n{RULE}[[targets]]\nbackend = "etched"\noutput = "mine"\n')
    return other_of("mine.toml", open_desk("mix.toml"))


def a_browser_without_what_serves_it() -> object:
    with patched(module="textual_serve.server"):
        return tui.serve_in_browser("mix.toml", None, 8000)
