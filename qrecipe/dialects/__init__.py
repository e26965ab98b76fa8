"""Other tools' rules, read as recipes."""
