"""What the search chose for each model, fold by fold, beside the defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchsuite.data import Comparison, ModelInfo, Trials
from benchsuite_reports.model import text


def chosen(comparison: Comparison, about: ModelInfo) -> dict[str, str]:
    """Return each searched setting of a model with what was chosen and its default, in words; empty when not tuned.

    One value is told as it is, several numbers as their range over seeds and folds, other values one by one. Places
    (data set and split) with other values are told apart.
    """
    studies: dict[str, list[Trials]] = {}
    for trials in comparison.tuning:
        if trials.model == about.label and trials.best is not None:
            studies.setdefault(text.study(trials), []).append(trials)
    names = dict.fromkeys(name for several in studies.values() for trials in several for name in trials.searched)
    return {name: _told(name, studies, about) for name in names}


def told(comparison: Comparison, about: ModelInfo) -> Mapping[str, Any]:
    """Return every setting; of a tuned model in words: what was chosen, and what was not searched."""
    found = chosen(comparison, about)
    if not found:
        return about.settings
    rest = {name: f"{text.plain(value)} (not searched)" for name, value in about.settings.items()}
    return {**rest, **found}


def settings(comparison: Comparison, about: ModelInfo) -> str:
    """Return ``name = value`` of every setting; of a tuned model what was chosen, and which values are defaults."""
    if not chosen(comparison, about):
        return text.settings(about)
    return "; ".join(f"{text.clean(name)} = {said}" for name, said in told(comparison, about).items())


def lines(comparison: Comparison) -> list[str]:
    """Return a line for each tuned model: what was chosen of its settings, and which values it was not searched for.

    A model with settings of which none was searched has one, too.
    """
    told = []
    for about in comparison.models:
        searched = chosen(comparison, about)
        if searched or (about.settings and any(one.model == about.label for one in comparison.tuning)):
            nothing = "" if searched else " (nothing was searched)"
            told.append(f"{text.clean(about.label)}: {settings(comparison, about)}{nothing}")
    return told


def short(comparison: Comparison) -> str:
    """Return in one sentence what was chosen of each tuned model, as ranges over all studies; "" without any."""
    told = []
    for about in comparison.models:
        studies = [one for one in comparison.tuning if one.model == about.label and one.best is not None]
        names = dict.fromkeys(name for one in studies for name in one.searched)
        values = [f"{text.clean(name)} {_values(name, studies)}{_default(name, about)}" for name in names]
        told += [f"{text.clean(about.label)}: {', '.join(values)}"] if values else []
    return f"Chosen by search (default): {'; '.join(told)}." if told else ""


def _default(name: str, about: ModelInfo) -> str:
    return f" ({text.plain(about.settings[name])})" if name in about.settings else ""


def records(comparison: Comparison, about: ModelInfo) -> dict[str, Any]:
    """Return what was chosen as plain values: one entry for each study; empty when not tuned."""
    found = [
        {"dataset": one.dataset, "split": one.split, "seed": one.seed, "fold": one.fold, "settings": _searched(one)}
        for one in comparison.tuning
        if one.model == about.label and one.best is not None
    ]
    return {"chosen": found} if found else {}


def _searched(trials: Trials) -> dict[str, Any]:
    won: Mapping[str, Any] = {} if trials.best is None else trials.settings[trials.best]
    return {name: won[name] for name in trials.searched if name in won}


def _told(name: str, studies: Mapping[str, Sequence[Trials]], about: ModelInfo) -> str:
    by_place = {place: _values(name, several) for place, several in studies.items()}
    if len(set(by_place.values())) == 1:
        said = next(iter(by_place.values()))
    else:
        said = ", ".join(f"{values} on {place}" for place, values in by_place.items())
    default = f"default {text.plain(about.settings[name])}" if name in about.settings else "no default"
    return f"{said} (chosen by search; {default})"


def _values(name: str, several: Sequence[Trials]) -> str:
    values = [won[name] for trials in several if name in (won := _searched(trials))]
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) == len(values) and len(set(numbers)) > 1:
        return f"{text.plain(min(numbers))} to {text.plain(max(numbers))}"
    return " or ".join(dict.fromkeys(map(text.plain, values)))
