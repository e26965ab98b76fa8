"""Model families: a checkpoint's tensors and settings under GGUF's names. Declarations only; no weight is read here."""
