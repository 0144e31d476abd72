"""Two processes give the model that one gives, and only one of them writes."""

import contextlib
import importlib.util
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from benchsuite.cli.main import main
from benchsuite_flm.data_parallel import DataParallel
from benchsuite_flm.losses import _share
from benchsuite_saved.folder import open_folder
from support.shared import made_once

SCRIPT = Path(__file__).parent / "together.py"
_spec = importlib.util.spec_from_file_location("together", SCRIPT)
together = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(together)


def free_ports(count: int) -> list[str]:
    """Ports that nobody uses now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [str(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.fixture(scope="module")
def two(tiny: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes wrote."""
    return made_once(tmp_path_factory, "two", lambda out: _fit_together(tiny, out))


def _fit_together(tiny: str, out: Path) -> None:
    words = [sys.executable, str(SCRIPT), tiny, str(out), *free_ports(2)]
    both = subprocess.Popen(words, env=os.environ | {"OMP_NUM_THREADS": "1"}, start_new_session=True)
    try:
        code = both.wait(900)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(both.pid, signal.SIGKILL)
    told = {path.name: path.read_text() for path in sorted(out.glob("?.???"))}
    assert code == 0, told
    assert "fitted on demo" in told["0.out"]
    assert told["1.out"] == ""


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.parametrize("case", together.CASES)
def test_two_processes_give_the_model_of_one(two: Path, tiny: str, case: str) -> None:
    told: list[int] = []
    alone = together.fit(case, tiny, told)
    number = list(together.CASES).index(case)
    main_, other = (np.load(two / f"{number}-{rank}.npz") for rank in (0, 1))
    for name, value in alone.items():
        np.testing.assert_allclose(main_[name], value, rtol=1e-4, atol=2e-5, err_msg=name)
        np.testing.assert_allclose(other[name], value, rtol=1e-4, atol=2e-5, err_msg=name)
    assert np.abs(alone["head.residual"]).max() > 1e-3  # something was learnt, so there was something to share
    assert (bool(main_["main"]), bool(other["main"])) == (True, False)
    assert (int(main_["told"]), int(other["told"])) == (len(told), 0)


@pytest.mark.slow
@pytest.mark.process
def test_the_verb_under_a_launcher_writes_one_folder(two: Path, tiny: str, tmp_path: Path) -> None:
    settings = [f'backbone="{tiny}"', "epochs=2"]
    assert main([*together.VERB, "--with", *settings, "--out", str(tmp_path / "alone")]) == 0
    shared, alone = open_folder(two / "saved"), open_folder(tmp_path / "alone")
    np.testing.assert_allclose(shared.model._items.numpy(), alone.model._items.numpy(), rtol=1e-4, atol=2e-5)
    assert sorted(path.name for path in two.iterdir() if path.suffix not in (".npz", ".out", ".err")) == ["saved"]


@pytest.mark.parametrize("count", [0, 1, 2, 5, 7])
def test_every_row_and_text_belongs_to_one_process(count: int) -> None:
    rows = list(range(count))
    several = [DataParallel(3, index) for index in range(3)]
    assert [row for one in several for row in rows[one.user_slice(count)]] == rows
    assert sorted(row for one in several for row in rows[one.text_slice]) == rows
    asked = torch.arange(count)
    if count > 1:
        assert sum(
            _share(asked, one.user_slice(count)) for one in several if asked[one.user_slice(count)].sum()
        ) == pytest.approx(1)


def test_alone_nothing_is_added() -> None:
    alone, value = DataParallel.current(), torch.tensor([1.5])
    alone.sum_tensors(value)
    assert (alone, float(value), alone.is_main) == (DataParallel(1, 0), 1.5, True)
    assert alone.user_slice(9) == slice(0, 9)


def test_run_refuses_a_launcher(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert main(["run", "demo"]) == 2
    assert "only train shares a fit" in capsys.readouterr().err
