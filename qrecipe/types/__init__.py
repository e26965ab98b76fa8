"""The shared nouns, one file each. Values only: no files, no plug-ins, no array's contents."""
