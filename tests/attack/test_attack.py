"""The attack of ``benchmarks/attack`` in its short form: nothing may give way. Each part is a command of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CASES = {"chaos": 3, "damages": 24, "plugins": 16, "experiments": 24}
"""Few of each: that every sort of damage, broken plugin and experiment is survived is shown case by
case in tests/store, tests/testing, tests/runner and tests/plan, and by the attack itself in its long form."""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="processes are found through /proc")
@pytest.mark.parametrize("part", CASES)
def test_nothing_gives_way(part: str, repository: Path, tmp_path: Path) -> None:
    script = repository / "benchmarks" / "attack" / "run.py"
    words = [part, "--n", str(CASES[part]), "--seed", "1", "--small", "--out", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, str(script), *words], capture_output=True, text=True, check=False, timeout=600
    )
    assert "attack.json" in done.stdout, done.stderr
    found = json.loads((tmp_path / "attack.json").read_text("utf-8"))[part]
    assert found["tried"] >= CASES[part]
    assert [f"{fault['check']}: {fault['case']}: {fault['detail']}" for fault in found["faults"]] == []
