"""Tables too large for a comparison: values query by query, and the lists, read from the store cell by cell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchsuite.analysis.cell_evaluation import CellEvaluator, CellResult
from benchsuite.data import Bool, Fold, Int32, Int64, Relevance
from benchsuite.data.result_tables import Batch
from benchsuite.evaluate.evaluation_input import relevant_items
from benchsuite.plan import Cell, Plan
from benchsuite.store import Store

ROWS = 200_000
"""No batch has more rows, so that memory does not grow with the data."""


def per_query(plan: Plan, store: Store, rows: int = ROWS) -> Iterator[Batch]:
    """Yield :data:`benchsuite.data.result_tables.PER_QUERY` in the order of the plan, metrics of one query in a row.

    A cell that has no result has no row; the comparison says why.
    """
    measurer = CellEvaluator(plan, store)
    labels = [metric.label for metric in plan.metrics]
    for result in _results(plan, measurer):
        fold = measurer.fold(result.test.fold_key)
        found = measurer.values(result.key)
        named = [label for label in labels if not np.isnan(found[label]).all()]
        if not named:
            continue
        table = np.stack([found[label] for label in named], axis=1)
        for first, last in _slices(len(table), len(named), rows):
            query = np.repeat(np.arange(first, last, dtype=np.int64), len(named))
            batch = _place(result.test, fold, query)
            batch["metric"] = np.tile(_texts(named), last - first)
            batch["value"] = table[first:last].ravel()
            yield batch


def rankings(plan: Plan, store: Store, rows: int = ROWS) -> Iterator[Batch]:
    """Yield :data:`benchsuite.data.result_tables.RANKINGS` in the order of the plan, the list of one query in a row."""
    measurer = CellEvaluator(plan, store)
    for result in _results(plan, measurer):
        fold = measurer.fold(result.test.fold_key)
        stored = measurer.cells.arrays(result.test)
        ids = _texts(fold.train.items.ids)
        right = _right(fold, measurer.relevance)
        width = stored["item"].shape[1]
        for first, last in _slices(len(stored["item"]), width, rows):
            item = stored["item"][first:last]
            filled = item >= 0
            query = np.broadcast_to(np.arange(first, last, dtype=np.int64)[:, None], item.shape)[filled]
            code = item[filled]
            batch = _place(result.test, fold, query)
            batch["rank"] = np.broadcast_to(np.arange(1, width + 1, dtype=np.int64), item.shape)[filled]
            batch["item"] = ids[code]
            batch["score"] = stored["score"][first:last][filled].astype(np.float64)
            batch["fallback"] = stored["fallback"][first:last][filled]
            batch["relevant"] = right(query, code)
            yield batch


def _results(plan: Plan, measurer: CellEvaluator) -> Iterator[CellResult]:
    """Yield every test cell that has a result together with its validation cell, where one is planned, measured."""
    partners = {id(test): validation for row in plan.rows() for test, validation in row.pairs}
    for cell in plan.cells:
        if cell.stage == "test":
            partner = partners[id(cell)]
            if all(measurer.cells.is_ok(one) for one in (cell, partner) if one is not None):
                yield measurer.result(cell, partner)


def _slices(queries: int, each: int, rows: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of queries whose rows fit into a batch, at least one query each."""
    step = max(1, rows // max(1, each))
    for first in range(0, queries, step):
        yield first, min(first + step, queries)


def _place(cell: Cell, fold: Fold, query: Int64) -> dict[str, NDArray[Any]]:
    """Return the columns that identify the row."""
    queries = fold.queries
    groups = _texts(queries.groups if len(queries.groups) > 1 else [""] * len(queries.groups))
    group = np.zeros(len(queries), np.int8) if queries.group is None else queries.group
    told = {"dataset": cell.dataset, "split": cell.split, "model": cell.model, "fold": cell.fold}
    batch = {name: np.full(len(query), text, object) for name, text in told.items()}
    batch["group"] = groups[group[query]]
    batch["seed"] = np.full(len(query), cell.seed, np.int64)
    batch["query"] = query
    batch["user"] = _texts(fold.train.users.ids)[queries.user[query]]
    return batch


def _right(fold: Fold, relevance: Relevance) -> Any:
    """Return a function from queries int64[r] and items int32[r] to bool[r]: does the item count as right?"""
    lists = relevant_items(fold, relevance)
    items = len(fold.train.items)
    known = lists.rows * items + lists.item

    def right(query: Int64, item: Int32) -> Bool:
        found: Bool = np.isin(query * items + item, known)
        return found

    return right


def _texts(texts: Any) -> NDArray[Any]:
    """Return object[n]."""
    found = np.empty(len(texts), object)
    found[:] = list(texts)
    return found
