"""The fit `lattice`: recovers the grid that quantization-aware training left in weights, and certifies it."""
