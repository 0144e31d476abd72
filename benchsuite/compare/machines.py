"""Where the cells of a comparison were made, said where costs could be misread."""

from __future__ import annotations

from collections.abc import Iterator

from benchsuite.plan import Plan
from benchsuite.store import Store


def machine_notes(plan: Plan, store: Store) -> Iterator[str]:
    """Yield a sentence when not all cells were made on one processor: then costs are no fair comparison.

    Args:
        plan: what was planned.
        store: where results are.
    """
    made: dict[str, dict[str, None]] = {}  # models by machine, in the order of the plan
    for cell in plan.cells:
        if not cell.reason and store.has("cell", cell.key):
            manifest = store.get("cell", cell.key).manifest
            if manifest["state"] == "ok":
                made.setdefault(_machine(manifest), {})[cell.model] = None
    if len(made) > 1:
        parts = [f"{machine}: {', '.join(models)}" for machine, models in made.items()]
        yield f"Costs were not all measured on one machine; compare them only within one. {'. '.join(parts)}."


def _machine(manifest: dict[str, object]) -> str:
    """Name the processor, and the GPU where one was used."""
    provenance = manifest["provenance"]
    hardware = provenance["hardware"] if isinstance(provenance, dict) else {}
    name = f"{hardware.get('cpu', 'unknown processor')} ({hardware.get('cores', '?')} cores)"
    power = manifest.get("power")
    gpu = power["gpu"] if isinstance(power, dict) else ""
    return f"{name} with {gpu}" if gpu else name
