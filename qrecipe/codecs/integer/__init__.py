"""Plain integer types with a scale a group, as safetensors families store them."""
