"""The six panes of the workbench, one file each."""
