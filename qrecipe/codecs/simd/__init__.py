"""A small SIMD vocabulary for numba: vectors of `WIDTH` lanes, and what kernels say with them.

Code that uses it reads like scalar code: `+`, `<` and `&` work lane by lane, `select` is C's `a ? b : c`. LLVM splits
the vectors into what the CPU has. `docs/explanation/kernels.md` shows how a kernel is made of them.
"""
