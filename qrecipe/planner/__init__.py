"""Recipe + inventory + formats → decisions with reasons. A pure function: no file, no array, no concrete format."""
