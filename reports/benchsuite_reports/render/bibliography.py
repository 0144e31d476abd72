"""References: BibTeX entries of everything that was used, each once."""

from __future__ import annotations

import re

from benchsuite.data import Comparison, PluginInfo
from benchsuite_reports.render.latex_tables import comment

_ENTRY = re.compile(r"\s*@\s*([A-Za-z]+)\s*\{\s*([^\s,{}%#\\\"']+)\s*,", re.ASCII)
_KINDS = ("string", "comment", "preamble")


class Bibliography:
    """All entries that can be printed, by key, and what could not be understood."""

    def __init__(self, comparison: Comparison) -> None:
        self._entries: dict[str, str] = {}
        self._broken: list[str] = []
        groups = (comparison.datasets, comparison.splits, comparison.models, comparison.metrics)
        for about in (about for group in groups for about in group):
            for entry in about.cite:
                self._add(entry)

    def _add(self, entry: str) -> None:
        key = key_of(entry)
        if key is None:
            self._broken.append(entry)
        else:
            self._entries.setdefault(key, entry.strip())

    def cite(self, about: PluginInfo) -> str:
        r"""Return ``~\\cite{a,b}`` for what is described, or "" where it has no entry."""
        keys = list(dict.fromkeys(key for entry in about.cite if (key := key_of(entry)) in self._entries and key))
        return f"~\\cite{{{','.join(keys)}}}" if keys else ""

    def __bool__(self) -> bool:
        """Whether there is anything to cite."""
        return bool(self._entries)

    def render(self) -> str:
        """Return the ``.bib`` file; an entry that is no BibTeX stands in it as a remark."""
        # BibTeX skips what stands between entries, as long as no sign of its own is in it.
        plain = (comment(entry).replace("@", "(at)").replace("{", "(").replace("}", ")") for entry in self._broken)
        remarks = (f"Not a BibTeX entry, so it is not cited: {entry}\n" for entry in plain)
        return "\n\n".join(_ascii(entry) for entry in self._entries.values()) + "\n" + "".join(remarks)


def key_of(entry: str) -> str | None:
    """Return the key of one whole BibTeX entry, or None where it is none."""
    match = _ENTRY.match(entry)
    if match is None or match[1].lower() in _KINDS or not _balanced(entry):
        return None
    return match[2]


def _balanced(entry: str) -> bool:
    """Return whether the braces close exactly at the end, so that one entry cannot swallow the next."""
    depth = 0
    text = entry.strip()
    for position, character in enumerate(text):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth == 0 and character == "}":
            return position == len(text) - 1
    return False


def _ascii(entry: str) -> str:
    from benchsuite_reports.render.latex_text import escape

    return "".join(c if c.isascii() else escape(c) for c in entry)
