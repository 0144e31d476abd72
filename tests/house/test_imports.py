"""Strangers' code is imported in a child first: whatever it does there, the command says so in one line."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from benchsuite import loading
from benchsuite.cli.main import main
from benchsuite.errors import PluginError
from benchsuite.registry import find, load_model
from benchsuite.runner import Options, prepare
from benchsuite.runner import run as work
from benchsuite.runner.plugin_code import warn_of_changed_code

DEADLY = {
    "leaves": ("import sys; sys.exit(0)", "SystemExit: 0"),
    "leaves the system's way": ("import os; os._exit(0)", "its import ended the process with code 0"),
    "raises what is no Exception": ("class Odd(BaseException): pass\nraise Odd('a\\nb')", "Odd: a b"),
    "interrupts": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "crashes": ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "was killed by SIGSEGV"),
    "recurses": ("def f(): f()\nf()", "RecursionError"),
    "cannot be told": (
        "class Mute(Exception):\n    def __str__(self): raise ValueError\nraise Mute",
        "cannot be loaded: Mute",
    ),
    "is no Python": ("def", "SyntaxError"),
    "holds a NUL byte": ("x = 1\0", "SyntaxError"),
    "closes what it finds": ("import os; os.closerange(0, 1000)", "its import ended the process with code 1"),
}
EXPERIMENT = """
name = "mine"
sources = ["demo"]
splits = ["random-holdout"]
models = ["{model}"]
metrics = ["ndcg@10"]
"""


def refusal(capsys, *words):
    """Run the command, which must end with exit code 2 and one line; return the line."""
    assert main(list(words)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1, err
    assert "Traceback" not in err
    return err


@pytest.mark.parametrize("case", DEADLY)
def test_a_file_that_dies_while_it_is_imported(case, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, reason = DEADLY[case]
    Path("mine.py").write_text(code)
    line = refusal(capsys, "check", "./mine.py:X")
    assert reason in line
    assert line.startswith("error: model X (./mine.py:X): cannot be loaded: ")
    assert line.endswith("correct ./mine.py\n")


def test_junk_on_the_pipe_of_the_child_says_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    body = (Path(__file__).parents[1] / "runner" / "toy.py").read_text()
    body += "\nimport os, sys\n\nif 'pytest' not in sys.modules:\n    for number in range(3, 100):\n        try:\n"
    body += "            os.write(number, b'junk\\xff\\n[]\\n5\\n{}')\n        except OSError:\n            pass\n"
    Path("mine.py").write_text(body)
    Path("mine.toml").write_text(EXPERIMENT.format(model="./mine.py:Counts"))
    assert main(["plan", "mine.toml"]) == 0, capsys.readouterr()


@pytest.mark.parametrize("words", [["show", "./mine.py:X"], ["run", "mine.toml"], ["plan", "mine.toml"]])
def test_every_verb_that_would_import_it(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text("import os; os._exit(0)")
    Path("mine.toml").write_text(EXPERIMENT.format(model="./mine.py:X"))
    assert "its import ended the process with code 0; correct ./mine.py" in refusal(capsys, *words)


@pytest.mark.skipif(sys.platform != "linux", reason="processes are killed by SIGKILL")
@pytest.mark.parametrize("times", [1, 2])
def test_an_import_that_is_killed_from_outside_is_tried_once_more(times, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    body = (Path(__file__).parents[1] / "runner" / "toy.py").read_text()
    body += f"\nif 'pytest' not in sys.modules:\n    with open({str(tmp_path / 'tries')!r}, 'a+') as file:\n"
    body += (
        f"        file.write('x')\n        file.seek(0)\n        tries = len(file.read())\n    if tries <= {times}:\n"
    )
    body += "        os.kill(os.getpid(), signal.SIGKILL)\n"
    Path("mine.py").write_text(body)
    if times == 1:
        assert main(["show", "./mine.py:Counts"]) == 0, capsys.readouterr()
    else:
        assert "its import was killed by SIGKILL; correct ./mine.py" in refusal(capsys, "show", "./mine.py:Counts")
    assert (tmp_path / "tries").read_text().startswith("xx")
    assert (times == 1) == (len((tmp_path / "tries").read_text()) > 2)  # it is imported again to be set up


def test_an_endless_import_is_stopped(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loading, "IMPORT_SECONDS", 1.5)
    Path("mine.py").write_text("while True: pass")
    assert "its import took more than 1.5 seconds" in refusal(capsys, "check", "./mine.py:X")


def test_an_installed_package_that_dies(pretend, monkeypatch, capsys):
    site = pretend("deadly", "models", {"deadly": "deadly_one:X"}, {"deadly_one": "import os; os._exit(3)"})
    monkeypatch.syspath_prepend(str(site))
    line = refusal(capsys, "show", "model", "deadly")
    assert "its import ended the process with code 3; correct it or install what it imports" in line
    site = pretend("wrong", "models", {"wrong": "wrong_one:X"}, {"wrong_one": "import nunpy"})
    monkeypatch.syspath_prepend(str(site))
    line = refusal(capsys, "show", "model", "wrong")
    assert "correct it or install what it imports; if it is not yours, reinstall wrong" in line
    assert main(["list", "models", "--load"]) == 0
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("deadly"))
    assert "broken: cannot be loaded: its import ended the process with code 3" in row


def test_what_survives_the_child_may_still_leave_here(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text("import sys\nif 'pytest' in sys.modules: sys.exit(0)")
    assert "cannot be loaded: SystemExit: 0" in refusal(capsys, "check", "./mine.py:X")


def test_our_own_plugins_are_not_paid_for(monkeypatch):
    def forbid(*_):
        raise AssertionError("a child was started")

    monkeypatch.setattr(loading, "_try_in_child", forbid)
    assert load_model("ease").version
    with pytest.raises(PluginError, match="a child was started"):
        find("models", f"{__file__}:X", trusted=[f"{__file__}:X"]).load()


@pytest.mark.parametrize(
    "code", ["raise KeyError('x')", "raise SystemExit(0)", "import sys; sys.exit(0)", "return 5 .no_such"]
)
def test_settings_that_raise_are_the_plugins_fault(code, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    body = (Path(__file__).parents[1] / "runner" / "toy.py").read_text()
    body += f"\n\n@dataclass\nclass X(Counts):\n    def __post_init__(self):\n        {code}\n"
    Path("mine.py").write_text(body)
    Path("mine.toml").write_text(EXPERIMENT.format(model="./mine.py:X"))
    for words in (["run", "mine.toml"], ["check", "./mine.py:X"], ["show", "./mine.py:X"]):
        assert "its code raised" in refusal(capsys, *words)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "its set-up was killed by SIGSEGV"),
        ("os.kill(os.getpid(), signal.SIGTERM); signal.pause()", "its set-up was killed by SIGTERM"),
        ("os._exit(0)", "its set-up ended the process with code 0"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    ],
)
def test_settings_that_end_the_process_are_the_plugins_fault(code, reason, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    body = (Path(__file__).parents[1] / "runner" / "toy.py").read_text()
    body += "\nimport os, signal\n\n@dataclass\nclass X(Counts):\n    deadly: bool = False\n"
    body += f"    def __post_init__(self):\n        if self.deadly:\n            {code}\n"
    Path("mine.py").write_text(body)
    text = EXPERIMENT.replace('models = ["{model}"]', 'models = [{{ use = "{model}", with = {{ deadly = true }} }}]')
    Path("mine.toml").write_text(text.format(model="./mine.py:X"))
    several = [["plan", "mine.toml"], ["run", "mine.toml"], ["check", "./mine.py:X", "--with", "deadly=true"]]
    for words in several if "SIGSEGV" in code else several[:1]:  # all verbs ask in one place, each ending once
        assert f"model X (./mine.py:X): cannot be loaded: {reason}" in refusal(capsys, *words)
    Path("mine.py").write_text(body.replace("deadly: bool = False", "deadly: bool = True"))
    assert f"model X (./mine.py:X): cannot be loaded: {reason}" in refusal(capsys, "show", "./mine.py:X")


def test_a_set_up_is_tried_once(tmp_path, monkeypatch):
    children = []
    real = loading._try_in_child
    monkeypatch.setattr(loading, "_try_in_child", lambda order, code: (children.append(order), real(order, code)))
    body = (Path(__file__).parents[1] / "runner" / "toy.py").read_text()
    (tmp_path / "mine.py").write_text(f"{body}\n# {tmp_path}\n")
    entry = find("models", f"{tmp_path}/mine.py:Counts", trusted=[f"{tmp_path}/mine.py:Counts"])
    for _ in range(2):
        entry.load_code(settings=[{}])
        entry.load()
    assert len(children) == 1


def test_all_settings_of_an_experiment_are_tried_in_one_child(tmp_path, monkeypatch, capsys):
    """Where one of them ends the process, each is tried by itself, and the right one is blamed."""
    monkeypatch.chdir(tmp_path)
    children = []
    real = loading._try_in_child
    monkeypatch.setattr(loading, "_try_in_child", lambda order, code: (children.append(order), real(order, code)))
    body = (Path(__file__).parents[1] / "runner" / "toy.py").read_text()
    body += "\nimport os\n\n@dataclass\nclass X(Counts):\n    def __post_init__(self):\n"
    body += "        if self.power == 0.25:\n            os._exit(3)\n"
    Path("mine.py").write_text(body)
    text = EXPERIMENT.replace('"{model}"', '{{ use = "./mine.py:X", grid = {{ power = [0.5, 0.75, POWER] }} }}')
    Path("mine.toml").write_text(text.format(model="").replace("POWER", "1.0"))
    assert main(["plan", "mine.toml"]) == 0
    assert [len(order["set_ups"]) for order in children] == [3]
    capsys.readouterr()
    Path("mine.toml").write_text(text.format(model="").replace("POWER", "0.25"))
    assert "its set-up ended the process with code 3" in refusal(capsys, "plan", "mine.toml")
    assert [order["set_ups"][0]["settings"] for order in children[2:]] == [{"power": 0.25}]


def test_a_source_that_raises_is_its_own_fault(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    body = (Path(__file__).parents[1] / "runner" / "toy.py").read_text()
    body += "\n\n@dataclass\nclass X(Toy):\n    def load(self, place):\n        raise KeyError('gone')\n"
    Path("mine.py").write_text(body)
    Path("mine.toml").write_text(EXPERIMENT.format(model="popular").replace("demo", "./mine.py:X"))
    assert "source X (./mine.py:X): its code raised KeyError: 'gone'" in refusal(capsys, "run", "mine.toml")


@pytest.mark.slow
def test_a_file_edited_after_the_plan_fails_its_cells(tmp_path, monkeypatch):
    from benchsuite.api import DataLocations
    from benchsuite.plan.experiment_file import check_experiment
    from benchsuite.store import Store

    class Quiet:
        def __getattr__(self, name):
            return lambda *_: None

    monkeypatch.chdir(tmp_path)
    shutil.copy(Path(__file__).parents[1] / "runner" / "toy.py", "mine.py")
    parts = {"sources": ["./mine.py:Toy"], "splits": ["random-holdout"], "metrics": ["ndcg@10"]}
    experiment = check_experiment({"name": "mine", "models": ["./mine.py:Counts"], **parts}, "a test")
    store = Store(tmp_path / "runs")
    plan = prepare(experiment, store, DataLocations(cache=tmp_path / "cache", offline=True), lambda _: None)
    with Path("mine.py").open("a") as file:
        file.write("\n# edited\n")
    _, outcome = work(plan, store, Options(threads=1), Quiet())
    assert [reason for _, reason in outcome.failed] != []
    assert all("the file changed since the plan was made" in reason for _, reason in outcome.failed)
    again = prepare(experiment, store, DataLocations(cache=tmp_path / "cache", offline=True), lambda _: None)
    assert again.cells[0].key != plan.cells[0].key
    assert work(again, store, Options(threads=1), Quiet())[1].failed == []


def test_an_installed_plugin_that_changed_under_its_version_is_told(pretend, monkeypatch, tmp_path):
    from benchsuite.plan import resolve_all
    from benchsuite.plan.experiment_file import check_experiment
    from benchsuite.store import Store

    code = (Path(__file__).parents[1] / "runner" / "toy.py").read_text()
    site = pretend("changing", "sources", {"changing": "changing_one:Toy"}, {"changing_one": code})
    monkeypatch.syspath_prepend(str(site))
    parts = {"sources": ["changing", "demo"], "splits": ["random-holdout"], "metrics": ["ndcg@10"]}
    picked = resolve_all(check_experiment({"name": "mine", "models": ["popular"], **parts}, "a test"))
    store, said = Store(tmp_path / "runs"), []
    for _ in range(2):
        warn_of_changed_code(picked, store, said.append)
        assert said == []
    (site / "changing_one.py").write_text(f"{code}\n# a change\n")
    warn_of_changed_code(picked, store, said.append)
    (line,) = said
    assert line.startswith(
        "the code of changing_one changed since this store saw it last, but not the version of source"
    )
    assert "source changing:" in line
    assert "raise their version or name another --store" in line
    warn_of_changed_code(picked, store, said.append)
    assert len(said) == 1, "told once"
    (site / "changing_one.py").write_text(f"{code}\n# another\n")
    monkeypatch.setattr(next(p.plugin for p in picked.sources if p.label == "changing").__class__, "version", "2")
    warn_of_changed_code(picked, store, said.append)
    assert len(said) == 1, "a new version says it all"
    for damage in ("", "[1]", '{"source changing": 3}'):
        (tmp_path / "runs" / "code" / "changing_one.json").write_text(damage)
        warn_of_changed_code(picked, store, said.append)
    assert len(said) == 1
