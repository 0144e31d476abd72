"""An experiment written in Python, with the rules and the errors of an experiment file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from benchsuite import plan
from benchsuite.plan.experiment_file import check_experiment
from benchsuite.plan.experiment_paths import with_files

Picks = Sequence[str | Mapping[str, Any] | plan.PluginSpec]
"""Plugins: ``"als"``, ``{"use": "als", "with": {"factors": 64}, "label": "small"}``, or with ``"grid"``."""


class Experiment(plan.Experiment):
    """What to compare, in plain values; see :class:`benchsuite.plan.Experiment` for each part.

    Example:
        >>> import benchsuite
        >>> experiment = benchsuite.Experiment(
        ...     "mine",
        ...     sources=["ml-100k"],
        ...     splits=["random-holdout", "item-cold"],
        ...     models=["popular", {"use": "als", "grid": {"factors": [32, 64]}}],
        ...     metrics=["ndcg@10", "accuracy"],
        ... )
        >>> [choice.use for choice in experiment.models]
        ['popular', 'als']
    """

    def __init__(
        self,
        name: str,
        *,
        sources: Picks,
        splits: Picks,
        models: Picks,
        metrics: Picks,
        seeds: Sequence[int] = (0,),
        k: int = 100,
        relevant: Literal["taken", "liked"] | None = None,
        relevant_from: float | None = None,
        threshold: Literal["accuracy", "f1"] = "accuracy",
        timeout_minutes: float = 120,
        memory_gib: float | None = None,
        tune: Mapping[str, Any] | None = None,
        summary: str = "",
    ) -> None:
        """Check everything that an experiment file is checked for.

        Raises:
            ConfigError: naming the part of the first mistake.
        """
        table = {
            "name": name,
            "summary": summary,
            "seeds": _listed(seeds),
            "k": k,
            "threshold": threshold,
            "timeout_minutes": timeout_minutes,
            "tune": dict(tune) if isinstance(tune, Mapping) else tune,
        }
        table |= {} if memory_gib is None else {"memory_gib": memory_gib}
        table |= {} if relevant is None else {"relevant": relevant}
        table |= {} if relevant_from is None else {"relevant_from": relevant_from}
        for part, picks in (("sources", sources), ("splits", splits), ("models", models), ("metrics", metrics)):
            table[part] = _listed(picks)
        table = with_files(table, Path())
        check_experiment(table, where=f'experiment "{name}"')
        super().__init__(**table)


def _listed(values: Any) -> Any:
    """Turn a sequence into a list, and mappings in it into what TOML gives; leave mistakes for the check to name."""
    if isinstance(values, str) or not isinstance(values, Sequence):
        return values
    return [_plain(value) for value in values]


def _plain(value: Any) -> Any:
    if isinstance(value, plan.PluginSpec):
        return value.model_dump(by_alias=True)
    return dict(value) if isinstance(value, Mapping) else value
