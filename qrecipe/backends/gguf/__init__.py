"""The `gguf` backend: files that llama.cpp loads."""
