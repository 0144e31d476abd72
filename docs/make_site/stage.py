"""Lays out the pages: which file of the repository is which page of the site, and links between them."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from make_site.held import bare
from make_site.places import site_page

_LINK = re.compile(
    r"^```.*?^```$|`[^`\n]+`|(?P<picture>!?)\[(?P<words>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^)\s]+)\)",
    re.MULTILINE | re.DOTALL,
)
"""Code, in which nothing is a link, or a link, whose words may have code in them."""

_ELSEWHERE = {
    "benchsuite/README.md": "how-it-is-built.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    "CODE_OF_CONDUCT.md": "code-of-conduct.md",
    "README.md": "index.md",
    "reports/published/README.md": "published/index.md",
}
"""Pages that lie elsewhere in the repository, and where they are in the site; the first page stands for the README."""

_NO_PAGES = {"README.md"}
"""What is pointed to, but is not copied."""


def pages_of(repository: Path) -> dict[str, str]:
    """Return the path in the site of every page, by its path in the repository."""
    found = {f"docs/{path.name}": path.name for path in sorted((repository / "docs").glob("*.md"))}
    found |= {
        f"reports/published/{path.name}": f"published/{path.name}"
        for path in sorted((repository / "reports/published").glob("*.md"))
    }
    return found | {source: page for source, page in _ELSEWHERE.items() if (repository / source).exists()}


def copied(repository: Path) -> dict[str, str]:
    """Return the text of every page as it was written by hand, by its path in the site, links rewritten."""
    pages = pages_of(repository)
    return {
        page: rewritten(bare((repository / source).read_text("utf-8")), source, pages)
        for source, page in pages.items()
        if source not in _NO_PAGES
    }


def rewritten(text: str, source: str, pages: Mapping[str, str]) -> str:
    """Point a page's links to pages of the site; links to other files of the repository become their names.

    A file that stands for a page which only the site has becomes a link to that page (:mod:`make_site.places`).

    Args:
        text: the page.
        source: its path in the repository.
        pages: from :func:`pages_of`.
    """
    here = pages[source]
    return _LINK.sub(lambda match: _link(match, source, here, pages), text)


def _link(match: re.Match[str], source: str, here: str, pages: Mapping[str, str]) -> str:
    picture, words, target = match["picture"], match["words"], match["target"]
    if target is None or target.startswith(("#", "mailto:")) or "://" in target:
        return match[0]
    path, mark, anchor = target.partition("#")
    found = os.path.normpath(PurePosixPath(source).parent / path)
    if made := site_page(found, anchor, words):
        return f"{picture}[{words}]({os.path.relpath(made, PurePosixPath(here).parent)})"
    page = pages.get(found) or pages.get(f"{found}/README.md")
    if page:
        return f"{picture}[{words}]({os.path.relpath(page, PurePosixPath(here).parent)}{mark}{anchor})"
    plain = words if words.strip("`") == found else f"{words} (`{found}`)"
    return plain if not picture else f"*{words}*"


def write(pages: Mapping[str, str], folder: Path) -> None:
    """Write all pages into a folder, which is emptied first.

    Args:
        pages: text by path.
        folder: where the pages of earlier builds may lie.
    """
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in pages.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
