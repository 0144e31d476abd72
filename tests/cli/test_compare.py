"""``benchsuite compare``: it names what changed, tests where it may, and says why where it may not."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

import benchsuite
from benchsuite.analysis import plan_key
from benchsuite.cli.main import main
from benchsuite.store.json_files import to_text, with_sum


@pytest.fixture(scope="module")
def variants(toy_parts, toy_store):
    """Runs beside "toy": another model under a label, other seeds, other meanings of metrics."""
    counts, other, _ = toy_parts["models"]
    popular = {"use": "popular", "label": "other"}
    redefined = ["f1", {"use": "ndcg@k", "with": {"k": 5}, "label": "ndcg@10"}]
    changes = {
        "toy-model": {"models": [counts, popular]},
        "toy-seeds": {"models": [counts, other], "seeds": (1,)},
        "toy-rules": {"models": [counts, other], "metrics": redefined, "threshold": "f1"},
        "toy-apart": {"models": [{**counts, "label": "mine"}]},
    }
    return {
        name: benchsuite.run(
            benchsuite.Experiment(name, **toy_parts | parts), store=toy_store, offline=True, threads=1, quiet=True
        )
        for name, parts in changes.items()
    }


@pytest.fixture
def compare(toy_store, variants, capsys):
    """Run the verb; return the exit code and its JSON or its complaint."""
    assert all(run.outcome is not None for run in variants.values())

    def run(*words: str):
        capsys.readouterr()
        code = main(["compare", *words, "--store", str(toy_store), "--json"])
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else err

    return run


def by_place(document, metric, model="other"):
    (found,) = [one for one in document["results"] if one["metric"] == metric and one["models"][0] == model]
    return found


@pytest.mark.slow
def test_another_model_is_named_and_tested(compare, variants, toy_store):
    code, found = compare("toy", "toy-model")
    assert code == 0
    changes = {(one["kind"], one["what"]): (one["a"], one["b"]) for one in found["changes"]}
    assert changes["model", "other: plugin"] == ("random", "popular")
    assert changes["model", "<raises>"] == ("there", None)
    assert not {kind for kind, _ in changes} & {"settings", "data", "split", "metric"}
    assert by_place(found, "ndcg@10", "counts")["why_no_test"] == "the same cells: nothing was fitted anew"
    one = by_place(found, "ndcg@10")
    before, after = benchsuite.load("toy", store=toy_store), variants["toy-model"]
    means = [run.results.query("model == 'other' and metric == 'ndcg@10'")["mean"].item() for run in (before, after)]
    assert (one["a"]["mean"], one["b"]["mean"]) == tuple(means)
    assert one["difference"] == means[1] - means[0]
    contrast = one["contrast"]
    assert contrast["difference"] == pytest.approx(one["difference"])
    assert contrast["ci_low"] < one["difference"] < contrast["ci_high"]
    assert (contrast["model"], contrast["reference"], contrast["family"]) == ("other", "other", 2)


def test_the_test_is_that_of_other_software(compare, variants, toy_store):
    """p by scipy's permutation of signs of whole users; Holm by statsmodels."""
    _, found = compare("toy", "toy-model")
    one = by_place(found, "ndcg@10")
    values = []
    for run in (benchsuite.load("toy", store=toy_store), variants["toy-model"]):
        frame = run.per_query.query("model == 'other' and metric == 'ndcg@10'")
        values.append(frame.astype({"user": str}).set_index(["seed", "query", "user"])["value"])
    delta = (values[1] - values[0]).dropna()
    share = delta / delta.groupby("seed").transform("size") / 2
    users = share.groupby("user").sum().to_numpy()
    drawn = stats.permutation_test(
        (users,), np.sum, permutation_type="samples", n_resamples=9_999, random_state=np.random.default_rng(3)
    )
    assert one["contrast"]["p"] == pytest.approx(drawn.pvalue, abs=0.02)
    tested = [each["contrast"] for each in found["results"] if each["contrast"] is not None]
    assert len(tested) == 2
    wanted = multipletests([each["p"] for each in tested], method="holm")[1]
    assert [each["p_holm"] for each in tested] == pytest.approx(wanted)


def test_other_folds_are_not_tested(compare):
    code, found = compare("toy", "toy-seeds")
    assert code == 0
    assert [one["what"] for one in found["changes"] if one["kind"] == "settings"] == ["seeds"]
    one = by_place(found, "ndcg@10")
    assert one["contrast"] is None
    assert one["why_no_test"].startswith("not the same folds: 1 in common, of 2 in A and 1 in B")
    assert one["difference"] == one["b"]["mean"] - one["a"]["mean"]


def test_other_meanings_are_not_tested(compare):
    _, found = compare("toy", "toy-rules")
    changes = {(one["kind"], one["what"]): (one["a"], one["b"]) for one in found["changes"]}
    assert changes["settings", "threshold"] == ("accuracy", "f1")
    assert changes["metric", "ndcg@10: k"] == (10, 5)
    assert '"threshold" differs' in by_place(found, "f1")["why_no_test"]
    assert "other settings or another version" in by_place(found, "ndcg@10")["why_no_test"]


def test_two_models_of_one_run(compare):
    code, found = compare("toy", "--models", "counts", "other")
    assert code == 0
    changes = {one["what"]: (one["a"], one["b"]) for one in found["changes"]}
    assert changes["counts / other: power"] == (1.0, None)
    (one,) = [one for one in found["results"] if one["metric"] == "f1"]
    assert one["models"] == ["counts", "other"]
    assert (one["contrast"]["model"], one["contrast"]["reference"]) == ("other", "counts")
    _, back = compare("toy", "--models", "other", "counts")
    (mirrored,) = [each for each in back["results"] if each["metric"] == "f1"]
    assert mirrored["difference"] == -one["difference"]
    assert mirrored["contrast"]["p"] == pytest.approx(one["contrast"]["p"])
    code, found = compare("toy", "--models", "counts", "<raises>")
    assert code == 1
    assert all("no value in B: failed" in one["why_no_test"] for one in found["results"] if "@" in one["metric"])


def test_two_stores_with_other_code(compare, toy_store, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(toy_store, other)
    for path in (other / "cell").glob("*/*/manifest.json"):
        manifest = json.loads(path.read_text())
        if "provenance" in manifest:
            manifest["provenance"] |= {"commit": "0123abc"}
            manifest["provenance"]["packages"] |= {"numpy": "9.9"}
            manifest["provenance"]["hardware"] |= {"cores": 4096}
        path.write_text(to_text(with_sum(manifest)))
    _, found = compare("toy", "--store-b", str(other), "--metric", "f1")
    changes = {(one["kind"], one["what"]): one["b"] for one in found["changes"]}
    assert changes == {("code", "commit"): "0123abc", ("code", "numpy"): "9.9", ("machine", "hardware.cores"): "4096"}
    assert {one["metric"] for one in found["results"]} == {"f1"}
    assert found["summary"]["the same cells"] == 2


def test_a_plan_is_found_by_its_key_and_by_its_file(compare, variants, tmp_path):
    key = plan_key(variants["toy-model"].plan)
    _, named = compare("toy", "toy-model")
    _, keyed = compare("toy", key[:16])
    assert keyed["results"] == named["results"]
    assert keyed["b"]["plan"] == key
    file = tmp_path / "x.toml"
    file.write_text(
        'name = "toy-model"\nsources = ["demo"]\nsplits = ["item-cold"]\nmodels = ["als"]\nmetrics = ["f1"]\n'
    )
    assert compare("toy", str(file))[1]["results"] == named["results"]


def test_mistakes_are_one_line(compare, tmp_path):
    for words, what in (
        (
            ["toy"],
            "toy: nothing is named to compare it with; name B, --store-b DIR or --models X Y; plans kept of toy: ",
        ),
        (["toy", "toi"], 'no run of "toi"'),
        (["toy", "ffffffffffff"], 'no run of "ffffffffffff"'),
        (["toy", "toy-apart"], "toy and toy-apart have no models in common; toy has counts, other, <raises>"),
        (["toy", "--models", "counts", "othr"], 'no model "othr" in toy; did you mean "other"?'),
        (["toy", "toy-model", "--metric", "f2"], 'no metric "f2" on both sides; did you mean "f1"?'),
        (["toy", "--store-b", str(tmp_path / "no")], "no such store; check --store-b"),
        (["toy", "no.toml"], 'no experiment "no.toml"; check the path'),
    ):
        code, err = compare(*words)
        assert code == 2
        assert what in err
        assert err.count("\n") == 1


def test_the_terminal_says_the_same(compare, toy_store, capsys):
    _, found = compare("toy", "toy-model")
    assert main(["compare", "toy", "toy-model", "--store", str(toy_store)]) == 0
    text = capsys.readouterr().out
    one = by_place(found, "ndcg@10")
    line = next(line for line in text.splitlines() if "ndcg@10" in line and "other" in line)
    assert f"{one['a']['mean']:.4f}" in line
    assert f"{one['difference']:+.4f} [{one['contrast']['ci_low']:+.4f}" in line
    assert line.rstrip().endswith(one["verdict"])
    assert "no test of counts (2 values): the same cells: nothing was fitted anew" in text
    assert "costs (seconds, memory, energy) are measured once and not tested" in text
    assert main(["compare", "toy", "toy", "--store", str(toy_store)]) == 1  # one of its models failed
    assert "nothing in settings, data, models or code" in capsys.readouterr().out
