"""The table of models, and a page for each, made from the classes."""

from __future__ import annotations

import functools
import json
import re
import statistics
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchsuite.functions.plugin_facts import kept_facts
from make_site.markdown import cell, code, paper, prose, stacked, table
from make_site.plugin_pages import about, citations, entries, settings, slug

_NOTES = Path(__file__).with_name("model_notes.toml")
_WORDS = {
    "uses_language_model": "reads texts with a language model",
    "is_candidate": "is put to the test: held against the best of the others",
    "is_oracle": "is an oracle: shown apart, never called best",
    "may_abstain": "may abstain for known users and items",
}
_LETTERS = {
    "n": "training rows",
    "U": "users",
    "I": "items",
    "h": "length of a history",
    "d": "factors, or width of the vectors",
    "k": "neighbours",
    "e": "rounds or epochs",
    "T": "tokens of all item texts",
    "P": "parameters of the language model",
}
"""What the letters of costs mean; a page explains those that it uses."""

_FAMILIES = {
    "benchsuite_classic": "Classics",
    "benchsuite_social": "Friends",
    "benchsuite_content": "Texts, without training a language model",
    "benchsuite_rivals": "Networks and Cornac",
    "benchsuite_flm": "Fine-tuned language models",
    "benchsuite_external": "Other programs and libraries",
}


@functools.cache
def notes() -> dict[str, dict[str, str]]:
    """Return by model what no class can say: ``time``, ``memory``, ``when``, and ``with`` where it needs settings."""
    return tomllib.loads(_NOTES.read_text("utf-8"))


@functools.cache
def costs(results: Path) -> dict[str, tuple[str, float, float]]:
    """Return by model what a fit took in a benchmark: its name, median processor seconds, and the largest peak in MB.

    Args:
        results: the folder of result folders. The benchmark in which most models were run comes first. Rows that the
            kept standings lack do not count: who adds a result changes no page.
    """
    found: dict[str, tuple[str, float, float]] = {}
    folders = sorted(results.iterdir(), key=lambda one: (one.name.startswith("demo"), one.name != "films.v1", one.name))
    for benchmark in (folder for folder in folders if folder.is_dir()):
        kept = json.loads((benchmark / "leaderboard.json").read_text("utf-8"))["rows"]
        for file in sorted(file for file in benchmark.glob("*/costs.json") if file.parent.name in kept):
            cells = list(json.loads(file.read_text("utf-8"))["cells"].values())
            seconds = statistics.median(cell["cpu_seconds"] for cell in cells)
            peak = max(cell["peak_memory_mb"] for cell in cells)
            found.setdefault(file.parent.name, (benchmark.name, seconds, peak))
    return found


def overview(results: Path) -> str:
    """Return the tables of all models, family by family.

    Args:
        results: the folder of result folders.
    """
    parts = []
    for package, title in _FAMILIES.items():
        names = [name for name, entry in entries("models").items() if entry.target.startswith(f"{package}.")]
        rows = [_row(name, results) for name in names]
        head = ("model", "when to use", "needs", "saved", "measured fit", "fit grows with", "holds", "paper")
        parts.append(f"## {title}\n\n{stacked(head, rows)}")
    return "\n".join(parts)


def _two_digits(value: float) -> str:
    """Return a number with two digits and no exponent."""
    rounded = float(f"{value:.2g}")
    return f"{rounded:.0f}" if rounded >= 10 else f"{rounded:g}"  # noqa: PLR2004 - two digits


def _row(name: str, results: Path) -> tuple[str, ...]:
    note, facts = notes()[name], kept_facts()["models"][name]
    measured = costs(results).get(name)
    fit = f"{_two_digits(measured[1])} s, {measured[2]:.0f} MB" if measured else ""
    cite = about("models", name)["cite"]
    who = "{0} {2}".format(*paper(cite[0])) if cite else ""
    saved = "yes" if facts["saved"] else "no"
    needs = ", ".join(facts["needs"])
    link = f"[`{name}`](models/{slug(name)}.md)"
    return (link, note["when"], needs, saved, fit, note["time"], note["memory"], who)


def page(name: str, results: Path) -> str:
    """Return the page of one model.

    Args:
        name: of the model.
        results: the folder of result folders.
    """
    told, note = about("models", name), notes()[name]
    parts = [f"# {name}\n", f"**{prose(told['summary'])}**\n", f"{note['when']}\n", _facts(name, told, results)]
    if told["description"]:
        parts += ["## How it works\n", f"{prose(told['description'])}\n"]
    parts += ["## Settings\n", settings(told)]
    parts += ["## Use it\n", _use(name)]
    if told["cite"]:
        parts += ["## Papers\n", citations(told)]
    return "\n".join(parts)


def _facts(name: str, told: Mapping[str, Any], results: Path) -> str:
    note, facts = notes()[name], kept_facts()["models"][name]
    measured = costs(results).get(name)
    said = [words for fact, words in _WORDS.items() if told["facts"].get(fact)]
    if not told["facts"]["is_personalized"]:
        said.append("gives everybody the same list, or nobody a list of their own")
    rows = [
        ("needs", ", ".join(facts["needs"]) or "users and items only"),
        ("can be saved", "yes, by `benchsuite train`" if facts["saved"] else "no"),
        ("fit grows with", note["time"]),
        ("holds", note["memory"]),
        ("measured", _measured(measured)),
        ("what else", "; ".join(said)),
        ("fitted again", told["facts"]["reproducibility"]),
        ("version", told["version"]),
        ("class", code(told["target"])),
    ]
    used = set(re.findall(r"\b[A-Za-z]\b", f"{note['time']} {note['memory']}".replace("²", " ").replace("³", " ")))
    letters = ", ".join(f"{letter} {meaning}" for letter, meaning in _LETTERS.items() if letter in used)
    return table(("", ""), [row for row in rows if row[1]]) + (f"\n{letters}.\n" if letters else "")


def _measured(measured: tuple[str, float, float] | None) -> str:
    if measured is None:
        return "not yet in a benchmark that comes with this version"
    benchmark, seconds, peak = measured
    return (
        f"{_two_digits(seconds)} processor seconds a fit (median), {peak:.0f} MB at most, in `{benchmark}` on two cores"
    )


def _use(name: str) -> str:
    """Return how a reader puts a model into an experiment, and what is searched."""
    shown = about("models", name)["settings"]
    tuned = [one["name"] for one in shown if one["search"]]
    first = next((one for one in shown if one["search"] and isinstance(one["default"], int | float)), None)
    value = notes()[name].get("with") or ("" if first is None else f"{first['name']} = {first['default']}".lower())
    written = f'{{ use = "{name}", with = {{ {value} }} }}' if value else f'"{name}"'
    beside = "" if name == "popular" else '"popular", '
    searched = f"Tuning searches {', '.join(code(one) for one in tuned)}." if tuned else "There is nothing to tune."
    return (
        f"In an [experiment](../experiments.md):\n\n```toml\nmodels = [{beside}{written}]\n```\n\n"
        f"Its settings in a shell:\n\n```console\n$ benchsuite show model {name}\n```\n\n{cell(searched)}\n"
    )
