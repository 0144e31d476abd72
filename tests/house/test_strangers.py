"""A stranger's package is found, listed, shown, checked and run like a built-in, with no change to this repository."""

from __future__ import annotations

import json
import sys

import pytest

from benchsuite.errors import PluginError
from benchsuite.registry import entries, find, load_function


def rows(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_it_appears_in_list(command, example_plugin):
    names = {row["name"]: row["package"] for row in rows(command("list", "models", "--json", path=(example_plugin,)))}
    assert names["recent"] == "benchsuite-example 0.3.0"
    assert names["ease"].startswith("benchsuite ")
    assert "recent" not in {row["name"] for row in rows(command("list", "models", "--json"))}
    table = command("list", "models", path=(example_plugin,)).stdout
    assert any(line.split() == ["recent", "benchsuite-example", "0.3.0"] for line in table.splitlines())


def test_it_is_shown_with_its_settings_and_needs(command, example_plugin):
    about = rows(command("show", "recent", "--json", path=(example_plugin,)))
    assert about["origin"] == "benchsuite-example 0.3.0"
    assert about["facts"]["needs"] == ["timestamps"]
    assert about["settings"] == [
        {
            "name": "half_life_days",
            "type": "float > 0",
            "default": 30.0,
            "search": "1 to 365, log",
            "meaning": "days after which an event counts half.",
        }
    ]


def test_it_conforms(command, example_plugin):
    told = rows(command("check", "recent", "--json", path=(example_plugin,)))
    assert told["failed"] == 0
    skipped = {check["name"]: check["reason"] for check in told["checks"] if check["state"] == "skipped"}
    assert skipped == {
        "recommend_equals_ranking": "leaves ranking to the harness",
        "saved_model_agrees": "cannot be saved",
        "checkerboard": "not personal by design (is_personalized = False)",
        "threads_do_not_matter": "promises no equal bytes for other numbers of threads",
    }


@pytest.mark.slow
def test_it_runs_in_an_experiment(command, example_plugin, tmp_path):
    experiment = tmp_path / "mine.toml"
    experiment.write_text(
        'name = "mine"\nsources = ["demo"]\nsplits = ["random-holdout"]\n'
        'models = ["popular", { use = "recent", grid = { half_life_days = [5.0, 50.0] } }]\nmetrics = ["ndcg@10"]\n'
    )
    store = ("--store", str(tmp_path / "runs"))
    done = command("run", str(experiment), "--offline", *store, path=(example_plugin,))
    assert done.returncode == 0, done.stdout + done.stderr
    for label in ("popular", "recent (half_life_days=5.0)", "recent (half_life_days=50.0)"):
        assert label in done.stdout
    report = rows(command("report", "mine", "--json", *store, path=(example_plugin,)))
    values = {row["model"]: row["mean"] for row in report["rows"] if row["metric"] == "ndcg@10"}
    assert len(values) == 3
    assert all(0 < value < 1 for value in values.values())


def test_a_typo_gets_a_suggestion(command, example_plugin):
    done = command("show", "recnet", path=(example_plugin,))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == 'error: no plugin is called "recnet"; did you mean "recent"?\n'


def test_two_packages_with_one_name_are_told_apart(pretend, monkeypatch, example_plugin, command):
    other = pretend("other-example", "models", {"recent": "other:Recent"})
    path = (example_plugin, other)
    done = command("show", "recent", path=path)
    assert done.returncode == 2
    assert done.stderr == (
        'error: model "recent" is brought by benchsuite-example and other-example; '
        "write benchsuite-example/recent or other-example/recent\n"
    )
    assert rows(command("show", "benchsuite-example/recent", "--json", path=path))["name"] == "recent"
    ambiguous = [row for row in rows(command("list", "models", "--json", path=path)) if row["ambiguous"]]
    assert [row["distribution"] for row in ambiguous] == ["benchsuite-example", "other-example"]
    for folder in path:
        monkeypatch.syspath_prepend(str(folder))
    assert find("models", "other-example/recent").distribution == "other-example"
    with pytest.raises(PluginError, match="benchsuite-example and other-example"):
        find("models", "recent")


def test_an_outsider_with_a_builtin_name_does_not_win_silently(pretend, command):
    rival = pretend("rival", "models", {"ease": "rival:EASE"})
    done = command("show", "model", "ease", path=(rival,))
    assert done.returncode == 2
    assert "brought by benchsuite and rival; write benchsuite/ease or rival/ease" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import no_such_library", "ModuleNotFoundError: No module named 'no_such_library'"),
        ("raise SystemError('boom')", "SystemError: boom"),
        ("x = 1", 'it has no class "Broken"'),
        ("Broken = 7", "broken:Broken is not a benchsuite.api.Model"),
    ],
)
def test_a_broken_plugin_is_a_row_and_no_crash(code, reason, pretend, command):
    site = pretend("broken-package", "models", {"broken": "broken:Broken"}, {"broken": code})
    listed = {row["name"]: row for row in rows(command("list", "models", "--json", path=(site,)))}
    assert "broken" in listed
    assert "ease" in listed
    loaded = {row["name"]: row for row in rows(command("list", "models", "--load", "--json", path=(site,)))}
    assert loaded["broken"]["state"] == "broken"
    assert reason in loaded["broken"]["reason"]
    assert loaded["ease"]["state"] == "ok"
    done = command("show", "broken", path=(site,))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert reason in done.stderr


def test_a_file_in_development_is_a_plugin(tmp_path, monkeypatch, repository):
    code = (repository / "tests" / "example_plugin" / "benchsuite_example.py").read_text()
    (tmp_path / "mine.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    entry = find("models", "./mine.py:Recent", trusted=["./mine.py:Recent"])
    assert entry.origin == "./mine.py:Recent"
    assert entry.load() is entry.load()
    assert entry.load().summary().startswith("Ranks items by how often they were taken lately")
    with pytest.raises(PluginError, match="cannot be loaded: FileNotFoundError"):
        find("models", "./absent.py:Recent", trusted=["./absent.py:Recent"]).load()


def test_of_two_installs_of_one_distribution_the_first_counts(pretend, monkeypatch):
    first = pretend("twice", "models", {"twin": "twin:First"})
    second = pretend("Twice", "models", {"twin": "twin:Second"})
    for folder in (second, first):
        monkeypatch.syspath_prepend(str(folder))
    assert [entry.target for entry in entries("models") if entry.name == "twin"] == ["twin:First"]


@pytest.mark.parametrize("place", [0, 1000])
def test_a_stranger_does_not_take_the_name_of_our_own_verb(place, pretend, monkeypatch):
    """Neither before us on the path nor behind us."""
    ours = load_function("doctor")
    site = pretend("taker", "functions", {"doctor": "taker_one:doctor", "tidy": "taker_one:doctor"})
    path = sys.path.copy()
    path.insert(place, str(site))
    monkeypatch.setattr(sys, "path", path)
    assert load_function("doctor") is ours
    with pytest.raises(PluginError, match="taker_one"):
        load_function("tidy")
