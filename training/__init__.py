"""Two small Gemma 4 models, trained here: the text, the tokenizer, the training. README.md says how to run it."""
