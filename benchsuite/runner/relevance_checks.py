"""Refuses an experiment whose rule of relevance leaves nothing to find, before anything is fitted."""

from __future__ import annotations

from collections.abc import Sequence

from benchsuite.data import Dataset, Relevance
from benchsuite.errors import ConfigError, DataError
from benchsuite.plan.cells import FoldPlace
from benchsuite.store import Store
from benchsuite.stored_folds import StoredFolds


def check_data(relevance: Relevance, dataset: Dataset, name: str, label: str) -> None:
    """Refuse data of which no row is relevant.

    Args:
        relevance: the rule.
        dataset: the prepared data.
        name: of the experiment.
        label: of the data set.

    Raises:
        ConfigError: when no row is, or the rule needs labels and there are none.
    """
    rows = dataset.interactions
    try:
        if relevance.rows(rows.value, rows.label).any():
            return
    except DataError as error:
        raise ConfigError(error.what, where=f"{name}, {label}", remedy=error.remedy) from None
    largest = f"{float(rows.value.max()):g}"
    if relevance.relevant == "liked":
        what, remedy = 'relevant = "liked": no row has label 1', "lower positive_from of the source"
    elif relevance.relevant_from is None:
        what = f"no row is relevant: 0 and values below say no, and the largest value is {largest}"
        remedy = "name another value column, or none"
    elif (rows.value == 1).all():
        what = f"relevant_from = {relevance.relevant_from:g}: the data has no values (each row counts 1)"
        remedy = "name the value column of the source, or leave relevant_from out"
    else:
        what = f"relevant_from = {relevance.relevant_from:g} is above every value: the largest is {largest}"
        remedy = f"give at most {largest}" if float(rows.value.max()) > 0 else "name another value column"
    raise ConfigError(what, where=f"{name}, {label}", remedy=remedy)


def check_held_out(relevance: Relevance, store: Store, places: Sequence[FoldPlace], name: str) -> None:
    """Refuse a cut that holds out rows and none of them relevant.

    Args:
        relevance: the rule.
        store: where the folds are.
        places: all folds of one data set by one split.
        name: of the experiment.

    Raises:
        ConfigError: when no held-out row is relevant in any of them.
    """
    folds = StoredFolds(store)
    counts = [found for place in places if (found := folds.relevant_counts(relevance, place.key)) is not None]
    held_out = sum(rows for _, rows in counts)
    if held_out and not any(relevant for relevant, _ in counts):
        what = f"none of the {held_out:,} held-out rows is relevant; relevant are {relevance.words()}"
        where = f"{name}, {places[0].dataset}, {places[0].split}"
        raise ConfigError(what, where=where, remedy="hold out more, or loosen the rule (relevant_from, relevant)")
