import json
from collections.abc import Callable
from pathlib import Path

from benchsuite.analysis.machines import machine_notes
from benchsuite.analysis.stored_cells import StoredCells
from benchsuite.plan import Plan
from benchsuite.store import Store
from benchsuite.store.json_files import to_text, with_sum

Made = tuple[Plan, Store]


def change(store: Store, key: str, **more: object) -> None:
    path = Path(store.folder("cell", key)) / "manifest.json"
    manifest = json.loads(path.read_text()) | more
    path.write_text(to_text(with_sum(manifest)))


def test_one_machine_needs_no_note(filled: Callable[..., Made]) -> None:
    plan, store = filled({"good": 0.5, "bad": 0.1})
    assert list(machine_notes(plan, StoredCells(store))) == []


def test_models_are_named_by_where_they_ran(filled: Callable[..., Made]) -> None:
    plan, store = filled({"good": 0.5, "bad": 0.1})
    costs = {"fit_seconds": 1.0, "score_seconds": 2.0, "peak_memory_mb": 3.0, "cpu_seconds": 1.0}
    for cell in plan.cells:
        cores = {"good": 2, "bad": 16}[cell.model]
        card = {"good": "", "bad": "Some Card"}[cell.model]
        power = {"cpu": "Chip", "processors": cores, "sockets": 1, "virtual": False, "gpu_joules": None}
        made = {"hardware": {"cpu": "Chip", "cores": cores}}
        change(store, cell.key, provenance=made, costs=costs, power=power | {"gpu": card})
    (note,) = machine_notes(plan, StoredCells(store))
    assert "Chip (2 cores): good" in note
    assert "Chip (16 cores) with Some Card: bad" in note


def test_models_of_one_table_with_different_threads_are_named(filled: Callable[..., Made]) -> None:
    plan, store = filled({"good": 0.5, "bad": 0.1})
    for cell in plan.cells:
        change(store, cell.key, threads={"good": 2, "bad": 4}[cell.model])
    notes = list(machine_notes(plan, StoredCells(store)))
    places = {(cell.dataset, cell.split) for cell in plan.cells}
    assert len(notes) == len(places)
    assert all("numbers of threads" in note and note.endswith(" 2: good. 4: bad.") for note in notes)
    for cell in plan.cells:
        change(store, cell.key, threads=2)
    assert list(machine_notes(plan, StoredCells(store))) == []
