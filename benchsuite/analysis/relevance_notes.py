"""What a comparison says of relevance: the rule, and how many held-out rows are not relevant by it."""

from __future__ import annotations

from typing import Any

from benchsuite.data import Relevance
from benchsuite.plan import Plan
from benchsuite.stored_folds import StoredFolds


def relevance_told(plan: Plan, relevance: Relevance, folds: StoredFolds) -> dict[str, Any]:
    """Return the rule and its counts for readers; nothing where it is the default and all held-out rows are relevant.

    Args:
        plan: what was planned.
        relevance: its rule.
        folds: its folds; of those that are not in the store nothing is counted.

    Returns:
        ``told``, a note in words, its beginning, ``rule``, and ``rows``: by data set and split ``held_out`` rows and
        those that are ``not_relevant``, over all seeds and folds.
    """
    places: dict[tuple[str, str], dict[str, None]] = {}
    for cell in plan.cells:
        if cell.stage == "test" and not cell.reason:
            places.setdefault((cell.dataset, cell.split), {})[cell.fold_key] = None
    rows = []
    for (dataset, split), keys in places.items():
        counts = [found for key in keys if (found := folds.relevant_counts(relevance, key)) is not None]
        relevant, held_out = sum(count for count, _ in counts), sum(count for _, count in counts)
        if counts:
            rows.append({"dataset": dataset, "split": split, "held_out": held_out, "not_relevant": held_out - relevant})
    if relevance.is_default and not any(row["not_relevant"] for row in rows):
        return {}
    parts = [f"{row['not_relevant']:,} of {row['held_out']:,} on {row['dataset']}, {row['split']}" for row in rows]
    counted = f" Held-out rows that are not relevant: {'; '.join(parts)}." if parts else ""
    rule = f"Relevant: {relevance.words()}."
    return {"told": f"{rule}{counted}", "rule": rule, "rows": rows}
