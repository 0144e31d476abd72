import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchsuite.errors import StoreError
from benchsuite.store import Store


def fail(store: Store, error: Exception) -> None:
    with store.checkpoint("ab12") as folder:
        (folder / "state").write_text("kept")
        raise error


def test_a_checkpoint_goes_when_its_cell_has_ended(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.checkpoint("ab12") as folder:
        (folder / "state").write_text("1")
    assert not folder.exists()
    with pytest.raises(ValueError, match="model"):
        fail(store, ValueError("the model failed"))
    assert not folder.exists()


@pytest.mark.process
def test_it_outlives_a_kill_and_a_full_disk(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(StoreError):
        fail(store, StoreError("cannot be written"))
    code = (
        "import os, signal, sys; from pathlib import Path; from benchsuite.store import Store\n"
        "with Store(Path(sys.argv[1])).checkpoint('ab12') as folder:\n"
        "    assert (folder / 'state').read_text() == 'kept'\n"
        "    (folder / 'more').write_text('kept too')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode < 0
    with store.checkpoint("ab12") as again:
        assert {path.name for path in again.iterdir()} == {"state", "more"}


def test_what_nobody_takes_up_goes_in_a_month(tmp_path: Path) -> None:
    for name, days in (("old", 31), ("young", 29)):
        folder = tmp_path / "checkpoints" / name
        folder.mkdir(parents=True)
        os.utime(folder, (time.time() - days * 86400,) * 2)
    Store(tmp_path)
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["young"]


def test_a_store_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (tmp_path / "checkpoints").write_text("a file in the way")
    with pytest.raises(StoreError, match="cannot be written"), store.checkpoint("ab12"):
        pass
