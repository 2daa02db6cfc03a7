"""The frame of the command line: finds the command, reads its arguments, shows its errors. Commands are imported when called."""

import sys


def main() -> int:
    from picok8s.testing.serve import main as serve

    return serve(int(sys.argv[sys.argv.index("--port") + 1]) if "--port" in sys.argv else 0)
