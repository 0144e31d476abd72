"""Score recommendation files that any program wrote, by our metrics or by another library's convention."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from benchsuite.errors import DataError, UsageError, did_you_mean
from benchsuite.interface import Frames, FunctionResult, Option, PathLike, Style, Words, frame, plain, several, table
from benchsuite_interchange.table_options import Column, Encoding, Header, IdsAs, OnBad, Separator, Written

if TYPE_CHECKING:
    import numpy as np

    from benchsuite.api import Metric
    from benchsuite.data import EvaluationInput, Float64
    from benchsuite_interchange.lists import Lists

OURS = "ours"


@dataclass(frozen=True)
class Scored:
    """One metric by one convention.

    Attributes:
        convention: its name.
        metric: as asked for.
        value: the mean, None where nobody counts or the convention has no such metric.
        users: how many users it is the mean of.
        formula: what was computed, or why it was not.
    """

    convention: str
    metric: str
    value: float | None
    users: int
    formula: str


@dataclass(repr=False, eq=False)
class Scores(FunctionResult):
    """The metrics of a recommendation file, by each convention asked for.

    Attributes:
        recommendations: the file with lists.
        test: the file with what was held out.
        conventions: what each convention does, by its name.
        results: one metric by one convention each.
        notes: who was counted and what to mind.
    """

    recommendations: Path
    test: Path
    conventions: Mapping[str, str]
    results: Sequence[Scored]
    notes: Sequence[str]

    def text(self, style: Style = plain) -> str:
        """Return a table of metrics by convention, then what each convention computed."""
        return "\n".join(self._lines(style))

    def _lines(self, style: Style) -> Iterator[str]:
        by_place = {(one.metric, one.convention): one for one in self.results}
        metrics = list(dict.fromkeys(one.metric for one in self.results))
        rows = []
        for metric in metrics:
            values = [by_place[metric, name].value for name in self.conventions]
            rows.append([metric, *("-" if value is None else f"{value:.6f}" for value in values)])
        yield table(["metric", *self.conventions], rows)
        for name, summary in self.conventions.items():
            yield f"\n{style(summary, 'bold')}"
            for metric in metrics:
                one = by_place[metric, name]
                users = f" of {one.users:,} users" if one.users else ""
                yield f"  {metric}{users}: {one.formula}"
        yield ""
        yield from self.notes

    def frames(self) -> Frames:
        """Return ``results``."""
        return {"results": frame(self.results, Scored)}


def score(
    recommendations: Annotated[PathLike, Option(metavar="RECS")],
    test: Annotated[PathLike, Option(metavar="TEST")],
    *,
    metrics: Annotated[Words, Option("--metric", metavar="LIST", complete="metrics")] = ("ndcg@10", "recall@10"),
    conventions: Annotated[Words, Option("--convention", metavar="LIST")] = OURS,
    relevant_from: Annotated[float | None, Option(metavar="VALUE")] = None,
    catalogue: Annotated[int | None, Option(metavar="N")] = None,
    user: Column = "",
    item: Column = "",
    score: Column = "",
    rank: Column = "",
    value: Column = "",
    separator: Separator = "",
    encoding: Encoding = "utf-8",
    header: Header = None,
    ids_as: IdsAs = "text",
    on_bad_row: OnBad = "stop",
    missing: OnBad = "stop",
) -> Scores:
    """Evaluate any recommendation file against any test file.

    RECS holds users, items and a score or a rank, TEST users, items and, where there is one, a value: CSV and the like
    with or without a header line, JSON lines, Parquet, or the run and qrels files of TREC; also packed. A row of TEST
    with a value of 0, False or below is never relevant.

    Args:
        recommendations: the lists.
        test: what was held out.
        metrics: ranking metrics, with commas between them (default: ndcg@10,recall@10).
        conventions: ours (default), ranx, trec_eval, recbole, elliot, scikit-learn; several with commas, or all.
        relevant_from: test rows with at least this value are relevant (default: as the convention has it).
        catalogue: how many items could be recommended (default: those in the files).
        user: the column of the user in both files: a name, or a number where the files have no header line.
        item: the column of the item in both files.
        score: the column in RECS of what orders a list, the highest first.
        rank: or the column of the place in the list, the lowest first.
        value: the column in TEST of the rating or the label, or none.
        separator: what stands between cells.
        encoding: utf-8, latin-1 or cp1252.
        header: whether the first line names the columns.
        ids_as: integer where 7, 7.0 and 007 are one id.
        on_bad_row: drop to leave rows with bad cells out.
        missing: drop to leave rows with empty cells out.

    Raises:
        DataError: when a file cannot be read, the files have hardly an id in common, or no test row is relevant.
        UsageError: when a metric or a convention is unknown, or needs what the files do not hold.
    """
    wanted = list(dict.fromkeys(several(metrics, separator=",", where="--metric")))
    names = _known(several(conventions, separator=",", where="--convention"))
    from benchsuite_interchange.read_lists import (
        join,
        met,
        read_held_out,
        read_recommendations,
        refuse_exchanged,
        relevance_note,
    )

    written = Written(separator, encoding, header, ids_as, on_bad_row, missing)
    recs = read_recommendations(Path(recommendations), user, item, score, rank, written)
    held = read_held_out(Path(test), user, item, value, written)
    if not (score or value):
        refuse_exchanged(recs, held)
    meetings = [one.sentence for one in met(recs, held)]
    lists = join(recs, held)
    if names != [OURS] and relevant_from is None:
        meetings.append("relevance as told below is that of ours; a convention's own threshold is told beside its name")
    scored: list[Scored] = []
    summaries: dict[str, str] = {}
    notes = [*meetings, *_uncounted(lists), relevance_note(held, relevant_from), *recs.told(), *held.told()]
    for name in names:
        if name == OURS:
            found, summaries[name], more = _ours(lists, wanted, relevant_from, catalogue)
            notes += more
        else:
            found, summaries[name] = _library(name, lists, wanted, relevant_from, alone=len(names) == 1)
        scored += found
    if relevant_from is not None:
        rule = f"here only test rows with a value of at least {relevant_from:g} are relevant, as --relevant-from says"
        summaries = {name: f"{summary}; {rule}" for name, summary in summaries.items()}
    return Scores(Path(recommendations), Path(test), summaries, scored, notes)


def _known(conventions: Sequence[str]) -> list[str]:
    from benchsuite_interchange.libraries import LIBRARIES

    known = [OURS, *(library.name for library in LIBRARIES)]
    names = list(dict.fromkeys(conventions))
    if names == ["all"]:
        return known
    for name in names:
        if name not in known:
            raise UsageError(f'unknown convention "{name}"', where="--convention", remedy=did_you_mean(name, known))
    return names


def _library(
    name: str, lists: Lists, metrics: Sequence[str], relevant_from: float | None, *, alone: bool
) -> tuple[list[Scored], str]:
    """Score by another library's convention; next to others, what it cannot compute only has no value."""
    from benchsuite_interchange.libraries import LIBRARIES

    library = next(one for one in LIBRARIES if one.name == name)
    try:
        judged = library.judge(lists, relevant_from)
    except DataError as error:
        if alone:
            raise
        return [Scored(name, metric, None, 0, error.what) for metric in metrics], library.summary
    found = []
    for metric in metrics:
        try:
            values = library.measure(judged, metric)
        except UsageError as error:
            if alone:
                raise
            found.append(Scored(name, metric, None, 0, error.what))
        else:
            found.append(Scored(name, metric, _mean(values), len(values), library.convention(metric)))
    return found, library.summary


def _ours(
    lists: Lists, names: Sequence[str], relevant_from: float | None, catalogue: int | None
) -> tuple[list[Scored], str, list[str]]:
    """Score by our own metrics, the installed plugins."""
    import numpy as np

    from benchsuite_interchange.own_metrics import SUMMARY, evidence

    metrics = {name: _metric(name) for name in names}
    k = max(int(metric.settings().get("k", 1)) for metric in metrics.values())
    items = len(lists.items) if catalogue is None else catalogue
    if items < len(lists.items):
        what = f"the files name {len(lists.items):,} items"
        raise UsageError(what, where=f"--catalogue {items}", remedy="name at least as many")
    given = evidence(lists, k, items, relevant_from)
    larger = dataclasses.replace(given, catalogue=items + 1)
    trained = dataclasses.replace(given, popularity=np.arange(len(lists.items)) + 1, users=len(lists.users) + 1)
    found, notes = [], []
    for name, metric in metrics.items():
        values, value = _measured(metric, given)
        if not _same((values, value), _measured(metric, trained)):
            what = f"{name} needs the training data, which these files do not hold"
            raise UsageError(what, where="--metric", remedy="use it in an experiment")
        if catalogue is None and not _same((values, value), _measured(metric, larger)):
            notes.append(
                f"{name} takes the {items:,} items in the files for the whole catalogue; else say --catalogue."
            )
        users = int((~np.isnan(values)).sum())
        found.append(Scored(OURS, name, None if np.isnan(value) else value, users, metric.convention))
    return found, SUMMARY, notes


def _metric(name: str) -> Metric:
    from benchsuite.registry import resolve_metric

    metric = resolve_metric(name, "--metric")
    if metric.task != "ranking":
        raise UsageError(f"{name} does not judge lists", where="--metric", remedy="see: benchsuite list metrics")
    return metric


def _measured(metric: Metric, given: EvaluationInput) -> tuple[Float64, float]:
    import numpy as np

    values = np.asarray(metric.measure(given), np.float64)
    return values, float(metric.estimate(given, values, np.ones((1, len(values))))[0])


def _same(first: tuple[Float64, float], second: tuple[Float64, float]) -> bool:
    import numpy as np

    return np.array_equal(first[0], second[0], equal_nan=True) and np.array_equal(first[1], second[1], equal_nan=True)


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None


def _uncounted(lists: Lists) -> Iterator[str]:
    if extra := int((lists.with_list & ~lists.with_test).sum()):
        yield f"{extra:,} users have a list but no test rows and do not count"
