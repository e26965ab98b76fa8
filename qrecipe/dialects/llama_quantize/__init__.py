"""Command lines of llama.cpp's llama-quantize, as of build 11434 (tools/quantize/quantize.cpp, src/llama-quant.cpp)."""
