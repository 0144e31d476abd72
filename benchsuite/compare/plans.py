"""The plan of the latest run of each experiment, so that reports need neither the data nor the experiment file."""

from __future__ import annotations

import json
import os
from pathlib import Path

from benchsuite.errors import StoreError, did_you_mean
from benchsuite.keys import content_key
from benchsuite.plan import Plan
from benchsuite.store import Store


def remember_plan(store: Store, plan: Plan) -> None:
    """Keep the plan under its key for good, and under the experiment's name, where it replaces an older one."""
    key = plan_key(plan)
    if not store.has("plan", key):
        with store.write("plan", key) as entry:
            (entry.folder / "plan.json").write_text(plan.to_json(), "utf-8")
            entry.manifest = {"experiment": plan.name}
    folder = store.root / "plans"
    folder.mkdir(exist_ok=True)
    draft = folder / f".{plan.name}.{os.getpid()}"
    draft.write_text(plan.to_json(), "utf-8")
    draft.replace(_path(store, plan.name))


def plan_key(plan: Plan) -> str:
    """Return the content key of a plan."""
    return content_key("plan", json.loads(plan.to_json()))


def kept_plan(store: Store, key: str) -> Plan:
    """Return a plan by its key.

    Raises:
        StoreError: when this store does not have it.
    """
    return Plan.from_json((store.get("plan", key).folder / "plan.json").read_text("utf-8"))


def latest_plan(store: Store, name: str) -> Plan:
    """Return the plan of the latest run of an experiment.

    Raises:
        StoreError: when this store has none.
    """
    path = _path(store, name)
    try:
        return Plan.from_json(path.read_text("utf-8"))
    except FileNotFoundError:
        known = [found.stem for found in (store.root / "plans").glob("*.json")]
        remedy = f"run it first (benchsuite run {name})" + (f"; {did_you_mean(name, known)}" if known else "")
        raise StoreError(f'no run of "{name}"', where=str(store.root), remedy=remedy) from None
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError(f"cannot be read: {error}", where=str(path), remedy="run the experiment again") from None


def _path(store: Store, name: str) -> Path:
    return store.root / "plans" / f"{name}.json"
