"""Eight-bit floating point, as safetensors families store it."""
