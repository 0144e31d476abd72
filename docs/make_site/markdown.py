"""Small pieces of Markdown, from docstrings and plain values."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from typing import Any

_STAR = re.compile(r"(?<![\w*])(?:\*(?P<said>[^\s*](?:[^*]{0,60}[^\s*])?)\*(?![\w*]))|\*")
"""A star; two around words emphasize them."""


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table; bars and line ends in cells are made harmless."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(cell(value) for value in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def stacked(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table whose rows become small blocks on a narrow screen, each cell below the other with its heading."""
    said = (re.sub("[`'\"]", "", name.partition(":")[0]) for name in head)
    names = ";".join(f"--head-{place}:'{name}'" for place, name in enumerate(said, 1))
    return f'<div class="stacked" style="{names}" markdown>\n\n{table(head, rows)}\n</div>\n'


def cell(value: Any) -> str:
    """Return the text of one cell."""
    parts = re.split(r"(`[^`]*`)", str(value).replace("\n", " "))
    parts[1::2] = [f"<code>{escaped(part[1:-1])}</code>" if "|" in part else part for part in parts[1::2]]
    return "".join(parts).replace("|", "&#124;")


def prose(docstring: str) -> str:
    """Return a docstring's text as Markdown: doubled backticks become single ones, references their last names."""
    text = re.sub(r":(?:class|meth|func|mod|attr|data):`~?([^`]+)`", lambda found: f"`{found[1]}`", docstring)
    text = text.replace("``", "`")
    parts = re.split(r"(`[^`]*`)", text)
    parts[::2] = [_STAR.sub(_star, part).replace("<", "&lt;") for part in parts[::2]]
    return "".join(parts)


def _star(match: re.Match[str]) -> str:
    return match[0] if match["said"] else r"\*"


def code(value: Any) -> str:
    """Return a value as code; "" for nothing."""
    text = _plain(value)
    return f"`{text}`" if text else ""


def _plain(value: Any) -> str:
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    return "" if value is None else str(value)


def escaped(text: str) -> str:
    """Return text for HTML."""
    return html.escape(text, quote=False)


def output(text: str, title: str = "") -> str:
    """Return what a command printed, as a block that looks like a screen."""
    name = f' title="{title}"' if title else ""
    return f"\n``` {{ .text .no-copy{name} }}\n{text.strip(chr(10))}\n```\n"


def paper(entry: str) -> tuple[str, str, str, str]:
    """Return authors, title, year and DOI of a BibTeX entry, "" for what it does not say."""
    return _authors(_bib(entry, "author")), _bib(entry, "title"), _bib(entry, "year"), _bib(entry, "doi")


def citation(entry: str) -> str:
    """Return a BibTeX entry as a line: who, when, what."""
    authors, title, year, doi = paper(entry)
    where = _bib(entry, "booktitle") or _bib(entry, "journal") or _bib(entry, "publisher")
    said = f"{authors} ({year}). {title}." + (f" *{where}*." if where else "")
    return f"{said} doi:{doi}" if doi else said


def _bib(entry: str, name: str) -> str:
    """Return a field of a BibTeX entry, braces left out."""
    found = re.search(rf"\b{name}\s*=\s*", entry, re.IGNORECASE)
    if not found:
        return ""
    rest, depth, taken = entry[found.end() :], 0, ""
    for sign in rest:
        if sign in ",}" and depth == 0:
            break
        depth += (sign == "{") - (sign == "}")
        taken += sign
    text = re.sub(r"[{}\"]", "", taken).replace("--", "-")
    text = re.sub(r"\\['`^\"~=.cvuHk]\s?(\w)", r"\1", text)
    return re.sub(r"\s+", " ", text).strip()


def _authors(text: str) -> str:
    """Return family names: one, two, or the first and "et al."."""
    people = [one.partition(",")[0] if "," in one else one.split()[-1] for one in text.split(" and ") if one.strip()]
    if len(people) > 2:  # noqa: PLR2004 - two are named, more are not
        return f"{people[0]} et al."
    return " and ".join(people)
