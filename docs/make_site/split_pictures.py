"""A picture of each split: what falls where, drawn from the folds that the split makes of a tiny data set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchsuite.api import Split
from benchsuite.data import Dataset, Entities, Fold, Interactions
from make_site.markdown import escaped
from make_site.plugin_pages import entries

ITEMS = "ABCDEFGH"
LOG = {
    "Ann": "A0 B2 C4 D6 G9 E12 F15",
    "Ben": "B1 A3 D5 G8 E10 C13",
    "Cleo": "C0 D3 A7 F9 B11 H14",
    "Dan": "D2 E4 B6 C8 A10",
    "Eve": "A5 C7 B9 D11 G13 H15",
    "Finn": "E6 F8 A11 B13 C15",
}
"""Who took which item when, in days."""

_TEST_PART = {"Ann": "EF", "Cleo": "BH", "Eve": "GH"}
"""What the publishers of the tiny set held out, for the split that takes theirs."""

CHOSEN: dict[str, dict[str, object]] = {
    "random-holdout": {"test": 0.25, "validation": 0.2},
    "thinned-holdout": {"test": 0.25, "validation": 0.2, "train": 0.6},
    "leave-last-out": {},
    "user-temporal": {"test": 0.3, "validation": 0.2},
    "global-temporal": {"test": 0.25, "validation": 0.25},
    "k-fold": {"folds": 4, "validation": 0.2},
    "item-cold": {"items": 0.25, "validation_items": 0.25},
    "few-shot-item-cold": {"items": 0.3, "shots": 1, "reserved": 2, "validation_items": 0.3},
    "user-cold": {"users": 0.3, "history": [0, 2], "validation_users": 0.3},
    "strong-generalization": {"users": 0.3, "shown": 0.6, "validation_users": 0.3},
    "both-cold": {"users": 0.35, "items": 0.35, "history": [0, 1], "validation_users": 0.4, "validation_items": 0.4},
    "fixed": {"validation": 0.2},
}
"""The settings of each picture, chosen so that a tiny set shows every part; in the order of the page."""

PARTS = {
    "train": "trained on",
    "validation": "held out for validation, then trained on",
    "shown": "shown when asking, not trained on",
    "test": "held out: what is asked",
    "none": "left out",
}
_IN_TEXT = {"train": " {} ", "validation": "[{}]", "shown": "<{}>", "test": "({})", "none": "-{}-"}
_GAP, _LEFT, _TOP, _SIZE = 34, 56, 14, 12


@dataclass(frozen=True)
class Event:
    """One row of the tiny data set and where it fell."""

    who: str
    item: str
    day: int
    part: str


def tiny() -> Dataset:
    """Return the tiny data set; each row's value is its number, from 1."""
    people, rows = list(LOG), []
    for number, who in enumerate(people):
        for word in LOG[who].split():
            held = word[0] in _TEST_PART.get(who, "") and int(word[1:]) > 8  # noqa: PLR2004 - the later of two rows
            rows.append((number, ITEMS.index(word[0]), int(word[1:]), held))
    user, item, day, held_out = (np.array(column) for column in zip(*rows, strict=True))
    interactions = Interactions(
        user=user,
        item=item,
        value=np.arange(1, len(rows) + 1, dtype=np.float32),
        label=None,
        timestamp=day * 86_400,
        behaviour=np.zeros(len(rows), np.int8),
        behaviours=("taken",),
        part=held_out.astype(np.int8),
        parts=("train", "test"),
    )
    return Dataset("tiny", interactions, users=Entities(tuple(people)), items=Entities(tuple(ITEMS)))


def first_fold(name: str) -> Fold:
    """Return the first fold that a split makes of the tiny data set."""
    split = entries("splits")[name].load().from_settings(CHOSEN[name])
    assert isinstance(split, Split)  # noqa: S101 - an entry point of splits
    return next(iter(split.split(tiny(), seed=3)))


def events(fold: Fold) -> list[Event]:
    """Return every row of the tiny data set with the part that it fell into."""
    rows = tiny().interactions
    validated = set() if fold.validation is None else set(fold.validation.truth.value.tolist())
    sets = (
        ("test", set(fold.truth.value.tolist())),
        ("validation", validated),
        ("train", set(fold.train.interactions.value.tolist())),
        ("shown", set(fold.queries.history.value.tolist())),
    )
    people = list(LOG)
    return [
        Event(
            people[rows.user[row]],
            ITEMS[rows.item[row]],
            int(rows.timestamp[row]) // 86_400,  # type: ignore[index]  # the tiny set has times
            next((part for part, values in sets if float(rows.value[row]) in values), "none"),
        )
        for row in range(len(rows))
    ]


def picture(name: str) -> str:
    """Return the picture of a split as SVG: a line for each person, days from left to right, a letter for each item."""
    found = events(first_fold(name))
    last = max(event.day for event in found)
    width, height = _LEFT + last * _GAP + 2 * _SIZE + 6, _TOP + len(LOG) * _GAP + 4
    told = ", ".join(f"{sum(event.part == part for event in found)} {words}" for part, words in PARTS.items())
    marks = []
    for row, who in enumerate(LOG):
        y = _TOP + row * _GAP + 5
        marks.append(f'<text class="who" x="0" y="{y + 4}">{who}</text>')
        marks.append(f'<line class="days" x1="{_LEFT - 8}" x2="{width - 6}" y1="{y}" y2="{y}"/>')
    for event in found:
        x, y = _LEFT + event.day * _GAP + 4, _TOP + list(LOG).index(event.who) * _GAP + 5
        told_of = f"{event.who}, item {event.item}, day {event.day}: {PARTS[event.part]}"
        marks.append(
            f'<g class="{event.part}"><title>{told_of}</title>'
            f'<circle cx="{x}" cy="{y}" r="{_SIZE}"/><text x="{x}" y="{y + 4}">{event.item}</text></g>'
        )
    label = escaped(f"{name}: {told}")
    return (
        f'<figure class="split"><svg viewBox="0 0 {width} {height}" role="img" aria-label="{label}">'
        f"{''.join(marks)}</svg></figure>"
    )


def legend() -> str:
    """Return what the marks of the pictures mean."""
    marks = "".join(
        f'<span class="key"><svg viewBox="0 0 28 28" aria-hidden="true"><g class="{part}">'
        f'<circle cx="14" cy="14" r="12"/><text x="14" y="18">A</text></g></svg>{words}</span>'
        for part, words in PARTS.items()
    )
    return f'Point at a mark to read what it is.\n\n<div class="split legend">{marks}</div>'


def text_picture(name: str) -> str:
    """Return the picture of a split in letters: a line for each person, a column for each day."""
    found = {(event.who, event.day): event for event in events(first_fold(name))}
    days = range(max(day for _, day in found) + 1)
    lines = ["day  " + "".join(f"{day:>4}" for day in days)]
    for who in LOG:
        cells = (found.get((who, day)) for day in days)
        shown = (" .  " if one is None else f"{_IN_TEXT[one.part].format(one.item)} " for one in cells)
        lines.append(f"{who:<6}{''.join(shown)}".rstrip())
    return "```text\n" + "\n".join(lines) + "\n```"


def text_legend() -> str:
    """Return what the marks of the pictures in letters mean."""
    return "\n".join(f"- `{_IN_TEXT[part].format('A').strip()}` {words}" for part, words in PARTS.items())
