"""The terminal application: it shows what `qrecipe.api.desk` says and sends edits there; it decides nothing itself."""
