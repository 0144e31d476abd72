"""How much of a candidate model's lead remains with meaningless titles: the contamination probes in sentences.

A pretrained language model may know items by name. An experiment that runs the same data set as it is and with other
titles (a source setting ``titles`` other than ``given``) shows how much of the lead over the best reference rests on
it. A model's facts may also hold how often its backbone completes titles that it should not know.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchsuite.data import Contrast, DatasetInfo, MetricInfo, ModelInfo, main_metric

_SETTING = "titles"
_GIVEN = "given"
_COMPLETION = "title_completion"


def contamination_notes(
    datasets: Sequence[DatasetInfo],
    models: Sequence[ModelInfo],
    metrics: Sequence[MetricInfo],
    contrasts: Sequence[Contrast],
) -> Iterator[str]:
    """Yield a sentence for each data set with a twin under other titles, split and candidate model, on the main metric.

    Args:
        datasets: what each data set is; twins are of one source and differ in the setting ``titles`` alone.
        models: what each model is.
        metrics: what each metric is.
        contrasts: each model against the best reference of its place.
    """
    leads = {(c.dataset, c.split_label, c.metric, c.model): c for c in contrasts if c.role == "best reference"}
    proposed = {model.label for model in models if model.is_candidate}
    main = main_metric(metrics)
    if main is None:
        return
    for given, twins in _twins(datasets):
        for lead in leads.values():
            if (lead.dataset, lead.metric) == (given.label, main.label) and lead.model in proposed:
                others = {
                    str(twin.settings[_SETTING]): leads.get((twin.label, lead.split_label, lead.metric, lead.model))
                    for twin in twins
                }
                yield _sentence(lead, others)


def title_completion_notes(facts: Mapping[tuple[str, str], Mapping[str, Any]]) -> Iterator[str]:
    """Yield one sentence for each outcome of the title-completion probe, models and data sets that share it together.

    Args:
        facts: by (data set, model), what the fitted model told. ``title_completion`` holds ``titles`` and the shares
            ``completed``, ``next_word``, ``control_completed`` and ``control_next_word``, or why there are none.
    """
    places: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for (dataset, model), told in facts.items():
        if _COMPLETION in told:
            datasets, models = places.setdefault(_completed(told[_COMPLETION]), ({}, {}))
            datasets[dataset], models[model] = None, None
    for text, (datasets, models) in places.items():
        yield f"Title-completion probe on {', '.join(datasets)}, backbone of {', '.join(models)}: {text}."


def _completed(told: Mapping[str, Any] | str) -> str:
    if isinstance(told, str):
        return told
    return (
        f"before any training here it completes {told['completed']:.1%} of {told['titles']:,} titles from their first "
        f"half (its next word alone: {told['next_word']:.1%}); of titles whose words were exchanged between titles, "
        f"which nobody can know, {told['control_completed']:.1%} ({told['control_next_word']:.1%})"
    )


def _twins(datasets: Sequence[DatasetInfo]) -> Iterator[tuple[DatasetInfo, list[DatasetInfo]]]:
    """Yield each data set with titles as given, and the same with other titles."""
    groups: dict[str, list[DatasetInfo]] = {}
    for data in datasets:
        if _SETTING in data.settings:
            rest = {name: value for name, value in data.settings.items() if name != _SETTING}
            groups.setdefault(json.dumps([data.name, rest], sort_keys=True, default=str), []).append(data)
    for group in groups.values():
        given = [data for data in group if data.settings[_SETTING] == _GIVEN]
        others = [data for data in group if data.settings[_SETTING] != _GIVEN]
        if given and others:
            yield given[0], others


def _sentence(lead: Contrast, others: dict[str, Contrast | None]) -> str:
    place = f"Contamination probe on {lead.dataset}, {lead.split_label}, {lead.metric}"
    margin = _margin(lead)
    if margin <= 0:
        return (
            f"{place}: {lead.model} does not lead {lead.reference}: there is no lead that known titles could explain."
        )
    clear = "" if lead.verdict == "better" else " (which the test does not separate from nothing)"
    parts = [f"{place}: {lead.model} leads {lead.reference} by {_number(lead)}{clear}"]
    for titles, other in others.items():
        if other is None:
            parts.append(f"with {titles} titles there is no value")
            continue
        share = _margin(other) / margin
        kept = f"{share:.0%} of the lead survives" if share > 0 else "nothing of the lead survives"
        parts.append(f"with {titles} titles it is ahead of {other.reference} by {_number(other)}: {kept}")
    return f"{'; '.join(parts)}."


def _margin(contrast: Contrast) -> float:
    return contrast.difference if contrast.higher_is_better else -contrast.difference


def _number(contrast: Contrast) -> str:
    sign = 1 if contrast.higher_is_better else -1
    ends = sorted(sign * end for end in (contrast.ci_low, contrast.ci_high) if end is not None)
    interval = f" (95% {_plain(ends[0])} to {_plain(ends[1])})" if len(ends) == 2 else ""  # noqa: PLR2004 - both ends
    return f"{_plain(_margin(contrast))}{interval}"


def _plain(value: float) -> str:
    return f"{round(value, 4) + 0.0:.4f}"  # no minus before zero
