"""The command ``benchsuite``, and ``python -m benchsuite``, which is how a launcher of several processes calls it."""

import gc
import sys

_OBJECTS = 50_000
"""New objects between two searches for unreachable ones. Imports make a hundred thousand that all stay: with the usual
number a tenth of a short command is spent on such searches."""


def main() -> int:
    """Run the command; Ctrl-C is one line, also before the command can say so itself and after it has ended."""
    gc.set_threshold(_OBJECTS)
    kept = "nothing had begun"
    try:
        from benchsuite.cli.main import main as command

        kept = "what is finished is kept, the same command goes on from there"
        return command()
    except KeyboardInterrupt:
        sys.stderr.write(f"interrupted; {kept}\n")
        return 130  # what the console returns, which may not be imported yet
    finally:
        # Where Ctrl-C comes while a source text is executed (each dataclass executes one), CPython remembers that,
        # though it is handled, and ends by SIGINT whatever is returned. The next text makes it forget.
        exec("")  # noqa: S102 - an empty text


if __name__ == "__main__":
    sys.exit(main())
