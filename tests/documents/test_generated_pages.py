"""Pages that are made of the classes are whole, and what was worked out by hand is what the code gives."""

from __future__ import annotations

import json
import math
import re
import tomllib

import pytest

from benchsuite.plan.experiment_file import Experiment, check_experiment
from benchsuite.registry import OWN, entries
from make_site import interface_pages, metric_pages, model_pages, reference, split_pages, split_pictures
from make_site.assemble import RESULTS, filled
from make_site.desk import FIRST
from make_site.markdown import cell, citation, prose
from make_site.mathml import formula
from make_site.metric_examples import EXAMPLES


def names(kind):
    return {entry.name for entry in entries(kind) if entry.distribution == OWN}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_a_metric_worked_out_by_hand_is_what_the_code_gives(example):
    assert metric_pages.value(example) == pytest.approx(example.value, abs=1e-6)
    last = example.steps[-1].replace("mean of both:", "").split("=")[-1].split()
    shown = float(last[0]) if last[0].replace(".", "").lstrip("-").isdigit() else math.nan
    assert shown == pytest.approx(example.value, abs=6e-4), "the last step shows the result"


def test_every_metric_has_an_example():
    assert {example.name for example in EXAMPLES} == names("metrics")


def test_every_split_has_a_picture():
    assert set(split_pictures.CHOSEN) == names("splits")


@pytest.mark.parametrize("name", split_pictures.CHOSEN)
def test_a_picture_shows_where_each_row_fell(name):
    fold = split_pictures.first_fold(name)
    found = split_pictures.events(fold)
    parts = [event.part for event in found]
    assert parts.count("test") == len(set(fold.truth.value.tolist()))
    assert parts.count("train") + parts.count("validation") == len(fold.train.interactions)
    assert parts.count("validation") > 0
    drawn = split_pictures.picture(name)
    assert drawn.count("<circle") == len(found) == len(split_pictures.tiny().interactions)
    if getattr(entries_of_splits()[name].load(), "ordered", False):
        asked = min(event.day for event in found if event.part == "test")
        assert max(event.day for event in found if event.part in {"train", "validation"}) < asked


def entries_of_splits():
    return {entry.name: entry for entry in entries("splits")}


def test_every_model_has_a_note_and_no_note_is_of_another():
    assert set(model_pages.notes()) == names("models")
    assert all(set(note) - {"with"} == {"time", "memory", "when"} for note in model_pages.notes().values())


def test_every_model_is_in_the_table_once():
    told = model_pages.overview(RESULTS)
    assert all(told.count(f"[`{name}`](") == 1 for name in names("models"))


def test_a_row_that_the_kept_standings_lack_changes_no_page(tmp_path):
    costs = json.dumps({"cells": {"key": {"cpu_seconds": 1.0, "peak_memory_mb": 2.0}}})
    for name in ("als", "slim"):
        (tmp_path / "films.v1" / name).mkdir(parents=True)
        (tmp_path / "films.v1" / name / "costs.json").write_text(costs, "utf-8")
    (tmp_path / "films.v1" / "leaderboard.json").write_text('{"rows": {"als": {}}}', "utf-8")
    assert model_pages.costs(tmp_path) == {"als": ("films.v1", 1.0, 2.0)}


def test_the_page_of_a_model_tells_settings_needs_and_paper():
    told = model_pages.page("ease", RESULTS)
    for word in ("`regularization`", "10 to 10000, log", "Steck (2019)", "I³", "yes, by `benchsuite train`"):
        assert word in told


@pytest.mark.parametrize("name", sorted(names("models")))
def test_the_example_on_the_page_of_a_model_is_an_experiment(name):
    """It names the model, its settings exist, and a setting of the example is within its bounds."""
    (example,) = re.findall(r"```toml\n(.*?)```", model_pages.page(name, RESULTS), re.DOTALL)
    told = tomllib.loads(FIRST) | tomllib.loads(example)
    spec = check_experiment(told, where=name).models[-1]
    assert spec.use == name
    entries_of_models()[name].load().from_settings(spec.settings)


def entries_of_models():
    return {entry.name: entry for entry in entries("models") if entry.distribution == OWN}


def test_a_page_explains_the_letters_of_its_own_formulas_only():
    assert "P parameters" not in model_pages.page("ease", RESULTS)
    assert "\nI items.\n" in model_pages.page("ease", RESULTS)
    assert "tokens of all item texts" in model_pages.page("flm", RESULTS)
    ndcg = metric_pages.page("ndcg@k")
    assert "R: the query's relevant items. h with index j" in ndcg
    assert "U: people" not in ndcg
    assert "n: all pairs" in metric_pages.page("calibration-error")


def test_stars_around_words_emphasize_and_others_multiply():
    assert prose("x = u * i, and *New users* have *args") == r"x = u \* i, and *New users* have \*args"
    assert prose("*Two\nlines.* After") == "*Two\nlines.* After"


def test_a_marked_table_becomes_blocks_on_a_phone():
    told = filled("<!-- stacked -->\n| | what it is |\n|---|---|\n| `a` | x, `b\\|c` |\n| d |  |\n\nAfter.\n")
    assert told.startswith("<div class=\"stacked\" style=\"--head-1:'';--head-2:'what it is'\" markdown>\n")
    assert "| `a` | x, <code>b&#124;c</code> |\n| d |  |\n" in told
    assert told.endswith("</div>\n\nAfter.\n")


def test_every_key_of_an_experiment_is_told():
    told = reference.experiment_keys()
    for name, field in Experiment.model_fields.items():
        row = next(line for line in told.splitlines() if line.startswith(f"| `{field.alias or name}` |"))
        assert row.split("|")[-2].strip(), f"{name} has no meaning"


def test_every_verb_is_told():
    from benchsuite.cli.main import all_verbs

    told = reference.verbs()
    assert all(f"## {verb.name}\n" in told for verb in all_verbs())


def test_the_citation_is_that_of_the_file(repository):
    told = reference.cite(repository)
    assert "author = {{The benchsuite founders}}" in told
    assert "license = {Apache-2.0}" in told


def test_templates_are_what_new_writes():
    assert "class MyModel(Model):" in reference.template("model")
    assert "class MySource(Source):" in reference.template("source")


def test_every_public_name_is_on_a_page_of_the_interface():
    import benchsuite
    import benchsuite.api
    import benchsuite.data

    pages = interface_pages.api_pages()
    for path, module in (("functions", benchsuite), ("contracts", benchsuite.api), ("data", benchsuite.data)):
        told = pages[f"api/{path}.md"]
        for name in set(module.__all__) - {"__version__"}:
            assert f"## {name}\n" in told or f"| `{name}` |" in told, name
    assert "self" not in pages["api/contracts.md"].partition("```python")[2].partition("```")[0]


def test_a_docstring_becomes_lists():
    text = "Do it.\n\nArgs:\n    a: one\n        more.\n    b: two.\n\nRaises:\n    ValueError: when not."
    told = interface_pages.docstring(text)
    assert "**Arguments**\n\n- `a`: one more.\n- `b`: two.\n" in told
    assert "**Raises**\n\n- `ValueError`: when not." in told


def test_a_formula_is_mathml_without_a_script():
    told = formula("frac{a}{b} + sum{i=1}{n} sub{x}{i}")
    assert told.count("<mfrac>") == told.count("</mfrac>") == 1
    assert "<munderover>" in told
    assert "<msub>" in told
    with pytest.raises(ValueError, match="not closed"):
        formula("frac{a}{b")


def test_a_cell_keeps_bars_from_ending_it():
    assert cell("a | `b|c`") == "a &#124; <code>b&#124;c</code>"


def test_a_citation_is_one_line():
    entry = "@article{x, title={On {T}hings}, author={Doe, Jane and Roe, R. and Poe, E.}, journal={J}, year={2020}}"
    assert citation(entry) == "Doe et al. (2020). On Things. *J*."


def test_the_promises_of_splits_are_told():
    assert "candidates have no training row" in split_pages.overview()


def test_notes_are_toml():
    tomllib.loads((RESULTS.parents[1] / "docs" / "make_site" / "model_notes.toml").read_text("utf-8"))
