"""Every use case as a function that returns values: no printing, no exit codes."""
