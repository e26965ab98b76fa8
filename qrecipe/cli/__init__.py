"""The command line: presentation only; stdout is data, stderr is talk."""
