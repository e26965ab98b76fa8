"""ggml's encoders as numba kernels on SIMD vectors: the same bytes, several times faster.

`engine` decides when one is used, `catalog` lists them; what has none stays with ggml's own library.
`docs/explanation/kernels.md` explains how they work and how to add a type.
"""
