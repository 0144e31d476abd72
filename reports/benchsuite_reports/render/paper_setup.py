"""The main text of a paper but its numbers: the setup in sentences, one table of settings, and the limits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchsuite.data import DatasetInfo, ModelInfo, SplitInfo
from benchsuite_reports.model import chosen_settings, series, text
from benchsuite_reports.model.comparison_index import ComparisonIndex
from benchsuite_reports.model.numbers import count
from benchsuite_reports.render.bibliography import Bibliography
from benchsuite_reports.render.latex_text import prose
from benchsuite_reports.render.paper_text import budget, gaps, tests

_MOST = 6
"""Sentences on what has no value that stand in the main text; all of them are in the appendix."""

_NAMED = 6
"""Data sets, splits or metrics that one sentence lists; more are counted."""


def setup(view: ComparisonIndex, bibliography: Bibliography) -> str:
    """Return the section on the experimental setup, with a reference to its table of settings and to the appendix."""
    comparison = view.comparison
    splits = [info for info in comparison.splits if not info.group]
    parts = [
        ("Data", [f"We use {_joined([_data(about, bibliography) for about in comparison.datasets])}."]),
        ("Splits", [_split(about, bibliography) for about in splits]),
        ("Models", [_models(view), "Table~\\ref{tab:settings} lists them with their settings.", _tuning(view)]),
        ("Metrics", [_metrics(view), "Appendix~\\ref{sec:setup} defines each."]),
        ("Statistics", [prose(line) for line in tests(comparison.contrasts)]),
    ]
    told = [f"\\paragraph{{{name}.}} {' '.join(filter(None, lines))}\n" for name, lines in parts if any(lines)]
    return "\\section{Experimental setup}\n\n" + "\n".join(told)


def settings_table(view: ComparisonIndex, bibliography: Bibliography, star: str = "") -> str:
    """Return the table of models and settings."""
    ragged = ">{\\raggedright\\arraybackslash}p{%g\\linewidth}"
    lines = [
        f"\\begin{{table{star}}}[tbp]",
        "  \\centering",
        "  \\caption{Models and their settings.}",
        "  \\label{tab:settings}\\par\\smallskip",
        "  \\footnotesize\\setlength{\\tabcolsep}{4pt}\\renewcommand{\\arraystretch}{1.1}",
        f"  \\begin{{tabular}}{{@{{}}{ragged % 0.27}{ragged % 0.69}@{{}}}}",
        "    \\toprule",
        "    Model & Settings \\\\",
        "    \\midrule",
        *(
            f"    {_name(view, about, bibliography)} & {_settings(view, about)} \\\\"
            for about in view.comparison.models
        ),
        "    \\bottomrule",
        "  \\end{tabular}",
        f"\\end{{table{star}}}",
    ]
    return "\n".join(lines) + "\n"


def limitations(view: ComparisonIndex) -> str:
    """Return the section on what the numbers do not say, in sentences; the appendix has what is too much for it."""
    said = gaps(view)
    kept = said[:_MOST]
    more = len(said) - len(kept)
    if more:
        rest = "One more is" if more == 1 else f"{count(more)} more are"
        kept.append(f"{rest} told in the appendix")
    lines = " ".join(prose(text.sentence(line)) for line in kept)
    return f"\\section{{Limitations}}\n\\label{{sec:limitations}}\n{{\\raggedright {lines}\\par}}\n"


def _data(about: DatasetInfo, bibliography: Bibliography) -> str:
    counts = {"users": about.users, "items": about.items, "interactions": about.interactions}
    sizes = [f"{count(number)} {noun}" for noun, number in counts.items() if number is not None]
    simulated = ["simulated, not observed"] if about.simulated else []
    inside = "; ".join(filter(None, [", ".join(sizes), *simulated]))
    name = prose(text.clean(about.label), breaks=True) + bibliography.cite(about)
    return name + (prose(f" ({inside})") if inside else "")


def _split(about: SplitInfo, bibliography: Bibliography) -> str:
    summary = text.clean(about.summary).rstrip(".")
    told = f": {summary[:1].lower()}{summary[1:]}" if summary else ""
    return f"{prose(text.clean(about.label), breaks=True)}{prose(told)}{bibliography.cite(about)}."


def _models(view: ComparisonIndex) -> str:
    kinds = (
        ("Put to the test", view.candidates),
        ("References", view.references),
        ("Ceiling, never competing", view.oracles),
    )
    told = [(what, [model for model in view.models if model in members]) for what, members in kinds]
    return prose(" ".join(f"{what}: {_listed(models)}." for what, models in told if models), breaks=True)


def _tuning(view: ComparisonIndex) -> str:
    tuning = view.comparison.tuning
    if not tuning:
        return "No model was tuned; all have their default settings." if _untuned(view) else ""
    models = list(dict.fromkeys(trials.model for trials in tuning if trials.searched))
    if not models:
        return "Nothing was searched; all models have the settings that were given, or their defaults."
    on = view.heading(tuning[0].on)
    said = f"Tuned were {_listed(models)}, each with the same budget on each fold ({budget(tuning[0])}), by {on} on "
    return prose(f"{said}validation.")


def _untuned(view: ComparisonIndex) -> bool:
    return all(about.tuned is False for about in view.comparison.models if not about.is_oracle)


def _metrics(view: ComparisonIndex) -> str:
    quality = [metric for metric in view.metrics if view.task(metric) != "cost"]
    main = view.main_at(series.wholes(view))
    others = [view.heading(metric) for metric in quality if metric != main]
    said = "" if main is None else f"The main metric is {view.heading(main)}"
    return prose(f"{said}; also measured: {_listed(others)}." if others and said else f"{said}." if said else "")


def _listed(names: Iterable[str]) -> str:
    told = [text.clean(name) for name in names]
    if len(told) > 2 * _NAMED:
        return f"{', '.join(told[:_NAMED])} and {len(told) - _NAMED} more"
    return _joined(told)


def _joined(told: Sequence[str]) -> str:
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"


def _name(view: ComparisonIndex, about: ModelInfo, bibliography: Bibliography) -> str:
    ceiling = " (ceiling)" if about.label in view.oracles else ""
    return prose(text.clean(about.label) + ceiling, breaks=True) + bibliography.cite(about)


def _settings(view: ComparisonIndex, about: ModelInfo) -> str:
    return prose(chosen_settings.settings(view.comparison, about), breaks=True) or "none"
