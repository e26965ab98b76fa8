"""Tensors written by ranges of rows: what every backend's tasks do, whatever its files look like."""
