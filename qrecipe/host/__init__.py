"""The plug-in manager and the one list of built-ins."""
