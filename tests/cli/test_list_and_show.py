from __future__ import annotations

import json
import re

import pytest

import benchsuite
from benchsuite.cli.main import main
from benchsuite.functions.plugin_facts import kept_facts, own_facts
from benchsuite.functions.setting_text import range_text, type_text
from benchsuite.plan.experiment_file import bundled
from benchsuite.registry import KINDS, PluginEntry, entries


def test_list_shows_every_installed_plugin_by_kind(capsys):
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    for kind in KINDS:
        assert f"{kind}\n" in out
        for entry in entries(kind):
            assert f"\n{entry.name} " in out
    assert f"benchsuite {benchsuite.__version__}" in out


@pytest.mark.parametrize("word", ["models", "model"])
def test_list_of_one_kind(word, capsys):
    assert main(["list", word, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["kind"] for row in rows} == {"model"}
    assert [row["name"] for row in rows] == [entry.name for entry in entries("models")]
    assert {row["distribution"] for row in rows if row["name"] == "ease"} == {"benchsuite"}
    assert next(row["summary"] for row in rows if row["name"] == "ease").startswith("Embarrassingly shallow")


def test_what_is_kept_of_our_own_plugins_is_what_they_say():
    """Where this fails, write the file anew: python -m benchsuite.functions.plugin_facts."""
    assert kept_facts() == own_facts()


def test_list_of_models_that_need_a_text(capsys):
    assert main(["list", "models", "--needs", "text", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {"flm", "content-tfidf"} <= {row["name"] for row in rows}
    assert all("item text" in row["needs"] or "user text" in row["needs"] for row in rows)
    assert {row["saved"] for row in rows if row["name"] in ("flm", "content-lm")} == {True, False}
    assert main(["list", "--needs", "nothing-of-this-name"]) == 0
    assert capsys.readouterr().out.split() == []
    assert main(["list", "models", "--needs", "tetx"]) == 0
    assert 'nothing here needs "tetx"; did you mean "text"?' in capsys.readouterr().err


def test_show_of_an_experiment_by_kind_says_where_it_is_shown(capsys):
    assert main(["show", "experiment", "demo"]) == 2
    assert "an experiment is no plugin; see benchsuite plan demo" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["experiments", "experiment"])
def test_list_of_bundled_experiments_with_their_times(word, capsys):
    assert main(["list", word]) == 0
    out = capsys.readouterr().out
    for name in bundled():
        assert f"\n{name} " in out
    assert re.search(r"^demo +1 minute  ", out, re.MULTILINE)
    assert "ease " not in out


def test_a_plugin_of_another_package_is_not_imported_for_a_list(monkeypatch, capsys):
    foreign = PluginEntry("models", "theirs", "their-package", "2.0", "no_such_module:Theirs")
    monkeypatch.setattr("benchsuite.functions.list_plugins.entries", lambda _: (foreign,))
    assert main(["list", "models"]) == 0
    out, err = capsys.readouterr()
    assert "their-package 2.0" in out
    assert "what theirs can do is told with --load" in err
    assert main(["list", "models", "--load"]) == 0
    assert "broken: " in capsys.readouterr().out


def test_list_load_tells_summaries(capsys):
    assert main(["list", "splits", "--load", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["state"] for row in rows} == {"ok"}
    assert all(row["summary"] for row in rows)


def test_show_tells_settings_with_types_ranges_and_needs(capsys):
    assert main(["show", "model", "ease", "--json"]) == 0
    about = json.loads(capsys.readouterr().out)
    assert about["kind"] == "model"
    assert about["version"]
    assert about["origin"] == f"benchsuite {benchsuite.__version__}"
    (setting,) = about["settings"]
    assert setting["name"] == "regularization"
    assert setting["type"] == "float > 0"
    assert setting["search"].endswith("log")
    assert about["cite"]
    assert main(["show", "content-tfidf", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["facts"]["needs"] == ["item text"]


def test_show_as_text(capsys):
    assert main(["show", "ease"]) == 0
    out = capsys.readouterr().out
    for word in ("ease", "regularization", "search range", "benchsuite_classic.ease:EASE", "@inproceedings"):
        assert word in out


@pytest.mark.parametrize("kind", KINDS)
def test_show_works_for_everything_installed(kind, capsys):
    for entry in entries(kind):
        assert main(["show", kind, entry.name]) == 0
        assert entry.target in capsys.readouterr().out


def test_show_finds_a_metric_by_its_cutoff(capsys):
    assert main(["show", "ndcg@5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "ndcg@k"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["lst"], 'unknown verb "lst"; did you mean "list"?'),
        (["list", "modles"], 'no kind of plugin is called "modles"; did you mean "models"?'),
        (["list", "--jsn"], 'unknown option "--jsn"; did you mean "--json"?'),
        (["show", "esae"], 'no plugin is called "esae"; did you mean "ease"?'),
        (["show", "model", "esae"], 'unknown model "esae"; did you mean "ease"?'),
        (["show", "modle", "ease"], 'no kind of plugin is called "modle"; did you mean "models"?'),
        (["show"], "missing argument [KIND] NAME; see benchsuite show --help"),
        (["show", "quick"], 'no plugin is called "quick": it is an experiment; see benchsuite plan quick'),
        (["show", "quik"], 'no plugin is called "quik"; did you mean "quick"?'),
        (
            ["show", "model"],
            '"model" names a kind, not one of its plugins; see them with benchsuite list models',
        ),
        (
            ["show", "experiments"],
            '"experiments" names a kind, not one of its plugins; see them with benchsuite list',
        ),
        (
            ["load", "quick"],
            '"load" is no verb: it is for Python only, benchsuite.load; in a shell: benchsuite report',
        ),
        (
            ["plan_experiment"],
            '"plan_experiment" is no verb: it is for Python only, benchsuite.plan_experiment; in a',
        ),
        (
            ["report", "nothing", "--store", "."],
            '.: no run of "nothing"; no experiment has this name either; known: ',
        ),
        (["report", "quik", "--store", "."], '.: no run of "quik"; did you mean "quick"? run it first'),
        (["run", "--modles", "als"], 'unknown option "--modles"; did you mean "--model"?'),
        (["run", "--zzz", "als"], 'unknown option "--zzz"; see benchsuite run --help'),
        (["run", "--wokers", "2"], 'unknown option "--wokers"; did you mean "--workers"?'),
        (["check", __file__], f"{__file__}: no class of the file is named; name one: {__file__}:"),
        (["show", "./nowhere.py"], "./nowhere.py: no such file; check the path, and name a class: ./nowhere.py:CLASS"),
        (["show", "./nowhere.py:X"], "./nowhere.py: no such file; check the path"),
    ],
)
def test_mistakes_are_one_line_and_exit_2(words, said, capsys):
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"error: {said}")
    assert err.count("\n") == 1


@pytest.mark.parametrize("kind", KINDS)
def test_show_explains_every_setting_in_plain_text(kind, capsys):
    for entry in entries(kind):
        assert main(["show", kind, entry.name, "--json"]) == 0
        about = json.loads(capsys.readouterr().out)
        assert all(setting["meaning"] for setting in about["settings"]), entry.name
        assert "Attributes:" not in about["description"]
        assert main(["show", kind, entry.name]) == 0
        shown = capsys.readouterr().out.partition("@")[0]
        assert "``" not in shown
        assert ":class:" not in shown


def test_show_fits_the_terminal(capsys, monkeypatch):
    monkeypatch.setattr("benchsuite.interface.terminal_width", lambda: 60)
    assert main(["show", "flm"]) == 0
    prose = capsys.readouterr().out.partition("\n@")[0]
    assert max(map(len, prose.splitlines())) <= 60
    assert "\n      largest learning rate of the projection.\n" in prose


class OnlyClass:
    """What the check of a file without a class names."""


class DerivedClass(OnlyClass):
    """It has a base, as a plugin has."""


def test_check_names_the_classes_of_a_file(capsys):
    assert main(["check", "model", __file__]) == 2
    assert f"name one: {__file__}:DerivedClass\n" in capsys.readouterr().err


def test_version_and_help(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"benchsuite {benchsuite.__version__}\n"
    assert main(["--help"]) == 0
    helped = capsys.readouterr().out
    assert main([]) == 0
    assert capsys.readouterr().out == helped
    verbs = ("list", "show", "data", "plan", "run", "status", "report", "compare", "train", "recommend")
    verbs += ("check", "new", "doctor")
    assert all(f"\n  {verb} " in helped for verb in verbs)
    for verb in verbs:
        assert main([verb, "--help"]) == 0
        assert f"Usage: benchsuite {verb}" in capsys.readouterr().out


def test_settings_in_words():
    from benchsuite_protocol.splits.user_cold import UserCold
    from benchsuite_testing import small_dataset

    hints = UserCold.fields()
    assert type_text(hints["users"]) == "float > 0 and < 1"
    assert type_text(hints["history"]).startswith("tuple[int >= 0")
    assert type_text(int | None) == "int | none"
    assert range_text(hints["users"]) == ""
    assert small_dataset() is not None


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_show_prints_the_schema_of_tidy_tables(form, capsys):
    from benchsuite.data.result_tables import LARGE, SMALL

    assert main(["show", "report", form]) == 0
    text = capsys.readouterr().out
    for table in (*SMALL, *LARGE):
        assert f"{table.name}: {table.about}" in text
        assert all(column.meaning in text for column in table.columns)
    assert main(["show", "report", form, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["tables"]
    assert [table["name"] for table in told] == [table.name for table in (*SMALL, *LARGE)]
    assert main(["show", "report", "html", "--json"]) == 0
    assert "tables" not in json.loads(capsys.readouterr().out)
