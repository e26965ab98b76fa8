"""The edits that a desk takes: `Desk.apply` makes one, `Desk.trial` says what it would do."""

from qrecipe.recipe.edit import (
    AddRule,
    DeleteRule,
    DuplicateRule,
    Edit,
    MoveRule,
    SetField,
    SetVariable,
    SwitchRule,
)

__all__ = [
    "AddRule",
    "DeleteRule",
    "DuplicateRule",
    "Edit",
    "MoveRule",
    "SetField",
    "SetVariable",
    "SwitchRule",
]
