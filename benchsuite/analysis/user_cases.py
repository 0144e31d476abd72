"""Values user by user, and some users' cases in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from benchsuite.analysis.cell_evaluation import CellEvaluator, CellResult
from benchsuite.data import Entities, Int32, PerUser, UserCase, main_metric
from benchsuite.evaluate import relevant_items
from benchsuite.plan import Plan

_LENGTH = 10


def cases(
    plan: Plan,
    measurer: CellEvaluator,
    judged: Mapping[tuple[str, str], Mapping[str, Sequence[CellResult]]],
    users: int,
) -> Iterator[PerUser]:
    """Yield, for each data set and split, the main ranking metric user by user and the cases of some users.

    The users are spread evenly over the queries of the first seed and fold, without looking at the results.

    Args:
        plan: what was planned.
        measurer: reads values, folds and lists.
        judged: measured cells by (data set, split), then model.
        users: how many cases to show in each place.
    """
    main = main_metric(plan.metrics)
    if main is None or main.task != "ranking":
        return
    metric = main.label
    for (dataset, split), models in judged.items():
        first = {model: results[0] for model, results in models.items()}
        fold = measurer.fold(next(iter(first.values())).test.fold_key)
        ids = fold.train.users.ids
        names = tuple(ids[code] for code in fold.queries.user)
        values = {model: _plain(measurer.values(result.key)[metric]) for model, result in first.items()}
        lists = {model: measurer.cells.arrays(r.test)["item"] for model, r in first.items()}
        history, items = fold.queries.items, fold.train.items
        truth = relevant_items(fold, measurer.relevance)
        chosen = np.unique(np.linspace(0, len(names) - 1, min(users, len(names))).round().astype(int)).tolist()
        shown = tuple(
            UserCase(
                user=names[j] + _group(fold.queries.groups, fold.queries.group, j),
                history=_titles(items, history[j]),
                truth=_titles(items, truth[j]),
                lists={model: _titles(items, item[j, :_LENGTH]) for model, item in lists.items()},
            )
            for j in chosen
        )
        yield PerUser(dataset, split, metric, names, values, shown)


def _plain(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(value) else float(value) for value in values)


def _group(groups: tuple[str, ...], group: np.ndarray[tuple[int, ...], np.dtype[np.int8]] | None, row: int) -> str:
    return f" ({groups[int(group[row])]})" if len(groups) > 1 and group is not None else ""


def _titles(items: Entities, codes: Int32) -> tuple[str, ...]:
    texts = items.columns.get("title") or items.text or items.ids
    return tuple(texts[code] or items.ids[code] for code in codes if code >= 0)
