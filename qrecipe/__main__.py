"""`python -m qrecipe` is the command line."""

from qrecipe.cli.main import main

if __name__ == "__main__":
    main()
