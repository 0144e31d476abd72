"""Notes on the machines of the cells, where costs could be misread."""

from __future__ import annotations

from collections.abc import Iterator

from benchsuite.plan import Plan
from benchsuite.store import Store


def machine_notes(plan: Plan, store: Store) -> Iterator[str]:
    """Yield sentences where cells were computed on several machines or with several numbers of threads.

    Costs of different processors cannot be compared. Numbers of threads may change the last digits of some models.

    Args:
        plan: what was planned.
        store: where results are.
    """
    made: dict[str, dict[str, None]] = {}  # models by machine, in the order of the plan
    threads: dict[tuple[str, str], dict[object, dict[str, None]]] = {}  # models by number of threads, by table
    for cell in plan.cells:
        if not cell.reason and store.has("cell", cell.key):
            manifest = store.get("cell", cell.key).manifest
            if manifest["state"] == "ok":
                made.setdefault(_machine(manifest), {})[cell.model] = None
                table = threads.setdefault((cell.dataset, cell.split), {})
                table.setdefault(manifest.get("threads"), {})[cell.model] = None
    if len(made) > 1:
        parts = [f"{machine}: {', '.join(models)}" for machine, models in made.items()]
        yield f"Costs were not all measured on one machine; compare them only within one. {'. '.join(parts)}."
    for (dataset, split), numbers in threads.items():
        if len(numbers) > 1:
            parts = [f"{number or 'unknown'}: {', '.join(models)}" for number, models in numbers.items()]
            yield (
                f"On {dataset}, {split}, models were fitted with different numbers of threads, which may move the last "
                f"digits and the costs of some. {'. '.join(parts)}."
            )


def _machine(manifest: dict[str, object]) -> str:
    """Name the processor, and the GPU where one was used."""
    provenance = manifest["provenance"]
    hardware = provenance["hardware"] if isinstance(provenance, dict) else {}
    name = f"{hardware.get('cpu', 'unknown processor')} ({hardware.get('cores', '?')} cores)"
    power = manifest.get("power")
    gpu = power["gpu"] if isinstance(power, dict) else ""
    return f"{name} with {gpu}" if gpu else name
