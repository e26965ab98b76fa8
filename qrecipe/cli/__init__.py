"""The command line: presentation only. stdout is data (tables, JSON, paths), stderr is talk (progress, findings).

Exit codes: 0 done; 1 the input is at fault, or something was left unbuilt; 2 usage; 130 interrupted; 143 by SIGTERM.
"""
