"""python -m picok8s: the command line."""

import sys

from picok8s.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
