"""A run that is told to stop: by Ctrl-C, and by SIGTERM as Slurm, Docker and systemd do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from benchsuite.__main__ import main as command
from benchsuite.cli.console import INTERRUPTED, TERMINATED, Terminated, guarded
from benchsuite.store import Store

TOY = Path(__file__).parent.parent / "runner" / "toy.py"


def test_sigterm_is_ctrl_c_with_its_own_code(capsys) -> None:
    undone = []

    def work() -> int:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(30)
        finally:
            undone.append(True)
        return 0

    assert guarded(work) == TERMINATED == 128 + signal.SIGTERM
    first = capsys.readouterr().err
    assert undone == [True]
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL

    def interrupted() -> int:
        raise KeyboardInterrupt

    assert guarded(interrupted) == INTERRUPTED
    assert capsys.readouterr().err == first
    assert issubclass(Terminated, KeyboardInterrupt)


def test_ctrl_c_while_the_command_is_imported_is_one_line(capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stops:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "benchsuite.cli.main":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "benchsuite.cli.main", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Stops(), *sys.meta_path])
    assert command() == INTERRUPTED
    assert capsys.readouterr().err == "interrupted; nothing had begun\n"


def test_ctrl_c_outside_of_what_the_command_guards_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("benchsuite.cli.main.main", interrupted)
    assert command() == INTERRUPTED
    assert capsys.readouterr().err == "interrupted; what is finished is kept, the same command goes on from there\n"


@pytest.mark.slow
def test_ctrl_c_while_a_source_text_is_executed_ends_with_our_code(tmp_path: Path) -> None:
    """As it comes while a dataclass is made: CPython ends by SIGINT itself, though the interruption was handled."""
    (tmp_path / "interrupted.py").write_text(
        "import signal, sys\nimport benchsuite.cli.main as cli\nfrom benchsuite.__main__ import main\n"
        # a shell without job control lets what it starts in the background ignore this signal
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "def run(words):\n"
        "    exec('import os, signal\\nos.kill(os.getpid(), signal.SIGINT)\\nfor _ in range(99): pass')\n"
        "cli._run = run\nsys.exit(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "interrupted"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == INTERRUPTED, "not -2"
    assert "interrupted; what is finished is kept" in done.stderr


@pytest.mark.slow
def test_sigterm_stops_the_workers_and_leaves_the_store_whole(tmp_path: Path) -> None:
    experiment = tmp_path / "toy.toml"
    experiment.write_text(
        f'name = "toy"\nsources = ["{TOY}:Toy"]\nsplits = ["random-holdout"]\nmetrics = ["ndcg@10"]\n'
        f'models = ["{TOY}:Counts", "{TOY}:Sleeps"]\n'
    )
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "benchsuite", "run", str(experiment), "--store", str(tmp_path / "runs")],
        env=os.environ | {"TMPDIR": str(scratch), "BENCHSUITE_DATA": ""},
        stderr=subprocess.PIPE,
        text=True,
    )
    store = Store(tmp_path / "runs")
    while process.poll() is None and (not store.keys("cell") or len(list(scratch.glob("*/*/job.json"))) < 1):
        time.sleep(0.05)
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=120)
    assert process.returncode == TERMINATED
    assert said.splitlines()[-1].startswith("error: interrupted; what is finished is kept")
    assert psutil.wait_procs(family, timeout=60)[1] == []
    assert list(scratch.iterdir()) == []
    assert len(store.keys("cell")) == 1
    assert not list((tmp_path / "runs" / "drafts").iterdir())
