"""``python -m benchsuite``, which is how a launcher of several processes calls it."""

import sys

from benchsuite.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
