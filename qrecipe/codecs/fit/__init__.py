"""How scale and codes are chosen for a type."""
