"""The storage types of ggml: one table, and formats that encode and decode through ggml's own library."""
