"""Run the command line: ``python -m allentk``."""

from allentk.cli.main import main

if __name__ == "__main__":
    main()
