"""Stored plans of the latest run of each experiment, so that reports need neither the data nor the experiment file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchsuite.atomic_writes import replaced_file
from benchsuite.errors import StoreError, closest, did_you_mean
from benchsuite.keys import content_key
from benchsuite.plan import Plan, bundled, read_experiment
from benchsuite.store import Store, is_there, misfit, read_json, unreadable

_AGAIN = "run the experiment again"
_ABOUT = {"label": str, "name": str, "summary": str, "settings": {}, "cite": [str]}
_CELL = {
    **dict.fromkeys(("dataset", "split", "model", "fold", "fold_key", "key", "reason"), str),
    "seed": int,
    "stage": frozenset({"validation", "test"}),
    "identity": {"model": {"plugin": str, "version": str, "settings": {}}},
}
_TRIALS = {
    **dict.fromkeys(("dataset", "split", "model", "fold", "on"), str),
    "seed": int,
    "budget": {},
    "settings": [{}],
    "values": [(float, None)],
    "seconds": [float],
    "searched": [str],
    "keys": [str],
    "edges": [str],
    "best": (int, None),
}
_PLAN = {
    "name": str,
    "settings": {"relevant": frozenset({"taken", "liked"}), "relevant_from?": float, "threshold": str},
    "datasets": [_ABOUT | {"facts": {"simulated": bool}}],
    "splits": [_ABOUT | {"facts": {"groups?": [str]}}],
    "models": [_ABOUT | {"facts": {"proposed": bool, "ceiling": bool}}],
    "metrics": [
        _ABOUT | {"facts": {"task": str, "higher_is_better": bool, "plugin": str, "version": str, "unmet?": {str: str}}}
    ],
    "cells": [_CELL],
    "tuning": [_TRIALS],
}
"""What a stored plan must have."""


def remember_plan(store: Store, plan: Plan) -> None:
    """Store the plan under its key, and under the experiment's name, where it replaces an older one."""
    text = plan.to_json()
    key = content_key("plan", json.loads(text))
    if not store.has("plan", key):
        with store.write("plan", key) as entry:
            (entry.folder / "plan.json").write_bytes(_bytes(text))
            entry.manifest = {"experiment": plan.name}
    path = _path(store, plan.name)
    try:
        path.parent.mkdir(exist_ok=True)
        with replaced_file(path) as draft:
            draft.write_bytes(_bytes(text))
    except OSError as error:
        remedy = "free disk space or choose another --store DIR; finished cells are safe"
        raise StoreError(f"cannot be written: {error.strerror or error}", where=str(path), remedy=remedy) from None


def plan_key(plan: Plan) -> str:
    """Return the content key of a plan."""
    return content_key("plan", json.loads(plan.to_json()))


def kept_plan(store: Store, key: str) -> Plan:
    """Return a plan by its key.

    Raises:
        StoreError: when this store does not have it, or it is damaged.
    """
    path = store.get("plan", key).path("plan.json")
    table = read_json(path)
    plan = _plan(table, path)
    if _key(table, path) != key:
        raise unreadable(path, "it is another plan")
    return plan


def latest_plan(store: Store, name: str) -> Plan:
    """Return the plan of the latest run of an experiment, which may be named by its file, too.

    Raises:
        ConfigError: when the file cannot be read.
        StoreError: when this store has none, or it is damaged.
    """
    known = [found.stem for found in (store.root / "plans").glob("*.json")]
    stem = Path(name).stem
    a_file = name.endswith(".toml") and (Path(name).is_file() or stem not in known)
    path = _path(store, read_experiment(name).name if a_file else name)
    if not is_there(path):
        if name.endswith(".toml") and not a_file:
            raise StoreError(f'no run of "{name}"', where=str(store.root), remedy=f'did you mean "{stem}"?')
        raise StoreError(f'no run of "{name}"', where=str(store.root), remedy=_instead(name, known))
    table = read_json(path, _AGAIN)
    plan = _plan(table, path)
    # The same plan is kept under its key; a store from before that was done has none at all.
    if not store.exists("plan", _key(table, path)) and (store.root / "plan").is_dir():
        raise StoreError("it has changed since it was written", where=str(path), remedy=_AGAIN)
    return plan


def _instead(name: str, known: Sequence[str]) -> str:
    """Say what may have been meant by the name of a run that is not there: a run, or an experiment to run first."""
    here = f"; runs here: {', '.join(sorted(known))}" if known else ""
    if name in bundled() or name.endswith(".toml"):
        return f"run it first (benchsuite run {name}){here}"
    if close := closest(name, known):
        return f'did you mean "{close}"?'
    if near := closest(name, bundled(), 0.6):
        return f'did you mean "{near}"? run it first (benchsuite run {near}){here}'
    return f"no experiment has this name either; {did_you_mean(name, {*known, *bundled()})}"


def _plan(table: Any, path: Path) -> Plan:
    if fault := misfit(table, _PLAN):
        raise unreadable(path, fault, _AGAIN)
    try:
        plan = Plan.from_json(json.dumps(table))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise unreadable(path, error, _AGAIN) from None
    if any(study.best is not None and not 0 <= study.best < len(study.settings) for study in plan.tuning):
        raise unreadable(path, '"best" names no trial', _AGAIN)
    return plan


def _bytes(text: str) -> bytes:
    """Return a plan's JSON as UTF-8; a lone surrogate is written as a JSON escape and read again unchanged."""
    return text.encode("utf-8", errors="backslashreplace")


def _key(table: Any, path: Path) -> str:
    try:
        return content_key("plan", table)
    except (ValueError, RecursionError) as error:
        raise unreadable(path, error, _AGAIN) from None


def _path(store: Store, name: str) -> Path:
    return store.root / "plans" / f"{name}.json"
