"""Artifact families: what they store, where every byte lies, and the tasks that write it."""
