"""Rows of a comparison: each has one number, or the reason why there is none."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["ok", "failed", "not applicable", "missing"]
"""``missing`` means planned but not run yet. Every planned cell has one of these; none is left out."""


TIES_TOLD = 0.1
"""A row of whose answers ties decided a larger share gets a footnote."""

NOT_ITS_OWN = 0.5
"""A row does not compete where ties and the fallback together decided a larger share of its answers."""


def split_label(split: str, group: str = "") -> str:
    """Return how a split, or one group of its queries, is called in files and tables: ``user-cold/k=1``."""
    return f"{split}/{group}" if group else split


def decides(fallback_share: float | None, tie_share: float | None) -> bool:
    """Return whether a model decided at least half of its answers itself; what is not known counts as decided."""
    return (fallback_share or 0.0) + (tie_share or 0.0) <= NOT_ITS_OWN


@dataclass(frozen=True)
class Row:
    """One number of the comparison, or the reason why there is none.

    Attributes:
        dataset: label of the data set.
        split: label of the split.
        model: label of the model.
        metric: ``"ndcg@10"``, or a cost: ``"fit_seconds"``, ``"score_seconds"``, ``"peak_memory_mb"``,
            ``"parameters"``, ``"energy_wh"``, ``"co2e_g"``, ``"fallback_share"``.
        mean: the value, None where there is none.
        ci_low: lower end of the 95% interval, None where there is none.
        ci_high: upper end.
        n: how many queries (or pairs) the value rests on.
        state: see :data:`State`.
        reason: why there is no value, or "".
        group: the group of queries, ``"k=1"``, or the part of the test, ``"cold items"``; "" is everybody.
        fallback_share: share of the answers behind the value, list places or labelled pairs, that the fallback gave;
            None where it is not known.
        tie_share: share of them that a tie among scores decided: another candidate had the same score, so that the
            order of ties chose the item or its place. None where it is not known.
    """

    dataset: str
    split: str
    model: str
    metric: str
    mean: float | None
    ci_low: float | None
    ci_high: float | None
    n: int
    state: State
    reason: str = ""
    group: str = ""
    fallback_share: float | None = None
    tie_share: float | None = None

    @property
    def split_label(self) -> str:
        """Label of the split, group included."""
        return split_label(self.split, self.group)

    @property
    def competes(self) -> bool:
        """Whether the model itself decided at least half of the answers behind this value.

        Where it did not, the value is that of the harness's fallback and of the order of ties: it is shown, but never
        marked as the best or second, and nothing is said to be better or worse for being above or below it. What is
        not known counts as decided by the model.
        """
        return decides(self.fallback_share, self.tie_share)


@dataclass(frozen=True)
class RowOrigin:
    """What the numbers of one model in one place rest on.

    Attributes:
        dataset: label of the data set.
        split: label of the split.
        model: label of the model.
        cells: keys of the stored cells, in the plan's order, those that are missing included.
        plugin: the model's plugin, with the package that brings it.
        version: of the plugin.
        settings: all settings of each fit for a test, tuned ones included.
        started: when each cell that is there was begun, ISO 8601, as far as it is known.
        finished: when it ended.
        provenance: versions, code and hardware of the first cell that is there; empty where there is none.
    """

    dataset: str
    split: str
    model: str
    cells: tuple[str, ...] = ()
    plugin: str = ""
    version: str = ""
    settings: tuple[Mapping[str, Any], ...] = ()
    started: tuple[str, ...] = ()
    finished: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)


def as_record(one: Any) -> dict[str, Any]:
    """Return a dataclass as files and programs read it.

    A ``group`` beside a ``split`` is told in the split's label. Shares that are not known are left out, as they are in
    what was written before ties were counted.
    """
    table: dict[str, Any] = dataclasses.asdict(one)
    for name in ("fallback_share", "tie_share"):
        if table.get(name, 0.0) is None:
            del table[name]
    if "group" in table:
        table["split"] = split_label(table["split"], table.pop("group"))
    if "rows" in table:
        table["rows"] = [as_record(row) for row in one.rows]
    return table
