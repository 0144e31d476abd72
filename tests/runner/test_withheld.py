"""A model that opens by name a file from which its test rows can be read fails; one that opens its own does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchsuite.runner.executor import make_executor
from benchsuite.runner.logs import clip
from benchsuite.runner.withheld import Watch, was_opened
from support.executor_runs import experiment, run

MODEL = f"{Path(__file__).with_name('toy_reader.py')}:OpensAFile"
SAID = "the model opened what it is judged by; answer from the training part and the queries alone"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rows = [f"u{user},i{item},{user + item}" for user in range(12) for item in range(9) if (user * item) % 4 < 2]
    (tmp_path / "rows.csv").write_text("\n".join(["user,item,time", *rows, ""]), "utf-8")
    return tmp_path / "rows.csv"


def opened(folder: Path, table: Path, executor: str, *models: dict[str, Any]) -> dict[str, str]:
    """Run models on a table and return why they failed, by the path that each opens."""
    spelled = [{"use": MODEL, "label": name, "with": one} for name, one in ((str(one["path"]), one) for one in models)]
    source = {"use": "file", "with": {"path": str(table), "time": "s"}}
    asked = experiment(*spelled, sources=[source], metrics=["ndcg@5"])
    outcome, _ = run(asked, folder / "runs", make_executor(executor, {}))
    assert outcome.done == len(models)
    return {place.partition(" on ")[0]: reason for place, reason in outcome.failed}


def test_files_of_the_source_and_prepared_copies_are_noticed_and_no_others(tmp_path: Path, table: Path) -> None:
    copy = tmp_path / "cache" / "prepared" / "rows-0123" / "interactions.item.npy"
    free = [table.with_name("my_weights.bin"), copy.with_name("items.text.npy"), tmp_path / "cache" / "shared" / "x"]
    for path in (copy, *free):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    link = tmp_path / "another.name"
    link.symlink_to(table)
    asked = [{"path": str(path)} for path in (link, copy, *free)]
    failed = opened(tmp_path, table, "in-process", {"path": str(table), "late": True}, *asked)
    assert failed == {
        str(table): f"{table}: {SAID}",
        str(link): f"{table}: {SAID}",
        str(copy): f"{copy}: {SAID}",
    }
    assert all(map(was_opened, failed.values()))


@pytest.mark.process
def test_a_worker_notices_it_too(tmp_path: Path, table: Path) -> None:
    assert opened(tmp_path, table, "local", {"path": str(table)}) == {str(table): f"{table}: {SAID}"}


def test_a_long_path_does_not_hide_what_happened(tmp_path: Path) -> None:
    path = tmp_path / ("d" * 200) / ("e" * 200) / ("f" * 200) / "rows.csv"
    watch = Watch(str(tmp_path / "runs"))
    try:
        watch.begin("test", "", [str(path)])
        with pytest.raises(PermissionError, match="holds what a model is judged by"):
            path.read_bytes()
    finally:
        watch.paused = True
    told = clip(str(watch.error()), 500)
    assert was_opened(told)
    assert told.endswith(SAID)
