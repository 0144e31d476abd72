"""Notes on the machines of the cells, where costs could be misread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from benchsuite.analysis.stored_cells import StoredCells
from benchsuite.plan import Plan


def machine_notes(plan: Plan, stored: StoredCells) -> Iterator[str]:
    """Yield a sentence when not all cells were made alike.

    Costs of different processors cannot be compared. Numbers of threads may change the last digits of some models.

    Args:
        plan: what was planned.
        stored: its cells as they lie in the store.
    """
    made: dict[str, dict[str, None]] = {}  # models by machine, in the order of the plan
    threads: dict[tuple[str, str], dict[object, dict[str, None]]] = {}  # models by number of threads, by table
    for cell in plan.cells:
        manifest = stored.manifest(cell)
        if manifest is not None and manifest["state"] == "ok":
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


def _machine(manifest: Mapping[str, object]) -> str:
    """Name the processor, and the GPU where one was used."""
    provenance = manifest["provenance"]
    hardware = provenance["hardware"] if isinstance(provenance, dict) else {}
    name = f"{hardware.get('cpu', 'unknown processor')} ({hardware.get('cores', '?')} cores)"
    power = manifest.get("power")
    gpu = power["gpu"] if isinstance(power, dict) else ""
    return f"{name} with {gpu}" if gpu else name
