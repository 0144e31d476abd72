"""The words of a paper's appendix: every detail that the comparison knows of the setup, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from benchsuite.data import Contrast, DatasetInfo, MetricInfo, ModelInfo, Row, Trials
from benchsuite_reports.model import chosen_settings, text
from benchsuite_reports.model.comparison_index import FALLBACK, ComparisonIndex, Place
from benchsuite_reports.model.numbers import count, percent
from benchsuite_reports.model.verdict import verdicts
from benchsuite_reports.render.bibliography import Bibliography
from benchsuite_reports.render.latex_text import prose

MOST_STUDIES = 40
"""More studies than these are told model by model."""

TRIALS = "tuning.csv"
"""Where each of them is told, beside the paper."""


def details(view: ComparisonIndex, bibliography: Bibliography) -> str:
    """Return the section of the appendix on the experimental setup."""
    comparison = view.comparison
    splits = [info for info in comparison.splits if not info.group]
    parts = [
        "\\section{Details of the setup}\n\\label{sec:setup}\n",
        _list("Data", [_data(about, bibliography) for about in comparison.datasets]),
        _list("Splits", [_said(text.split_line(about)) + bibliography.cite(about) for about in splits]),
        _list("Models", [_model(view, about, bibliography) for about in comparison.models]),
        _tuning(view, comparison.tuning),
        _list("Metrics", [_metric(view, about, bibliography) for about in comparison.metrics]),
        _paragraph("Statistics", [*map(text.sentence, comparison.notes), *tests(comparison.contrasts)]),
        _list("Provenance", _provenance(comparison.provenance)),
    ]
    return "\n".join(part for part in parts if part)


def missing(view: ComparisonIndex) -> str:
    """Return the section of the appendix on what the numbers do not say."""
    return "\\section{What has no value, and warnings}\n\\label{sec:missing}\n" + _items(map(_said, gaps(view)))


def gaps(view: ComparisonIndex) -> list[str]:
    """Return sentences on what the numbers do not say: what was not applicable, failed, was missing or fell back."""
    reasons: dict[tuple[str, str, str], list[str]] = {}
    shares: list[str] = []
    for place in view.places:
        for gap in _gaps(view, place):
            reasons.setdefault(gap, []).append(text.place(place))
        filled = [
            f"{text.clean(model)} ({percent(row.mean)})"
            for model in view.models
            if (row := view.comparison.row(place.dataset, place.split, model, FALLBACK, place.group)) and row.mean
        ]
        if filled:
            models = filled[0] if len(filled) == 1 else f"{', '.join(filled[:-1])} and {filled[-1]}"
            shares.append(f"On {text.place(place)}, the declared fallback filled list places of {models}.")
    said = []
    for (what, state, reason), places in reasons.items():
        verb = {"failed": "failed", "not applicable": "is not applicable", "missing": "was not run"}.get(state, state)
        why = reason.removeprefix(f"{state}: ")
        tail = f": {why}" if why and why != "not run yet" else ""
        said.append(text.sentence(f"{what} {verb} on {'; '.join(dict.fromkeys(places))}{tail}"))
    simulated = text.simulated(view.comparison, view.datasets)
    if simulated:
        verb = "is" if len(simulated) == 1 else "are"
        said.insert(0, f"{', '.join(map(text.clean, simulated))} {verb} simulated: generated, not observed.")
    said += shares
    said += [_opened(one.text.removeprefix("Warning: ")) for one in verdicts(view) if one.kind == "warning"]
    return said or ["Every planned cell has a value, and no model left an answer to the fallback."]


def _opened(line: str) -> str:
    """Return a sentence with a capital, unless it opens with the name of a model."""
    return line[0].upper() + line[1:] if line.partition(" ")[0] in ("no", "nothing") else line


def _gaps(view: ComparisonIndex, place: Place) -> Iterator[tuple[str, str, str]]:
    """Yield what has no value in a place, the state and the reason: a model, or a metric of models that have others."""
    rows: dict[str, list[Row]] = {}
    for model in view.models:
        here = (place.dataset, place.split, model)
        told = (view.comparison.row(*here, metric, place.group) for metric in view.metrics_at(place))
        rows[model] = [row for row in told if row is not None]
    answering = [model for model, own in rows.items() if any(row.state == "ok" for row in own)]
    single: dict[tuple[str, str, str], list[str]] = {}
    for model, own in rows.items():
        for row in own:
            reason = text.clean(row.reason)
            if model not in answering:
                yield text.clean(model), row.state, reason
            elif row.state != "ok":
                single.setdefault((row.metric, row.state, reason), []).append(model)
    for (metric, state, reason), models in single.items():
        whose = "" if models == answering else f" of {', '.join(map(text.clean, models))}"
        yield f"{view.heading(metric)}{whose}", state, reason


def _said(line: str) -> str:
    return prose(line, breaks=True)


def _items(texts: Iterable[str]) -> str:
    inside = "".join(f"  \\item {line}\n" for line in texts)
    return f"\\begin{{itemize}}\\raggedright\n{inside}\\end{{itemize}}\n"


def _list(title: str, texts: Sequence[str]) -> str:
    return f"\\subsection*{{{title}}}\n{_items(texts)}" if texts else ""


def _paragraph(title: str, sentences: Sequence[str]) -> str:
    return f"\\subsection*{{{title}}}\n{{\\raggedright {' '.join(map(_said, sentences))}\\par}}\n" if sentences else ""


def _data(about: DatasetInfo, bibliography: Bibliography) -> str:
    first, *rest = text.dataset_lines(about)
    return _said(first) + bibliography.cite(about) + (f" {_said(' '.join(rest))}" if rest else "")


def _model(view: ComparisonIndex, about: ModelInfo, bibliography: Bibliography) -> str:
    line = f"\\textbf{{{_said(text.clean(about.label))}}}{bibliography.cite(about)}: "
    kinds = [
        kind
        for kind, holds in (
            ("uses a language model", about.label in view.language_models),
            ("ceiling, never competes", about.label in view.oracles),
        )
        if holds
    ]
    settings = chosen_settings.settings(view.comparison, about)
    sentences = [text.sentence(about.summary or about.name)]
    sentences += [text.sentence(f"It {kind}" if kind.startswith("uses") else f"A {kind}") for kind in kinds]
    sentences += [f"Settings: {settings}."] if settings else ["It has no settings."]
    if about.space:
        ranges = ", ".join(f"{text.clean(name)} in {_range(one)}" for name, one in about.space.items())
        sentences.append(f"Search space: {ranges}.")
    return line + _said(" ".join(sentences))


def _range(space: Mapping[str, Any]) -> str:
    """Return a search range as text: ``16 to 256 (log scale)``, or its options."""
    if "options" in space:
        return f"{{{', '.join(text.plain(option) for option in space['options'])}}}"
    return f"{space['low']:g} to {space['high']:g}" + (" (log scale)" if space.get("log") else "")


def _metric(view: ComparisonIndex, about: MetricInfo, bibliography: Bibliography) -> str:
    said = view.convention(about.label) or text.clean(about.summary)
    direction = "higher" if view.higher_is_better(about.label) else "lower"
    sentence = f"{text.sentence(said)} " if said else ""
    head = f"\\textbf{{{prose(view.heading(about.label))}}}{bibliography.cite(about)}: "
    return head + _said(f"{sentence}{direction.capitalize()} is better.")


def _tuning(view: ComparisonIndex, tuning: Sequence[Trials]) -> str:
    """Return each study; of more than a page can hold what each model's studies came to, and where they are told."""
    if not tuning:
        return ""
    if len(tuning) > MOST_STUDIES:
        given = f"Budget of each model on each fold: {budget(tuning[0])}, on {view.heading(tuning[0].on)}"
        told = f"every trial with its settings and value, and which won, is in {TRIALS}"
        return _list("Tuning", [_said(text.sentence(f"{given}; {told}")), *map(_studies, _by_model(tuning))])
    texts = []
    for trials in tuning:
        given = budget(trials)
        searched = ", ".join(map(text.clean, trials.searched)) or "nothing"
        fold = f"seed {trials.seed}, fold {text.clean(trials.fold)}"
        line = f"{text.clean(trials.model)} on {text.study(trials)} ({fold})"
        line += f": budget {given}, {len(trials.values)} tried, searched {searched}, on {view.heading(trials.on)}"
        if trials.best is None:
            line += "; every trial failed"
        else:
            won = {name: trials.settings[trials.best].get(name) for name in trials.searched}
            if won:
                line += f"; won: {', '.join(f'{text.clean(k)} = {text.plain(v)}' for k, v in won.items())}"
            value = trials.values[trials.best]
            line += "" if value is None else f" with {value:.4f}"
        if trials.best is not None and trials.failures:
            line += f"; {len(trials.failures)} of the trials failed"
        if trials.edges:
            line += f"; at an end of the range of {', '.join(map(text.clean, trials.edges))}"
        texts.append(_said(text.sentence(line)))
    return _list("Tuning", texts)


def budget(trials: Trials) -> str:
    """Return what each model could spend on a search."""
    return ", ".join(f"{count(value)} {name}" for name, value in trials.budget.items() if value is not None)


def _by_model(tuning: Sequence[Trials]) -> list[list[Trials]]:
    found: dict[str, list[Trials]] = {}
    for trials in tuning:
        found.setdefault(trials.model, []).append(trials)
    return list(found.values())


def _studies(several: Sequence[Trials]) -> str:
    """Return one sentence on all studies of a model."""
    tried = sorted(len(trials.values) for trials in several)
    many = f"{tried[0]}" if tried[0] == tried[-1] else f"{tried[0]} to {tried[-1]}"
    searched = ", ".join(dict.fromkeys(text.clean(name) for trials in several for name in trials.searched))
    noun = "setting" if many == "1" else "settings"
    line = f"{text.clean(several[0].model)}: {len(several)} studies, {many} {noun} tried in each"
    line += f", searched {searched}" if searched else ", nothing to search"
    line += f"; the first won in {sum(trials.best == 0 for trials in several)}" if searched else ""
    failed = sum(trials.best is None for trials in several)
    line += f"; every trial failed in {failed}" if failed else ""
    lost = sum(len(trials.failures) for trials in several)
    line += f"; {count(lost)} trials failed of {count(sum(tried))}" if lost else ""
    edges = Counter(text.clean(name) for trials in several for name in trials.edges)
    ends = ", ".join(f"{name} in {number}" for name, number in edges.items())
    return _said(text.sentence(line + (f"; at an end of its range: {ends}" if ends else "")))


def tests(contrasts: Sequence[Contrast]) -> list[str]:
    """Return sentences on how models are compared; none where they are not."""
    if not contrasts:
        return []
    tests = ", ".join(dict.fromkeys(one.test for one in contrasts if one.p is not None)) or "none"
    draws = max(one.draws for one in contrasts)
    drawn = f" with up to {draws:,} draws" if draws else ""
    return [
        f"Each model is compared with the best reference of its table, paired by user ({tests}{drawn}).",
        "The p-values are two-sided, with Holm's correction over all tests of the table.",
        "The effect size is the mean difference by its standard deviation over users.",
    ]


def _provenance(provenance: Mapping[str, Any]) -> list[str]:
    """Return what a reader needs to know of code and machines; keys of single cells are only counted."""
    texts = []
    for key, value in provenance.items():
        if key == "cells" and isinstance(value, Mapping):
            texts.append(f"cells: {len(value):,}, each named by its key in the results.")
        elif key == "readings" and isinstance(value, Mapping):
            told = "each with its threshold and calibrators in provenance.json"
            texts.append(f"readings of scores, fitted on validation: {len(value):,}, {told}.")
        elif isinstance(value, (list, tuple)) and value and all(isinstance(one, Mapping) for one in value):
            texts += [f"{key.replace('_', ' ')}: {text.plain(one)}." for one in value]
        else:
            texts.append(f"{key.replace('_', ' ')}: {text.plain(value)}.")
    return [_said(line) for line in texts]
