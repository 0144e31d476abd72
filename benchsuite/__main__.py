"""The command ``benchsuite``, and ``python -m benchsuite``, which is how a launcher of several processes calls it."""

import gc
import sys

_OBJECTS = 50_000
"""New objects between two searches for unreachable ones. Imports make a hundred thousand that all stay: with the usual
number a tenth of a short command is spent on such searches."""


def main() -> int:
    """Run the command; Ctrl-C while its code is still imported is told in one line, as it is later."""
    gc.set_threshold(_OBJECTS)
    try:
        from benchsuite.cli.main import main as command
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; nothing had begun\n")
        return 130  # what the console returns, which may not be imported yet
    return command()


if __name__ == "__main__":
    sys.exit(main())
