"""The sections about splits: a picture, what the split promises, its settings."""

from __future__ import annotations

from collections.abc import Callable

from make_site.markdown import cell, code, prose, stacked
from make_site.plugin_pages import about, citations, settings
from make_site.split_pictures import CHOSEN, first_fold, legend, picture

_PROMISES = {
    "cold_items": "candidates have no training row",
    "cold_users": "those who ask have no training row",
    "ordered": "nothing that a model sees is younger than what is asked",
    "ordered_users": "no history is younger than what is asked of it",
    "partition": "its folds together hold out every row once",
}


def overview() -> str:
    """Return a table of all splits."""
    rows = []
    for name in CHOSEN:
        told = about("splits", name)
        needs = ", ".join(told["facts"]["needs"])
        rows.append((f"[`{name}`](#{name})", prose(told["summary"]), needs, "; ".join(_promised(name))))
    return stacked(("split", "what it does", "needs", "promises, which the harness checks"), rows)


def sections(draw: Callable[[str], str] = picture, key: Callable[[], str] = legend) -> str:
    """Return a section for each split.

    Args:
        draw: makes the picture of a split by its name.
        key: says what the marks of the pictures mean.
    """
    return "\n".join([key(), "", *(_section(name, draw(name)) for name in CHOSEN)])


def _section(name: str, drawn: str) -> str:
    told, fold = about("splits", name), first_fold(name)
    counts = "; ".join(f"{what} {number}" for what, number in fold.counts.items() if number)
    chosen = ", ".join(code(f"{setting} = {_toml(value)}") for setting, value in CHOSEN[name].items())
    candidates = (
        "all items" if fold.candidates is None else f"the items {', '.join('ABCDEFGH'[c] for c in fold.candidates)}"
    )
    caption = f"Drawn with {chosen or 'its defaults'}; candidates are {candidates}. Counts of the fold: {cell(counts)}."
    parts = [f"### {name}\n", f"{prose(told['summary'])}\n", f"{drawn}\n", f"{caption}\n"]
    if told["description"]:
        parts.append(f"{prose(told['description'])}\n")
    promised = _promised(name)
    if promised:
        parts.append(f"Promises, checked before any fit: {'; '.join(promised)}.\n")
    parts.append(settings(told))
    if told["cite"]:
        parts.append(citations(told).partition("\n```")[0] + "\n")
    return "\n".join(parts)


def _promised(name: str) -> list[str]:
    from make_site.plugin_pages import entries

    split = entries("splits")[name].load()
    return [words for promise, words in _PROMISES.items() if getattr(split, promise)]


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
