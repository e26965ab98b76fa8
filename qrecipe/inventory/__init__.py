"""Header facts to an `Inventory`: canonical order, roles, layers, model facts. Knows no recipe."""
