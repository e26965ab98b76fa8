"""Machine code that numba makes: on which machines, how it is compiled, and where it is kept."""
