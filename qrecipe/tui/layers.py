"""The model as a grid: layers down, roles across. Pure; the widget draws it.

Tensors outside of layers come first, one a line. Roles stand in the order in which the model's layers have them,
matrices first: vectors (norms, scales) are what a person looks at last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qrecipe.api.desk_view import Row


@dataclass(frozen=True, slots=True)
class Grid:
    """A model as cells.

    Attributes:
        single: The tensors outside of layers.
        layers: The numbers of the layers.
        roles: The columns.
        cells: (layer, role) → its tensors, nearly always one.
    """

    single: tuple[Row, ...]
    layers: tuple[int, ...]
    roles: tuple[str, ...]
    cells: Mapping[tuple[int, str], tuple[Row, ...]]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Grid:
        """Lay rows out."""
        cells: dict[tuple[int, str], tuple[Row, ...]] = {}
        weights: dict[str, bool] = {}
        for row in rows:
            if row.layer is not None:
                place = (row.layer, row.role)
                cells[place] = (*cells.get(place, ()), row)
                weights[row.role] = weights.get(row.role, False) or len(row.shape) > 1
        roles = sorted(weights, key=lambda role: (not weights[role], *_usual(role)))
        layers = tuple(sorted({layer for layer, _ in cells}))
        return cls(tuple(row for row in rows if row.layer is None), layers, tuple(roles), cells)

    def at(self, line: int, column: int) -> Row | None:
        """Return the tensor in a line (single ones first, then layers) and a column; the largest of several."""
        if line < len(self.single):
            return self.single[line]
        if not self.layers or not self.roles:
            return None
        place = self.layers[min(line - len(self.single), len(self.layers) - 1)], self.roles[column]
        return max(self.cells.get(place, ()), key=lambda row: row.nbytes, default=None)

    def place(self, row: Row) -> tuple[int, int]:
        """Return the line and the column of a tensor."""
        if row.layer is None:
            return self.single.index(row), 0
        return len(self.single) + self.layers.index(row.layer), self.roles.index(row.role)

    def names(self, lines: Sequence[int], columns: Sequence[int]) -> tuple[str, ...]:
        """Return the names of all tensors in a rectangle."""
        rows = (self.at(line, column) for line in lines for column in columns)
        return tuple(dict.fromkeys(row.name for row in rows if row is not None))


def _usual(role: str) -> tuple[int, str]:
    """Return where a role stands among others: as a forward pass goes through a layer."""
    order: tuple[str, ...] = (
        "attn_q",
        "attn_k",
        "attn_v",
        "attn_qkv",
        "attn_output",
        "attn",
        "ffn_gate",
        "ffn_up",
        "ffn_gate_up",
    )
    order += ("ffn_down", "ffn")
    found = [place for place, name in enumerate(order) if role == name or role.startswith(f"{name}_")]
    return (found[0] if found else len(order)), role
