"""The screens that stand by themselves: where one begins, what one waits at, and the workbench."""
