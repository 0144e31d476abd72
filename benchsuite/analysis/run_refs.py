"""What changed between two runs: settings, data, code, machines and models, read from plans and manifests."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from benchsuite.analysis.stored_cells import StoredCells
from benchsuite.data import ModelInfo, PluginInfo
from benchsuite.plan import Cell, Plan, PlanRow
from benchsuite.store import Store

Kind = Literal["settings", "data", "split", "metric", "model", "tuned", "code", "machine"]

_MACHINE = ("system", "hardware", "device", "threads")
_TOLD = ("version", "origin", "fingerprint", "users", "items", "interactions", "simulated", "steps", "groups", "needs")


@dataclass(frozen=True)
class RunRef:
    """One of the two runs that are compared.

    Attributes:
        title: as the reader named it.
        plan: what was planned.
        store: where its results are.
    """

    title: str
    plan: Plan
    store: Store

    def about(self, model: str) -> ModelInfo:
        """Return the plan's info of a model."""
        return next(about for about in self.plan.models if about.label == model)

    def row(self, dataset: str, split: str, model: str) -> PlanRow | None:
        """Return what is planned in one place, None for nothing."""
        place = (dataset, split, model)
        return next((row for row in self.plan.rows() if (row.dataset, row.split, row.model) == place), None)

    def tests(self, model: str) -> list[Cell]:
        """Return the test cells of a model."""
        return [test for row in self.plan.rows() if row.model == model for test, _ in row.pairs]


@dataclass(frozen=True)
class Change:
    """One difference.

    Attributes:
        kind: what it belongs to.
        what: its name, such as ``als: factors``.
        a: its value on the first side, None where it is not there.
        b: on the second.
    """

    kind: Kind
    what: str
    a: Any
    b: Any


def changes(a: RunRef, b: RunRef, pairs: Sequence[tuple[str, str]]) -> list[Change]:
    """Return everything that differs.

    Args:
        a: the first side.
        b: the second.
        pairs: labels of the models that are compared.
    """
    found = [Change("settings", name, *both) for name, both in _differing(a.plan.settings, b.plan.settings)]
    parts: tuple[tuple[Kind, Sequence[PluginInfo], Sequence[PluginInfo]], ...] = (
        ("data", a.plan.datasets, b.plan.datasets),
        ("split", a.plan.splits, b.plan.splits),
        ("metric", a.plan.metrics, b.plan.metrics),
    )
    for kind, before, after in parts:
        found += _abouts(kind, before, after)
    crossed = any(one != other for one, other in pairs)
    if crossed:
        for one, other in pairs:
            found += _about("model", f"{one} / {other}", a.about(one), b.about(other))
    else:
        found += _abouts("model", a.plan.models, b.plan.models)
    found += [*_tuned(a, b, pairs), *_made_with(a, b, pairs)]
    return found


def _abouts(kind: Kind, before: Sequence[PluginInfo], after: Sequence[PluginInfo]) -> Iterator[Change]:
    first, second = ({about.label: about for about in abouts} for abouts in (before, after))
    for label in dict.fromkeys([*first, *second]):
        if label in first and label in second:
            yield from _about(kind, label, first[label], second[label])
        else:
            yield Change(kind, label, "there" if label in first else None, "there" if label in second else None)


def _about(kind: Kind, label: str, before: PluginInfo, after: PluginInfo) -> Iterator[Change]:
    for name, both in _differing(_plain(before), _plain(after)):
        yield Change(kind, f"{label}: {name}", *both)


def _plain(about: PluginInfo) -> dict[str, Any]:
    facts = about.record()["facts"]
    told = {name: facts[name] for name in _TOLD if name in facts}
    return {"plugin": about.name, **told, **about.settings}


def _tuned(a: RunRef, b: RunRef, pairs: Sequence[tuple[str, str]]) -> Iterator[Change]:
    """Yield settings of fitted cells that differ, beyond the differences of the plans' settings."""
    for one, other in pairs:
        known = dict(_differing(_plain(a.about(one)), _plain(b.about(other))))
        after = {_spot(cell): cell for cell in b.tests(other)}
        label = one if one == other else f"{one} / {other}"
        for cell in a.tests(one):
            if _spot(cell) not in after:
                continue
            first, second = cell.identity["model"], after[_spot(cell)].identity["model"]
            place = f"{label} on {cell.dataset}, {cell.split}, seed {cell.seed}, fold {cell.fold}"
            settings = dict(_differing(first["settings"], second["settings"]))
            for name, both in settings.items():
                if known.get(name) != both:
                    yield Change("tuned", f"{place}: {name}", *both)
        if None not in (a.plan.settings["tune"], b.plan.settings["tune"]):
            searched = [_joined(set(side.about(model).space)) for side, model in ((a, one), (b, other))]
            if searched[0] != searched[1]:
                yield Change("tuned", f"{label}: settings that are searched", *searched)
        codes = [
            {str(cell.identity["model"].get("code", "")) for cell in side.plan.cells if cell.model == model} - {""}
            for side, model in ((a, one), (b, other))
        ]
        if codes[0] != codes[1]:
            yield Change("code", f"{label}: sha256 of its file", *(_joined(code) for code in codes))


def _spot(cell: Cell) -> tuple[str, str, int, str]:
    return cell.dataset, cell.split, cell.seed, cell.fold


def _made_with(a: RunRef, b: RunRef, pairs: Sequence[tuple[str, str]]) -> Iterator[Change]:
    """Yield versions, commits and machines of the cells that differ; cells that both sides share do not count."""
    keys = [{cell.key for cell in side.plan.cells} for side in (a, b)]
    shared = keys[0] & keys[1]
    both = a.store.root.resolve() == b.store.root.resolve()
    used = []
    for side, models in ((a, {one for one, _ in pairs}), (b, {other for _, other in pairs})):
        values: dict[str, set[str]] = {}
        stored = StoredCells(side.store)
        for cell in side.plan.cells:
            if cell.model in models and not (both and cell.key in shared) and (manifest := stored.manifest(cell)):
                for name, value in _circumstances(manifest):
                    values.setdefault(name, set()).add(value)
        used.append(values)
    if not all(used):
        return  # one side has none of its own
    for name in dict.fromkeys([*used[0], *used[1]]):
        one, other = (values.get(name, set()) for values in used)
        if one != other:
            kind: Kind = "machine" if name.partition(".")[0] in _MACHINE else "code"
            yield Change(kind, name, _joined(one), _joined(other))


def _circumstances(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in manifest.get("provenance", {}).items():
        if isinstance(value, Mapping):
            for part, inner in value.items():
                yield (part if name == "packages" else f"{name}.{part}"), str(inner)
        else:
            yield name, str(value)
    for name in ("device", "threads"):
        if name in manifest:
            yield name, str(manifest[name])


def _joined(values: set[str]) -> str | None:
    return ", ".join(sorted(values)) or None


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Yield what differs; 1 and 1.0 are the same, and so are a tuple and a list."""
    for name in dict.fromkeys([*before, *after]):
        one, other = before.get(name), after.get(name)
        if json.dumps(one, sort_keys=True, default=dict) != json.dumps(other, sort_keys=True, default=dict) and (
            one != other
        ):
            yield name, (one, other)
