"""The words around the numbers: headings, data set lines, reasons and conventions, all as plain text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from benchsuite.data import Comparison, DatasetInfo, PluginInfo, SplitInfo, Trials
from benchsuite.data.dataset import Step
from benchsuite_reports.model.numbers import count

_SHORT = 26
_HEADING = 10
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


def clean(text: object) -> str:
    """Return text on one line, without control or direction characters, which could rewrite what surrounds it."""
    line = " ".join(str(text).split())
    bad = ("Cc", "Cs", "Zl", "Zp")
    return "".join("\ufffd" if c in _BIDI or unicodedata.category(c) in bad else c for c in line)


def two_lines(text: str) -> list[str]:
    """Return a heading on one line, or on two of about equal length where it is long and has a space."""
    spaces = [position for position, character in enumerate(text) if character == " "]
    if len(text) <= _HEADING or not spaces:
        return [text]
    middle = min(spaces, key=lambda position: (abs(2 * position + 1 - len(text)), position))
    return [text[:middle], text[middle + 1 :]]


def short(reason: str) -> str:
    """Return the first clause of a reason, cut at a word where it is long; which fit it was is none."""
    words = clean(reason).removeprefix("validation: ").removeprefix("test: ")
    for stop in (": ", "; ", ". ", " ("):
        head = words.split(stop, 1)[0]
        if 0 < len(head) <= _SHORT:
            return head.rstrip(".")
    if len(words) <= _SHORT:
        return words
    cut = words[: _SHORT - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut).rstrip(" ,.:;") + "\N{HORIZONTAL ELLIPSIS}"


def sentence(text: object) -> str:
    """Return text that ends like a sentence."""
    words = clean(text)
    return words if not words or words[-1] in ".!?" else f"{words}."


def plain(value: Any) -> str:
    """Return a JSON-like value as short text."""
    if isinstance(value, Mapping):
        # an empty text tells nothing: the commit of what is no checkout
        return ", ".join(f"{key}: {plain(inner)}" for key, inner in value.items() if inner != "")
    if isinstance(value, (list, tuple)):
        return ", ".join(plain(inner) for inner in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else clean(count(value))


def settings(about: PluginInfo) -> str:
    """Return ``name = value`` of every setting."""
    return ", ".join(f"{clean(name)} = {plain(value)}" for name, value in about.settings.items())


def dataset_lines(about: DatasetInfo) -> list[str]:
    """Return sentences about a data set: sizes, licence, whether it is simulated, and each step of preparation."""
    counts = {"users": about.users, "items": about.items, "interactions": about.interactions}
    sizes = [f"{count(number)} {name}" for name, number in counts.items() if number is not None]
    lines = [f"{clean(about.label)}: {', '.join(sizes)}" if sizes else clean(about.label)]
    if about.summary:
        lines[0] += f". {clean(about.summary)}"
    lines[0] = sentence(lines[0])
    for name, told in (("Licence", about.licence), ("Source", about.url), ("Domain", about.domain)):
        if told:
            lines[0] += f" {name}: {sentence(told)}"
    if about.simulated:
        lines.append(SIMULATED)
    lines.extend(map(step_line, about.steps))
    return lines


SIMULATED = "Simulated data: generated, not observed."


def step_line(step: Step) -> str:
    """Return one step of preparation with its counts: ``99,287 of 100,000 rows kept``."""
    line = f"{clean(step.name)}: {count(step.after)} of {count(step.before)} rows kept"
    note = clean(step.note)
    return sentence(f"{line} ({note})" if note else line)


def split_line(about: SplitInfo, dataset: str = "") -> str:
    """Return a sentence about a split: what it does, its settings and its counts (of one data set, where named).

    Of a group of queries it only says whose it is.
    """
    if about.group:
        return sentence(f"{clean(about.split_label)}: the queries {about.group} of {clean(about.label)}")
    parts = [clean(about.label)]
    if about.summary:
        parts.append(f": {clean(about.summary).rstrip('.')}")
    counts = about.counts
    own = {name: told for name, told in counts.items() if name.startswith(f"{dataset}, ")} if dataset else {}
    inside = [text for text in (settings(about), plain(_some(_spans(own or counts)))) if text]
    if inside:
        parts.append(f" ({'; '.join(inside)})")
    return sentence("".join(parts))


def _spans(counts: Mapping[str, Any]) -> dict[str, Any]:
    """Tell the folds of one data set together, each count from its smallest to its largest."""
    folds: dict[str, list[Mapping[str, int]]] = {}
    for name, told in counts.items():
        folds.setdefault(name.rsplit(", seed ", 1)[0], []).append(told)
    if len(folds) == len(counts):
        return dict(counts)
    found: dict[str, Any] = {}
    for dataset, several in folds.items():
        own = {}
        for name in dict.fromkeys(name for told in several for name in told):
            low, high = (end(told.get(name, 0) for told in several) for end in (min, max))
            own[name] = low if low == high else f"{low:,} to {high:,}"
        found[f"{dataset}, {len(several)} folds"] = own
    return found


def _some(counts: Mapping[str, Any]) -> dict[str, Any]:
    """Drop counts of nothing: the store keeps them, here they would hide the others."""
    return {name: _some(n) if isinstance(n, Mapping) else n for name, n in counts.items() if n}


class Where(Protocol):
    """Anything with a data set and a split."""

    @property
    def dataset(self) -> str:
        """Label of the data set."""

    @property
    def split_label(self) -> str:
        """Label of the split, group included."""


def place(where: Where) -> str:
    """Return how a place is called."""
    return f"{clean(where.dataset)}, {clean(where.split_label)}"


def study(trials: Trials) -> str:
    """Return how the place of a tuning study is called."""
    return f"{clean(trials.dataset)}, {clean(trials.split)}"


def order(infos: Sequence[PluginInfo], seen: Iterable[str]) -> list[str]:
    """Return labels in the experiment's order; one that only the rows know comes after, in order of appearance."""
    return list(dict.fromkeys([*(info.label for info in infos), *seen]))


def find_dataset(infos: Sequence[DatasetInfo], label: str) -> DatasetInfo:
    """Return what is known of a data set, or an empty description."""
    return next((info for info in infos if info.label == label), DatasetInfo(label, label))


def find_split(infos: Sequence[SplitInfo], label: str, group: str = "") -> SplitInfo:
    """Return what is known of a split or of one group of it, or an empty description."""
    found = (info for info in infos if (info.label, info.group) == (label, group))
    return next(found, SplitInfo(label, label, group=group))


def simulated(comparison: Comparison, datasets: Iterable[str]) -> list[str]:
    """Return which of the data sets are simulated."""
    return [name for name in dict.fromkeys(datasets) if find_dataset(comparison.datasets, name).simulated]
