"""The vocabulary as GGUF metadata (`tokenizer.*`): each family's files read as llama.cpp's converter reads them."""
