"""Programs in experiments: their files are part of the key, they run only when named, and leave nothing behind."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from benchsuite.cli.main import main
from benchsuite.errors import ConfigError
from benchsuite.plan import resolve_all
from benchsuite.plan.experiment_file import Experiment, check_experiment, read_experiment
from benchsuite.registry import OWN
from benchsuite.store import Store

TABLE = {"name": "own", "sources": ["demo"], "splits": ["random-holdout"], "metrics": ["ndcg@10"]}
LEAVES = """
import subprocess, sys
print("@protocol 1", flush=True)
child = subprocess.Popen(["sleep", "1000"])
open({mark!r}, "w").write(str(child.pid))
sys.stdin.readline()
sys.exit("there is no\\nthird way")
"""


def experiment(*models: dict[str, object]) -> Experiment:
    return check_experiment(TABLE | {"models": [{"use": "external", **model} for model in models]}, "a test")


def identity(**settings: object) -> dict[str, object]:
    (model,) = resolve_all(experiment({"with": settings})).models
    return model.identity


def test_the_contents_of_named_files_are_part_of_the_key(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.py", "b.txt", "python"):
        Path(name).write_text("1")
    command = ["python", "a.py", "--fast"]
    first = identity(command=command, files=["b.txt"])
    assert first["plugin"] == f"{OWN}/external"
    assert identity(command=command, files=["b.txt"]) == first
    changes = {"python": False, "a.py": True, "b.txt": True}
    for name, counts in changes.items():
        Path(name).write_text("2")
        assert (identity(command=command, files=["b.txt"])["program"] != first["program"]) is counts
        Path(name).write_text("1")
    assert identity(command=["./python", "a.py"])["program"] != identity(command=["python", "a.py"])["program"]
    with pytest.raises(ConfigError, match=r"c\.txt: cannot be read: No such file"):
        identity(command=command, files=["c.txt"])


def test_files_are_found_beside_the_experiment(tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in ("my.py", "data.bin", "together", "python"):
        (tmp_path / "mine" / name).write_text("x")
    Path("mine/mine.toml").write_text(
        'name = "own"\nsources = ["demo"]\nsplits = ["random-holdout"]\nmetrics = ["ndcg@10"]\n'
        'models = [{ use = "external", with = { command = ["python", "my.py", "-v"], files = ["data.bin"] } },\n'
        '{ use = "external", label = "two", with = { command = ["./together"] } }]\n'
    )
    one, two = read_experiment("mine/mine.toml").models
    assert one.settings == {"command": ["python", "mine/my.py", "-v"], "files": ["mine/data.bin"]}
    assert two.settings == {"command": ["mine/together"]}


@pytest.mark.slow
@pytest.mark.process
def test_a_run_of_programs(tmp_path, monkeypatch, example, compiled, capsys):
    """One that works in two languages, one that fails and leaves a child, one without a program; then again, with and
    without trust."""
    monkeypatch.chdir(tmp_path)
    mark = tmp_path / "pid"
    Path("leaves.py").write_text(LEAVES.format(mark=str(mark)))
    rows = [
        {"label": "python", "with": {"command": example}},
        {"label": "cpp", "with": {"command": [compiled]}},
        {"label": "leaves", "with": {"command": [sys.executable, "leaves.py"]}},
        {"label": "nobody"},
    ]
    shown = "".join(f"[[models]]\nuse = 'external'\nlabel = '{row['label']}'\n{_with(row)}" for row in rows)
    head = "".join(f"{name} = {json.dumps(value)}\n" for name, value in TABLE.items())
    Path("own.toml").write_text(head + shown)
    assert main(["run", "own.toml"]) == 1
    capsys.readouterr()
    assert main(["status", "own", "--json"]) in {0, 1}
    told = {row["model"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    assert list(told["leaves"]["states"]) == ["failed"]
    assert told["leaves"]["reasons"] == ["its program ended with code 1 while it fitted: third way"]
    assert told["nobody"]["reasons"][0].startswith("no program is named")
    assert not psutil.pid_exists(int(mark.read_text()))
    (key,), (other,) = told["python"]["keys"], told["cpp"]["keys"]
    store = Store(Path("runs"))
    one, two = (store.get("cell", name) for name in (key, other))
    assert one.manifest["facts"]["parameters"] > 0
    np.testing.assert_allclose(one.arrays()["score"], two.arrays()["score"], rtol=1e-4)
    assert main(["rerun", key[:12]]) == 2
    assert "a program runs only when you name it" in capsys.readouterr().err
    assert main(["rerun", key[:12], "--trust", shlex.join(example)]) == 0
    assert capsys.readouterr().out.rstrip().endswith("the same")
    assert main(["rerun", key[:12], "--trust", shlex.join(example[:1])]) == 2


def _has_own_network() -> bool:
    words = ["unshare", "--map-root-user", "--net", "true"]
    return bool(shutil.which(words[0])) and not subprocess.run(words, capture_output=True, check=False).returncode


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.skipif(not _has_own_network(), reason="no network of its own can be had here")
def test_the_careful_way_of_the_page_on_security(tmp_path, monkeypatch, example, repository, capsys):
    """The experiment that SECURITY.md shows is run as it stands; its program has no network."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    model = (repository / "SECURITY.md").read_text("utf-8").partition("```toml\n")[2].partition("```")[0]
    head = "".join(f"{name} = {json.dumps(value)}\n" for name, value in TABLE.items())
    Path("own.toml").write_text(head + model)
    shutil.copy(Path(example[1]).with_name("benchsuite_program.py"), "benchsuite_program.py")
    first = "from __future__ import annotations\n"
    seen = f"import socket\nopen({str(tmp_path / 'network.txt')!r}, 'w').write(repr(socket.if_nameindex()))\n"
    Path("their_model.py").write_text(Path(example[1]).read_text("utf-8").replace(first, first + seen))
    assert main(["run", "own.toml"]) == 0, capsys.readouterr()
    assert "stranger" in capsys.readouterr().out
    assert (tmp_path / "network.txt").read_text() == "[(1, 'lo')]"


def _with(row: dict[str, object]) -> str:
    settings = row.get("with")
    return f"with = {{ command = {json.dumps(settings['command'])} }}\n" if isinstance(settings, dict) else ""
