"""What a reader of a leaderboard wants to know of a row, besides its scores."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from benchsuite.benchmark.model_result import ModelResult
from benchsuite.benchmark.scores import Standing
from benchsuite.plan.benchmark_rules import slug
from benchsuite.registry import OWN

FINE_TUNED = "language model, fine-tuned"


@dataclass(frozen=True)
class Entrant:
    """What a reader wants to know of a row, besides its scores.

    Attributes:
        label: the row's name.
        kind: ``chance``, ``classic``, ``deep``, ``reads text``, ``language model, frozen`` or ``language model,
            fine-tuned``.
        summary: what it does.
        plugin: the package that brings it, and its name.
        version: of the plugin.
        settings: as given; tuned ones are in the cells.
        tuned: the budget of its search, None where its settings are as given.
        cite: BibTeX entries.
        facts: of the fitted model, such as the sha256 of pretrained weights.
        machine: on which its cells ran.
        finished: when, ISO 8601.
        verified: who fitted some cells again; empty where nobody did.
        folder: of the result, relative to the benchmark's.
        needs: what the data, or the machine (``gpu``), must have.
    """

    label: str
    kind: str
    summary: str
    plugin: str
    version: str
    settings: Mapping[str, Any]
    tuned: Mapping[str, Any] | None
    cite: tuple[str, ...]
    facts: Mapping[str, Any]
    machine: Mapping[str, Any]
    finished: str
    verified: Mapping[str, Any]
    folder: str
    needs: tuple[str, ...] = ()

    @property
    def reads_with_language_model(self) -> bool:
        """Whether a language model, trained or not, reads texts for it."""
        return self.kind.startswith("language model")

    @property
    def fine_tuned(self) -> bool:
        """Whether weights of its language model were trained."""
        return self.kind == FINE_TUNED


def entrant_of(result: ModelResult) -> Entrant:
    """Return what is known of a row."""
    model = result.model
    return Entrant(
        label=result.label,
        kind=kind_of(result),
        summary=model.summary,
        plugin=str(result.identity["plugin"]),
        version=str(result.identity["version"]),
        settings=dict(model.settings),
        tuned=result.tuned,
        cite=tuple(model.cite),
        facts=dict(result.facts),
        machine=_machine(result.provenance),
        finished=result.finished,
        verified=dict(result.verified),
        folder=slug(result.label),
        needs=tuple(model.needs),
    )


def kind_of(result: ModelResult) -> str:
    """Return what kind of model a row is, from what its plugin declares and, for a language model, what was trained."""
    model = result.model
    if model.uses_language_model:
        weights = result.facts.get("parameters")
        frozen = isinstance(weights, Mapping) and weights.get("encoder_trained") == 0
        trained = model.is_candidate and not frozen
        return FINE_TUNED if trained else "language model, frozen"
    if "item text" in model.needs or "user text" in model.needs:
        return "reads text"
    if model.name == "random":
        return "chance"
    network = model.is_network or _is_network(str(result.identity.get("plugin", "")))
    return "deep" if network else "classic"


def _is_network(plugin: str) -> bool:
    """Return whether a plugin of ours trains a network of several layers; older results do not tell it."""
    distribution, _, name = plugin.partition("/")
    return distribution == OWN and name in _networks()


@cache
def _networks() -> frozenset[str]:
    """Return our own networks, from what is kept of our plugins: to import them takes seconds."""
    kept = json.loads((files("benchsuite") / "functions" / "plugin_facts.json").read_text("utf-8"))
    return frozenset(name for name, facts in kept["models"].items() if facts.get("network"))


def speaker(rows: Sequence[Standing], entrants: Mapping[str, Entrant]) -> str | None:
    """Return the row that speaks for language models: a fine-tuned one, with most tasks, and the best of these."""
    theirs = [row for row in rows if entrants[row.model].reads_with_language_model]
    whole = [row for row in theirs if not any(score.state == "missing" for score in row.scores)]

    def rank(row: Standing) -> tuple[bool, int, float]:
        ratios = [score.ratio for score in row.scores if score.ratio]
        mean = sum(math.log(ratio) for ratio in ratios) / max(len(ratios), 1)
        return entrants[row.model].fine_tuned, len(ratios), mean

    return max(whole, key=rank).model if whole else None


def _machine(provenance: Mapping[str, Any]) -> dict[str, Any]:
    hardware = provenance.get("hardware", {})
    return {name: hardware[name] for name in ("cpu", "cores", "gpu", "memory_gib") if name in hardware}
