"""Builds the documentation site: ``python docs/build_site.py [--out FOLDER]``; open ``FOLDER/site/index.html``.

It needs the dependency group ``docs`` (``pip install . --group docs``). Warnings, dead links included, are errors.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from make_site.assemble import REPOSITORY, build
from make_site.desk import Desk


def main() -> int:
    """Make the pages, then the site; return the exit code."""
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
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean", "--config-file", str(settings)]
    return subprocess.run(command, cwd=folder, check=False).returncode  # noqa: S603 - our own words


if __name__ == "__main__":
    sys.exit(main())
