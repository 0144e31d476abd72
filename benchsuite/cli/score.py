"""``benchsuite score``: evaluate anybody's recommendation file against anybody's test file, by anybody's convention."""

from __future__ import annotations

import dataclasses
from argparse import Namespace, _SubParsersAction
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchsuite.cli.console import OK, say, say_json, style, table
from benchsuite.cli.options import add_json, add_verb
from benchsuite.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from benchsuite.api import Metric
    from benchsuite.data import Evidence, Float64
    from benchsuite.evaluate.conventions import Lists

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


def register(subparsers: _SubParsersAction[Any]) -> None:
    """Add the verb."""
    parser = add_verb(subparsers, "score", run, "evaluate any recommendation file against any test file")
    parser.add_argument("recommendations", type=Path, metavar="RECS", help="CSV, TSV or Parquet: user,item,score|rank")
    parser.add_argument("test", type=Path, metavar="TEST", help="CSV, TSV or Parquet: user,item[,value]")
    parser.add_argument("--metric", default="ndcg@10,recall@10", metavar="LIST", help="default: ndcg@10,recall@10")
    text = "ours (default), ranx, trec_eval, recbole, elliot, scikit-learn; several with commas, or all"
    parser.add_argument("--convention", default=OURS, metavar="NAME", help=text)
    text = "test rows with at least this value are relevant (default: as the convention has it)"
    parser.add_argument("--relevant-from", type=float, metavar="VALUE", help=text)
    text = "how many items could be recommended (default: those in the files)"
    parser.add_argument("--catalogue", type=int, metavar="N", help=text)
    add_json(parser)


def run(args: Namespace) -> int:
    """Run the verb."""
    metrics, conventions = _names(args.metric, "--metric"), _conventions(args.convention)
    from benchsuite.evaluate.conventions import read_lists

    lists = read_lists(args.recommendations, args.test)
    scored: list[Scored] = []
    summaries: dict[str, str] = {}
    notes = [_counted(lists)]
    for name in conventions:
        if name == OURS:
            found, summaries[name], more = _ours(lists, metrics, args)
            notes += more
        else:
            found, summaries[name] = _library(name, lists, metrics, args.relevant_from, alone=len(conventions) == 1)
        scored += found
    if args.json:
        say_json(
            {
                "recommendations": str(args.recommendations),
                "test": str(args.test),
                "conventions": summaries,
                "results": [dataclasses.asdict(one) for one in scored],
                "notes": notes,
            }
        )
    else:
        _show(scored, metrics, summaries, notes)
    return OK


def _names(text: str, option: str) -> list[str]:
    names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names:
        raise UsageError("names nothing", where=option, remedy="write names with commas between them")
    return names


def _conventions(text: str) -> list[str]:
    from benchsuite.evaluate.conventions import LIBRARIES

    known = [OURS, *(library.name for library in LIBRARIES)]
    names = _names(text, "--convention")
    if names == ["all"]:
        return known
    for name in names:
        if name not in known:
            raise UsageError(f'unknown convention "{name}"', where="--convention", remedy=did_you_mean(name, known))
    return names


def _library(
    name: str, lists: Lists, metrics: Sequence[str], relevant_from: float | None, *, alone: bool
) -> tuple[list[Scored], str]:
    """Score by another library's convention; next to others, a metric that it lacks only has no value."""
    from benchsuite.evaluate.conventions import LIBRARIES

    library = next(one for one in LIBRARIES if one.name == name)
    judged = library.judge(lists, relevant_from)
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


def _ours(lists: Lists, names: Sequence[str], args: Namespace) -> tuple[list[Scored], str, list[str]]:
    """Score by our own metrics, the installed plugins."""
    import numpy as np

    from benchsuite.evaluate.conventions import evidence
    from benchsuite.evaluate.conventions.ours import SUMMARY

    metrics = {name: _metric(name) for name in names}
    k = max(int(metric.settings().get("k", 1)) for metric in metrics.values())
    items = len(lists.items) if args.catalogue is None else args.catalogue
    if items < len(lists.items):
        what = f"the files name {len(lists.items):,} items"
        raise UsageError(what, where=f"--catalogue {items}", remedy="name at least as many")
    given = evidence(lists, k, items, args.relevant_from)
    larger = dataclasses.replace(given, catalogue=items + 1)
    trained = dataclasses.replace(given, popularity=np.arange(len(lists.items)) + 1, users=len(lists.users) + 1)
    found, notes = [], []
    for name, metric in metrics.items():
        values, value = _measured(metric, given)
        if not _same((values, value), _measured(metric, trained)):
            what = f"{name} needs the training data, which these files do not hold"
            raise UsageError(what, where="--metric", remedy="use it in an experiment")
        if args.catalogue is None and not _same((values, value), _measured(metric, larger)):
            notes.append(
                f"{name} takes the {items:,} items in the files for the whole catalogue; else say --catalogue."
            )
        users = int((~np.isnan(values)).sum())
        found.append(Scored(OURS, name, None if np.isnan(value) else value, users, metric.convention))
    return found, SUMMARY, notes


def _metric(name: str) -> Metric:
    from benchsuite.api import Metric
    from benchsuite.plan.experiment import Choice
    from benchsuite.plan.picks import pick

    metric = pick("metrics", Choice(use=name, label=name), "--metric").plugin
    if not isinstance(metric, Metric) or metric.task != "ranking":
        raise UsageError(f"{name} does not judge lists", where="--metric", remedy="see: benchsuite list metrics")
    return metric


def _measured(metric: Metric, given: Evidence) -> tuple[Float64, float]:
    import numpy as np

    values = np.asarray(metric.measure(given), np.float64)
    return values, float(metric.estimate(given, values, np.ones((1, len(values))))[0])


def _same(first: tuple[Float64, float], second: tuple[Float64, float]) -> bool:
    import numpy as np

    return np.array_equal(first[0], second[0], equal_nan=True) and np.array_equal(first[1], second[1], equal_nan=True)


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None


def _counted(lists: Lists) -> str:
    with_list, with_test = lists.with_list, lists.with_test
    parts = [f"{int(with_test.sum()):,} users have test rows, {int((with_test & with_list).sum()):,} of them a list"]
    extra = int((with_list & ~with_test).sum())
    if extra:
        parts.append(f"{extra:,} users have a list but no test rows and do not count")
    return "; ".join(parts) + "."


def _show(scored: Sequence[Scored], metrics: Sequence[str], summaries: dict[str, str], notes: Sequence[str]) -> None:
    by_place = {(one.metric, one.convention): one for one in scored}
    rows = []
    for metric in metrics:
        values = [by_place[metric, name].value for name in summaries]
        rows.append([metric, *("-" if value is None else f"{value:.6f}" for value in values)])
    say(table(["metric", *summaries], rows))
    for name, summary in summaries.items():
        say()
        say(style(summary, "bold"))
        for metric in metrics:
            one = by_place[metric, name]
            users = f" of {one.users:,} users" if one.users else ""
            say(f"  {metric}{users}: {one.formula}")
    say()
    for note in notes:
        say(note)
