"""Measures of quality: windows of a text, logits of two models, and what llama-perplexity would say of them."""
