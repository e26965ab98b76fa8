"""Values to blocks and back: formats and fits. One folder per family."""
