from __future__ import annotations

from pathlib import Path

import pytest

from benchsuite.errors import BenchsuiteError, ConfigError, PluginError
from benchsuite.plan import PluginSpec, bundled, read_experiment
from benchsuite.plan.experiment_file import check_experiment
from benchsuite.plan.resolve import resolve

GOOD = {"name": "x", "sources": ["demo"], "splits": ["random-holdout"], "models": ["popular"], "metrics": ["ndcg@10"]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"modles": ["als"]}, ['unknown key "modles"', 'did you mean "models"?']),
        ({"models": [{"use": "als", "wiht": {}}]}, ["models[1]", 'unknown key "wiht"', 'did you mean "with"?']),
        ({"models": []}, ["models", "at least 1"]),
        ({"seeds": ["one"]}, ["seeds[1]", "valid integer", "'one'"]),
        ({"seeds": [-1]}, ["seeds[1]", "greater than or equal to 0"]),
        ({"k": 0}, ["k", "greater than 0"]),
        ({"relevant": "all"}, ["relevant", "'taken' or 'liked'"]),
        (
            {"relevant": "taken", "relevant_from": 4},
            ['relevant = "taken"', "relevant_from = 4", "leave one of them out"],
        ),
        (
            {"relevant": "liked", "relevant_from": 4},
            ['relevant = "liked"', "relevant_from = 4", "leave one of them out"],
        ),
        ({"relevant_from": 0}, ["relevant_from", "greater than 0"]),
        ({"relevant_from": float("inf")}, ["relevant_from", "finite number"]),
        ({"relevant_from": True}, ["relevant_from", "valid number"]),
        ({"relevant_from": "4"}, ["relevant_from", "valid number"]),
        ({"name": "a/b"}, ["name", "pattern"]),
        ({"tune": {"on": "ndcg@10"}}, ["tune", "trials, seconds or both"]),
        ({"models": [{"use": "als", "grid": {"factors": []}}]}, ["models[1]", "grid.factors", "at least 1"]),
        ({"models": 3}, ["models", "valid list"]),
    ],
)
def test_a_mistake_is_one_line_with_its_place(change: dict[str, object], words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        check_experiment(GOOD | change, "my.toml")
    line = str(caught.value)
    assert line.startswith("my.toml: ")
    assert "\n" not in line
    for word in words:
        assert word in line


def test_a_missing_table_is_named() -> None:
    with pytest.raises(ConfigError, match=r"my\.toml: metrics: is missing"):
        check_experiment({name: value for name, value in GOOD.items() if name != "metrics"}, "my.toml")


def test_broken_toml_names_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text('name = "x"\nmodels = [\n"als"\nmetrics = 3\n')
    with pytest.raises(ConfigError, match=r"my\.toml: is not valid TOML: .*line 4"):
        read_experiment(str(file))


def test_a_typo_in_the_name_gets_a_suggestion() -> None:
    with pytest.raises(ConfigError, match='no experiment "quik"; did you mean'):
        read_experiment("quik")
    with pytest.raises(ConfigError, match=r'no experiment "nowhere/my\.toml"; check the path'):
        read_experiment("nowhere/my.toml")


@pytest.mark.parametrize("name", sorted(bundled()))
def test_bundled_experiments_can_be_read_and_all_their_plugins_set_up(name: str) -> None:
    experiment = read_experiment(name)
    assert experiment.name == name
    assert experiment.summary
    for kind in ("sources", "splits", "models", "metrics"):
        for choice in experiment.expanded(kind):
            assert resolve(kind, choice, name).plugin.settings() is not None


def test_a_grid_is_every_combination_with_its_own_label() -> None:
    choice = PluginSpec.model_validate(
        {"use": "als", "with": {"alpha": 2}, "grid": {"factors": [8, 16], "iterations": [1, 2]}}
    )
    labels = [one.label for one in choice.expand()]
    assert labels == [
        "als (factors=8, iterations=1)",
        "als (factors=8, iterations=2)",
        "als (factors=16, iterations=1)",
        "als (factors=16, iterations=2)",
    ]
    assert all(one.settings["alpha"] == 2 for one in choice.expand())


def test_two_rows_with_one_label_are_refused() -> None:
    experiment = check_experiment(GOOD | {"models": ["popular", {"use": "popular"}]}, "my.toml")
    with pytest.raises(ConfigError, match='two models are called "popular"'):
        experiment.expanded("models")


@pytest.mark.parametrize(
    ("kind", "choice", "message"),
    [
        ("models", {"use": "populer"}, 'x: unknown model "populer"; did you mean "popular"?'),
        (
            "models",
            {"use": "item-knn", "with": {"neighbors": 1}},
            'x: item-knn: unknown setting "neighbors"; did you mean "neighbours"?',
        ),
        (
            "models",
            {"use": "item-knn", "with": {"neighbours": "a"}},
            'x: item-knn: setting "neighbours": input should be a valid integer',
        ),
        ("metrics", {"use": "ndgc@10"}, 'x: unknown metric "ndgc@10"; did you mean "ndcg@10"?'),
        ("metrics", {"use": "ndcg@ten"}, 'x: "ndcg@ten" has no number after @; write for example ndcg@10'),
        ("sources", {"use": "dmeo"}, 'x: unknown source "dmeo"; did you mean "demo"?'),
        ("models", {"use": "./nowhere.py:M"}, "no Python file"),
    ],
)
def test_a_wrong_plugin_or_setting_is_one_line(kind: str, choice: dict[str, object], message: str) -> None:
    with pytest.raises(BenchsuiteError) as caught:
        resolve(kind, PluginSpec.model_validate(choice).expand()[0], "x")  # type: ignore[arg-type]
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_metrics_by_cutoff() -> None:
    picked = resolve("metrics", PluginSpec.model_validate({"use": "ndcg@7"}).expand()[0], "x")
    assert picked.label == "ndcg@7"
    assert picked.plugin.settings() == {"k": 7}
    assert picked.identity["plugin"] == "benchsuite/ndcg@k"


def test_a_model_of_the_wrong_kind_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("class M:\n    pass\n")
    with pytest.raises(PluginError, match=r"is not a benchsuite\.api\.Model"):
        resolve("models", PluginSpec.model_validate({"use": f"{file}:M"}).expand()[0], "x")
