"""Builds the documentation site: ``python docs/build_site.py [--out FOLDER]``; open ``FOLDER/site/index.html``.

It needs the dependency group ``docs`` (``pip install . --group docs``). Warnings, dead links included, are errors.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path


def main() -> int:
    """Make the pages, then the site; return the exit code."""
    sys.path.insert(0, str(Path(__file__).parent))  # where the path of a script is not searched (PYTHONSAFEPATH)
    from make_site.assemble import build, render
    from make_site.desk import Desk
    from make_site.places import REPOSITORY

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=REPOSITORY / "build" / "docs", help="default: build/docs")
    parser.add_argument("--desk", type=Path, help="keep the folder in which examples are run, and use it again")
    parser.add_argument("--without-examples", action="store_true", help="leave out what examples print")
    chosen = parser.parse_args()
    folder = chosen.out.resolve()
    with tempfile.TemporaryDirectory() as passing:
        desk = Desk(chosen.desk.resolve() if chosen.desk else Path(passing))
        desk.folder.mkdir(parents=True, exist_ok=True)
        settings = build(folder, None if chosen.without_examples else desk)
    try:
        render(settings)
    except subprocess.CalledProcessError as error:
        return error.returncode
    print(f"open {settings.parent / 'site' / 'index.html'}")  # noqa: T201 - a command line prints
    return 0


if __name__ == "__main__":
    sys.exit(main())
