"""What in the repository stands for a page that only the site has, and the other way round.

A page in ``docs/`` links to files of the repository, so that its links lead somewhere where no site is built. The site
has better: a page for each model and metric, the interface, the leaderboard.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

from make_site.plugin_pages import entries, slug

REPOSITORY = Path(__file__).resolve().parents[2]
_STANDS_FOR = {
    "README.md#who-leads": "leaderboard/index.html",
    "CITATION.cff": "cite.md",
    "benchsuite/api": "api/contracts.md",
    "benchsuite/data": "api/data.md",
    "benchsuite/errors.py": "api/errors.md",
    "benchsuite/functions": "api/functions.md",
    "benchsuite/functions/__init__.py": "verbs.md",
    "reports/benchsuite_reports/render": "reports.md",
}
_SHELVES = ("plugins", "datasets", "reports")
_STACKED = re.compile(r'<div class="stacked"[^>]* markdown>\n\n(.*?)\n</div>\n', re.DOTALL)
_LINK = re.compile(r"\]\(((?:models|metrics)/[^)]+)\)")


@functools.cache
def sources() -> dict[str, tuple[str, str]]:
    """Return name and file of every model and metric by its page in the site."""
    return {
        f"{kind}/{slug(name)}.md": (name, _file(entry.target))
        for kind in ("models", "metrics")
        for name, entry in entries(kind).items()
    }


def _file(target: str) -> str:
    """Return the path in the repository of ``module:class``."""
    module = target.partition(":")[0].replace(".", "/")
    ways = [f"{shelf}/{module}{end}" for shelf in _SHELVES for end in (".py", "/__init__.py")]
    return next(way for way in ways if (REPOSITORY / way).is_file())


def site_page(found: str, anchor: str, words: str) -> str | None:
    """Return the page of the site that a link into the repository stands for, None where there is none.

    Args:
        found: the file or folder, from the root of the repository.
        anchor: behind ``#``.
        words: of the link. The name of a model or metric tells which one is meant, as there may be several in a file.
    """
    made = _STANDS_FOR.get(f"{found}#{anchor}" if anchor else found)
    named = words.strip("`")
    return made or next((page for page, told in sources().items() if told == (named, found)), None)


def in_repository(text: str) -> str:
    """Return a part that was made for the site as pages in ``docs/`` hold it: plain tables, links to files."""
    plain = _STACKED.sub(r"\1", text)
    return _LINK.sub(lambda match: f"](../{sources()[match[1]][1]})", plain)
