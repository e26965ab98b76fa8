"""Where weights come from: GGUF, safetensors, `pkg:`. Headers are believed only after every check."""
