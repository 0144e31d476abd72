"""What a reader picks for one compact table, and what of a comparison it names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from benchsuite.data import Comparison, main_metric
from benchsuite.errors import UsageError, did_you_mean
from benchsuite_reports.model import series, text
from benchsuite_reports.model.comparison_index import ComparisonIndex, Place

Order = Literal["given", "place", "name"]


@dataclass(frozen=True)
class TableSelection:
    """One compact table, as a reader asks for it. What is left empty takes everything there is.

    Attributes:
        models: labels, in the order of the table.
        metrics: labels or headings, costs included; empty takes all that are no cost.
        splits: labels; a group or a part of a test is ``user-cold/k=1``. Empty takes the splits as wholes.
        datasets: labels.
        rename: what stands in the table for a label of a model, metric, split or data set.
        sort: the models as ``given``, by their ``place``, or by the ``name`` that is shown. Places are those by the
            main metric of the selection (nDCG@10, else the first for ranking, else the first) in its first column.
        intervals: show half of the 95% interval behind each value.
        signs: show what the corrected test against the best reference says of each value.
        digits: decimals of every value that is no cost; None takes as many as the intervals support, the same for all.
    """

    models: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    sort: Order = "given"
    intervals: bool = False
    signs: bool = False
    digits: int | None = None


@dataclass(frozen=True)
class Chosen:
    """What a selection names.

    Attributes:
        models: labels, in the order asked for.
        columns: a place and a metric for each, places outermost.
        main: the metric of them that speaks for the others.
    """

    models: tuple[str, ...]
    columns: tuple[tuple[Place, str], ...]
    main: str


def choose(comparison: Comparison, selection: TableSelection) -> Chosen:
    """Return what a selection names.

    Raises:
        UsageError: when a name is unknown, or nothing was measured there; tells the near name.
    """
    view = ComparisonIndex(comparison)
    name = text.clean(comparison.name)
    parts = [part for cut in series.parts(view) for part in cut.places]
    places = [*view.places, *parts]
    known = dict.fromkeys(place.split_label for place in places)
    models = _named(selection.models, {label: label for label in view.models}, "model", name) or view.models
    datasets = _named(selection.datasets, {label: label for label in view.datasets}, "data set", name) or view.datasets
    splits = _named(selection.splits, {label: label for label in known}, "split", name)
    splits = splits or list(dict.fromkeys(place.split_label for place in places if not place.group))
    metrics = _metrics(view, selection.metrics, name)
    labels = (*view.models, *view.datasets, *(place.split for place in view.places), *view.metrics)
    _known_labels(selection.rename, {**dict.fromkeys(labels), **known}, name)
    found = {(place.dataset, place.split_label): place for place in places}
    chosen = [found[one] for one in ((dataset, split) for dataset in datasets for split in splits) if one in found]
    columns = [(place, metric) for place in chosen for metric in metrics if metric in view.metrics_at(place)]
    for metric in metrics:
        if metric not in {told for _, told in columns} and selection.metrics:
            where = " and ".join(map(text.clean, splits))
            raise UsageError(f"{metric} has no value under {where}", remedy="leave it out, or name other splits")
    main = main_metric([view.info(metric) for _, metric in columns])
    if not columns:
        raise UsageError(f"{name} has no such table", remedy="name other data sets, splits or metrics")
    return Chosen(tuple(models), tuple(columns), columns[0][1] if main is None else main.label)


def _named(asked: Sequence[str], known: Mapping[str, str], noun: str, name: str, more: str = "") -> list[str]:
    """Return the labels that words name, by label or heading, whatever their case; ``more`` ends the remedy."""
    found = {}
    for word in asked:
        label = _match(word, known)
        if label is None:
            near = did_you_mean(word, known)
            raise UsageError(f'no {noun} "{text.clean(word)}" in {name}', remedy=f"{near} {more}".strip())
        found[label] = True
    return list(found)


def _match(word: str, known: Mapping[str, str]) -> str | None:
    if word in known:
        return word
    folded = word.casefold()
    same = [label for label, heading in known.items() if folded in (label.casefold(), heading.casefold())]
    return same[0] if len(same) == 1 else None


def _metrics(view: ComparisonIndex, asked: Sequence[str], name: str) -> list[str]:
    known = {metric: view.heading(metric) for metric in view.metrics}
    if not asked:
        return [metric for metric in known if view.task(metric) != "cost"]
    # Answers are stored, so that a metric can be had later: a cell's key does not rest on the metrics.
    return _named(
        asked, known, "metric", name, f"({name} measured {', '.join(known)}; add another to it and run it again)"
    )


def _known_labels(rename: Mapping[str, str], known: Iterable[str], name: str) -> None:
    labels = set(known)
    for label, shown in rename.items():
        if label not in labels:
            near = did_you_mean(label, labels)
            remedy = near if near.startswith("did you") else "name a model, metric, split or data set of it"
            raise UsageError(f'rename: no "{text.clean(label)}" in {name}', remedy=remedy)
        if not shown.strip():
            raise UsageError(f'rename: "{text.clean(label)}" would have no name', remedy="write OLD=NEW")
