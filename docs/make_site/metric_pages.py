"""The table of metrics, and a page for each: formula, convention, example by hand, what others do."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from benchsuite_interchange.libraries import LIBRARIES
from make_site.markdown import code, prose, stacked, table
from make_site.mathml import formula
from make_site.metric_examples import EXAMPLES, ITEMS, LISTS, PAIRS, RIGHT, ROWS, Example
from make_site.plugin_pages import about, citations, entries, settings, slug

_TASKS = {
    "ranking": "Lists",
    "classification": "Likes and dislikes: labelled pairs",
    "rating": "Stars: predicted values",
}
_LETTERS: dict[str, dict[str, str]] = {
    "ranking": {
        "R": "R: the query's relevant items",
        "h": "h with index j: 1 where place j holds a relevant item, else 0",
        "H": "H: hits in the first k places",
        "S": "S: places that hold an item",
        "C": "C: items of the catalogue",
        "x": "x with index i: places that item i takes, rising",
        "n": "n with index i: training rows of item i",
        "U": "U: people with training rows",
        "v": "v with index i: the words of item i, by tf-idf",
    },
    "classification": {
        "TP": "TP: pairs with label 1 called 1",
        "FP": "FP: pairs with label 0 called 1",
        "FN": "FN: pairs with label 1 called 0",
        "TN": "TN: pairs with label 0 called 0",
        "y": "y: the label",
        "p": "p: the probability",
        "s": "s: the score",
        "b": "b: a bin",
        "n": "n: all pairs",
    },
    "rating": {"r": "r: the held-out value", "p": "p: the predicted one"},
}
"""What letters of formulas mean; a page explains those of its own."""


@functools.cache
def examples() -> dict[str, Example]:
    """Return the worked examples by the metric's name."""
    return {example.name: example for example in EXAMPLES}


def value(example: Example) -> float:
    """Return what the code makes of an example."""
    from make_site.metric_examples import evidence

    metric = entries("metrics")[example.name].load().from_settings(dict(example.settings))
    seen = evidence()
    measured = metric.measure(seen)  # type: ignore[attr-defined]  # a metric, by its entry point
    return float(metric.estimate(seen, measured, np.ones((1, len(seen))))[0])  # type: ignore[attr-defined]  # same


def overview() -> str:
    """Return the tables of all metrics, by what they judge."""
    parts = []
    for task, title in _TASKS.items():
        names = [name for name in examples() if about("metrics", name)["facts"]["task"] == task]
        head = ("metric", "what it is", "best", "convention")
        parts.append(f"### {title}\n\n{stacked(head, [_row(name) for name in names])}")
    return "\n".join(parts)


def _row(name: str) -> tuple[str, ...]:
    told = about("metrics", name)
    best = "high" if told["facts"]["higher_is_better"] else "low"
    convention = prose(told["facts"]["convention"])
    return (f"[`{name}`](metrics/{slug(name)}.md)", prose(told["summary"]), best, convention)


def page(name: str) -> str:
    """Return the page of one metric."""
    told, example = about("metrics", name), examples()[name]
    parts = [f"# {_title(name, told)}\n", f"**{prose(told['summary'])}**\n", _facts(name, told)]
    parts += ["## Formula\n", formula(example.formula) + "\n", _letters(example, told["facts"]["task"]) + "\n"]
    if told["description"]:
        parts += [f"{prose(told['description'])}\n"]
    parts += ["## Convention\n", prose(told["facts"]["convention"]).capitalize() + ".\n"]
    parts += ["## By hand\n", _example(example, told["facts"]["task"])]
    other = _elsewhere(name, example)
    if other:
        parts += ["## Elsewhere\n", other]
    parts += ["## Settings\n", settings(told)]
    if told["cite"]:
        parts += ["## Papers\n", citations(told)]
    return "\n".join(parts)


def _letters(example: Example, task: str) -> str:
    """Return what the letters of a metric's formula mean."""
    formal = re.sub(r"text\{(?![A-Z]{2}\})[^}]*\}", " ", example.formula)
    used = set(re.findall(r"[A-Za-z]+", formal))
    said = [meaning for letter, meaning in _LETTERS[task].items() if letter in used]
    return f"{'. '.join(said)}." if said else ""


def _title(name: str, told: Mapping[str, Any]) -> str:
    title = entries("metrics")[name].load().title  # type: ignore[attr-defined]  # a metric, by its entry point
    shown = f"{title}@k" if name.endswith("@k") else title
    kind = {"classification": " (labelled pairs)", "rating": " (stars)"}.get(told["facts"]["task"], "")
    return f"{shown}{kind}"


def _facts(name: str, told: Mapping[str, Any]) -> str:
    asked = name.replace("@k", "@10")
    rows = [
        ("in an experiment", f'`metrics = ["{asked}"]`'),
        ("judges", _TASKS[told["facts"]["task"]].lower()),
        ("best", "high" if told["facts"]["higher_is_better"] else "low"),
        ("class", code(told["target"])),
    ]
    return table(("", ""), rows)


def _example(example: Example, task: str) -> str:
    """Return the example's data and working, with the number that the code gives."""
    steps = "\n".join(f"{number}. {step}" for number, step in enumerate(example.steps, 1))
    set_to = ", ".join(f"`{name} = {number}`" for name, number in example.settings)
    asked = f" with {set_to}" if set_to else ""
    given = _lists() if task == "ranking" else _pairs()
    return f"{given}\n{steps}\n\nThe code says{asked}: **{value(example):.4g}**. A test compares the two.\n"


def _lists() -> str:
    rows = [(who, ", ".join(LISTS[who]), ", ".join(RIGHT[who])) for who in LISTS]
    counts = ", ".join(f"{item} {count}" for item, count in zip(ITEMS, ROWS, strict=True))
    told = table(("who", "list, best first", "relevant"), rows)
    return f"{told}\nThe catalogue: {', '.join(ITEMS)}. Training rows: {counts}.\n"


def _pairs() -> str:
    head = ("who", "item", "label", "score", "probability", "stars given", "stars predicted")
    return f"{table(head, PAIRS)}\nThe threshold is 0.5.\n"


def _elsewhere(name: str, example: Example) -> str:
    """Return how others compute it, in words, and the example's value by each library that ``score`` knows."""
    bare = name.removesuffix("@k")
    parts = [f"{example.elsewhere}\n"] if example.elsewhere else []
    known = [library for library in LIBRARIES if bare in library.formulas] if name.endswith("@k") else []
    if known:
        rows = [(library.name, library.formulas[bare][1], _by_library(f"{bare}@3", library.name)) for library in known]
        told = table(
            ("library", "formula", "our example"), [("benchsuite", "as above", f"{value(example):.4f}"), *rows]
        )
        said = (
            "The numbers are those of `benchsuite score --convention all`, which knows these libraries' rules. "
            "Stars are "
            "the gains of those that take any: Ann gave a 5, c 5 and f 4, Ben gave e 4.\n"
        )
        parts += [said, told, *[f"- {library.summary}\n" for library in known]]
    return "\n".join(parts)


@functools.cache
def _by_library(metric: str, library: str) -> str:
    """Return the example's value by another library's convention; stars are the values of relevant rows."""
    import tempfile
    from pathlib import Path

    import benchsuite

    stars = {(who, item): given for who, item, _, _, _, given, _ in PAIRS}
    with tempfile.TemporaryDirectory() as folder:
        recs, test = Path(folder, "recs.csv"), Path(folder, "test.csv")
        listed = [f"{who},{item},{9 - place}" for who in LISTS for place, item in enumerate(LISTS[who])]
        right = [f"{who},{item},{stars.get((who, item), 5)}" for who in RIGHT for item in RIGHT[who]]
        recs.write_text("\n".join(["user,item,score", *listed]), "utf-8")
        test.write_text("\n".join(["user,item,rating", *right]), "utf-8")
        told = benchsuite.score(recs, test, metrics=metric, conventions=library, catalogue=len(ITEMS))
    return f"{told.frames()['results'].value.iloc[0]:.4f}"
