"""Where tasks run. Knows no file format."""
