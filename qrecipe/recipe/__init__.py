"""The recipe language: text to a checked, merged `Recipe`. Knows no checkpoint and no format but by name."""
