"""Writes into ``docs/*.md`` what examples print and what is made from the code, and into README the leaderboard.

Whoever merges results runs it: first, ``leaderboard.json`` of each benchmark is made anew where result folders changed.

``python docs/update_pages.py``; it takes less than a minute. Pages are read in the repository, too, where nobody builds
the site. The site build makes the same anew, in its own form.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import update_readme
from make_site import result_picture, split_pages, split_pictures
from make_site.assemble import INSERTS, MAIN_JOB, in_order, with_outputs
from make_site.desk import Desk
from make_site.held import PLACE, bare, with_generated, with_printed
from make_site.places import in_repository

DOCS = Path(__file__).parent
IN_TEXT: dict[str, Callable[[], str]] = {
    "result-picture": lambda: result_picture.text_picture(MAIN_JOB),
    "splits": lambda: split_pages.sections(split_pictures.text_picture, split_pictures.text_legend),
}
"""Parts with pictures that only the site can show, and how they are drawn in text."""


def part(name: str) -> str:
    """Return a generated part as a page of the repository holds it."""
    return in_repository(IN_TEXT.get(name, INSERTS[name])())


def whole(text: str, desk: Desk) -> str:
    """Return a page with everything that it holds made anew.

    Raises:
        ExampleError: when a shown example fails.
    """
    told = with_outputs(bare(text), desk, with_printed)
    return PLACE.sub(lambda match: with_generated(match, part(match[1])), told)


def updated(texts: Mapping[str, str], desk: Desk) -> dict[str, str]:
    """Return pages by name with everything that they hold made anew."""
    return {name: whole(texts[name], desk) for name in in_order(texts)}


def main() -> int:
    """Write the standings, README and all pages, which show them; return the exit code."""
    if failed := update_readme.main():
        return failed
    texts = {path.name: path.read_text("utf-8") for path in sorted(DOCS.glob("*.md"))}
    with tempfile.TemporaryDirectory() as folder:
        for name, text in updated(texts, Desk(Path(folder))).items():
            (DOCS / name).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
