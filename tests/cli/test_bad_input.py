"""Bad input gets one line on standard error and exit code 2, and nothing is lost."""

from __future__ import annotations

import shutil
import tempfile

import pytest

from benchsuite.cli.main import main

GOOD = """
name = "mine"
sources = ["demo"]
splits = ["random-holdout"]
models = ["popular"]
metrics = ["ndcg@10"]
"""


@pytest.fixture
def complain(capsys, tmp_path, monkeypatch):
    """Run the command, expect exit code 2 and one line, and return the line."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BENCHSUITE_DATA", raising=False)
    monkeypatch.setenv("BENCHSUITE_CACHE", str(tmp_path / "cache"))

    def run(*words):
        code = main(list(words))
        out, err = capsys.readouterr()
        assert code == 2, out + err
        assert out == ""
        line = err.splitlines()[-1]
        assert line.startswith("error: ")
        assert "Traceback" not in err
        return line.removeprefix("error: ")

    return run


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ('["popular"]', '["./own.py"]', ["mine: models: ", "own.py: no such file; check the path, and name a class: "]),
        ('["popular"]', '["populer"]', ["mine: models", 'unknown model "populer"', 'did you mean "popular"?']),
        ('["demo"]', '["demmo"]', ['unknown source "demmo"', 'did you mean "demo"?']),
        (
            '["random-holdout"]',
            '["random-holdot"]',
            ['unknown split "random-holdot"', 'did you mean "random-holdout"?'],
        ),
        ('["ndcg@10"]', '["ndgc@10"]', ['unknown metric "ndgc@10"', 'did you mean "ndcg@10"?']),
        (
            '["popular"]',
            '[{ use = "ease", with = { regularisation = 3.0 } }]',
            ['unknown setting "regularisation"', 'did you mean "regularization"?'],
        ),
        (
            '["popular"]',
            '[{ use = "ease", with = { regularization = -3.0 } }]',
            ['setting "regularization"', "greater than 0", "it is -3.0 now"],
        ),
        ('["popular"]', '["popular"', ["mine.toml", "line 6", "not valid TOML"]),
        ("\nmodels", "\nseed = 1\nmodels", ["mine.toml: seed", 'unknown key "seed"', 'did you mean "seeds"?']),
        ('models = ["popular"]', "", ["mine.toml: models", "is missing"]),
        ("models = ", "model = ", ["mine.toml: model", 'unknown key "model"', 'did you mean "models"?']),
        ('["popular"]', '[{ usee = "ease" }]', ["models[1]"]),
    ],
)
def test_an_experiment_with_a_mistake(old, new, parts, complain, tmp_path):
    assert old in GOOD
    (tmp_path / "mine.toml").write_text(GOOD.replace(old, new))
    line = complain("run", "mine.toml", "--offline")
    for part in parts:
        assert part in line


def test_an_experiment_that_does_not_exist(complain):
    assert complain("run", "quik") == 'no experiment "quik"; did you mean "quick"?'
    assert complain("run", "absent.toml") == 'no experiment "absent.toml"; check the path'
    assert "quick" in complain("status", "quick")
    assert "quick" in complain("report", "quick")


def test_a_store_that_cannot_be_written(complain, tmp_path):
    (tmp_path / "file").touch()
    line = complain("run", "demo", "--offline", "--store", str(tmp_path / "file" / "runs"))
    assert line.startswith(f"{tmp_path / 'file' / 'runs'}: cannot be written")
    assert "--store DIR" in line


def test_a_data_folder_that_does_not_exist(complain, monkeypatch):
    assert complain("data", "demo", "--data", "nowhere") == "nowhere: no such folder; check --data and $BENCHSUITE_DATA"
    monkeypatch.setenv("BENCHSUITE_DATA", "/no/such/folder")
    assert complain("data", "demo").startswith("/no/such/folder: no such folder")


def test_data_that_cannot_be_reached(complain):
    line = complain("data", "ml-100k", "--offline")
    assert "ml-100k" in line
    assert "--data" in line


def test_damaged_data(complain, real_set, tmp_path):
    folder = tmp_path / "data" / "ml-100k"
    shutil.copytree(real_set("ml-100k"), folder, copy_function=shutil.copyfile)
    folder.chmod(0o755)
    path = folder / "u.data"
    path.write_bytes(path.read_bytes().replace(b"196\t242\t3", b"196\t242\t5"))
    line = complain("data", "ml-100k", "--data", str(tmp_path / "data"), "--offline")
    assert "u.data" in line
    assert "sha256" in line or "checksum" in line


@pytest.mark.parametrize("words", [["run", "--workers", "0"], ["run", "--workers", "two"], ["run", "--device", "tpu"]])
def test_options_that_make_no_sense(words, complain):
    assert words[1].lstrip("-") in complain(*words)


@pytest.mark.slow
def test_a_report_that_does_not_exist(complain, tmp_path, capsys):
    (tmp_path / "mine.toml").write_text(GOOD)
    assert main(["run", "mine.toml", "--offline"]) == 0
    assert "popular" in capsys.readouterr().out
    assert 'unknown report "latx"; did you mean "latex"?' in complain("report", "mine", "--as", "latx")


def test_no_space_for_temporary_files(complain, tmp_path, monkeypatch):
    """As when the disk behind $TMPDIR is full: workers cannot be told what to do."""
    (tmp_path / "mine.toml").write_text(GOOD)
    made = tempfile.mkdtemp

    def full(suffix=None, prefix=None, dir=None):  # noqa: A002 - the name is tempfile's
        if dir is None or "benchsuite-" in str(dir):
            raise OSError(28, "No space left on device")
        return made(suffix, prefix, dir)

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    line = complain("run", "mine.toml", "--offline")
    assert "No space left on device" in line
    assert "$TMPDIR" in line


def test_the_one_model_of_a_benchmark_is_named_as_it_was_typed(complain, tmp_path):
    """The name of the experiment that is made of it is nobody's business."""
    said = complain("run", "demo.v1", "--lite", "--model", "als", "--with", "factors=-3")
    assert said == '--model als: setting "factors": input should be greater than or equal to 1; it is -3 now'
    said = complain("run", "demo.v1", "--model", "benchsuite/alz")
    assert said == '--model benchsuite/alz: unknown model "benchsuite/alz"; did you mean "als"?'
    (tmp_path / "own.py").write_text(OWN, "utf-8")
    said = complain("run", "demo.v1", "--model", "./own.py")
    assert said == "--model ./own.py: no class of the file is named; name one: ./own.py:Mine or ./own.py:Heir"
    said = complain("run", "demo.v1", "--model", "./none.py")
    assert said == "--model ./none.py: no such file; check the path, and name a class: ./none.py:CLASS"


OWN = """
import benchsuite.api

raise SystemExit("nobody may run this")

class Settings(dict):
    pass

class Mine(benchsuite.api.Model):
    pass

class Heir(Mine):
    def fit(self, train, context): ...
    def score(self, queries, candidates): ...
"""


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("alz", 'no run of "alz" in demo.v1; did you mean "als"? run it first: benchsuite run demo.v1 --model als'),
        ("als", 'no run of "als" in demo.v1; run it first: benchsuite run demo.v1 --model als'),
        ("Zzz", 'no run of "Zzz" in demo.v1; run it first: benchsuite run demo.v1 --model MODEL'),
    ],
)
def test_what_was_not_run_cannot_be_submitted_and_the_nearest_model_is_named(complain, tmp_path, label, said):
    assert complain("submit", "demo.v1", label, "--out", "x", "--store", str(tmp_path)) == f"{tmp_path}: {said}"


def test_the_row_of_no_plugin_is_run_with_its_benchmark(complain, tmp_path):
    said = complain("submit", "shops.v1", "als-tfidf", "--out", "x", "--store", str(tmp_path), "--lite")
    assert said.endswith("; run it first: benchsuite run shops.v1 --lite")
