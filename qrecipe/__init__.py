"""qrecipe: declarative quantization recipes for language models."""
