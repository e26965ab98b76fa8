"""MLX checkpoints for qrecipe."""
