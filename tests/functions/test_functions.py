"""``import benchsuite``: light, and behind it frames and tables that say what the store says."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

import benchsuite
from benchsuite.cli.main import main
from benchsuite.data.result_tables import LARGE, SMALL
from benchsuite.errors import ConfigError, StoreError, UsageError
from benchsuite.interface import count
from benchsuite.plan.experiment_file import check_experiment

KINDS = {"string": ("str", "category"), "float64": ("float64",), "int64": ("int64",), "bool": ("bool",)}


@pytest.fixture(scope="module")
def results(toy_store):
    return benchsuite.load("toy", store=toy_store)


def test_the_import_is_light():
    code = "import sys, benchsuite; dir(benchsuite); print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    modules = done.stdout.split()
    assert "benchsuite" in modules
    assert "benchsuite.functions" not in modules
    assert not {"numpy", "pandas", "pydantic", "rich", "torch", "importlib.metadata"} & set(modules)


def test_it_has_what_it_says_and_nothing_else():
    for name in benchsuite.__all__:
        assert getattr(benchsuite, name) is not None
    assert set(dir(benchsuite)) == set(benchsuite.__all__)
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        benchsuite.lode  # noqa: B018 - the access is the test


@pytest.mark.parametrize("table", [*SMALL, *LARGE], ids=lambda table: table.name)
def test_frames_keep_the_schema(results, table):
    frame = getattr(results, table.name)
    assert tuple(frame.columns) == table.names
    for column in table.columns:
        assert str(frame[column.name].dtype) in KINDS[column.dtype]
    told = results.describe().query("frame == @table.name")
    assert list(told["column"]) == list(table.names)


def test_results_are_those_of_the_comparison(results):
    assert len(results.results) == len(results.comparison.rows) > 0
    for read, row in zip(results.results.itertuples(), results.comparison.rows, strict=True):
        assert (read.model, read.metric, read.state, read.reason) == (row.model, row.metric, row.state, row.reason)
        assert np.isnan(read.mean) if row.mean is None else read.mean == row.mean
    assert set(results.results.query("state == 'failed'").model) == {"<raises>"}
    assert len(results.contrasts) == len(results.comparison.contrasts) > 0


def test_values_per_query_average_to_the_value(results):
    """A metric that is a mean over queries: per seed and fold, then over these."""
    values = results.per_query.query("metric == 'ndcg@10'")
    means = values.groupby(["model", "seed", "fold"], observed=True).value.mean().groupby("model", observed=True).mean()
    wanted = results.results.query("metric == 'ndcg@10' and state == 'ok'").set_index("model")["mean"]
    assert set(means.index) == set(wanted.index) == {"counts", "other"}
    for model, value in wanted.items():
        assert means[model] == pytest.approx(value, rel=1e-12)


def test_rankings_give_the_metric_back(results):
    """nDCG@10 from the lists, by its definition; a query's number of right items is found from its recall of all."""
    lists = results.rankings
    assert lists.groupby(["model", "seed", "query"], observed=True)["rank"].max().max() <= 20
    assert not lists.duplicated(["model", "seed", "query", "item"]).any()
    top = lists[lists["rank"] <= 10]
    gain = (top.relevant / np.log2(top["rank"] + 1)).groupby([top.model, top.seed, top["query"]], observed=True).sum()
    values = results.per_query.query("metric == 'ndcg@10'").set_index(["model", "seed", "query"]).value
    for place, value in values.dropna().items():
        ideals = [np.sum(1 / np.log2(np.arange(2, 2 + hits))) for hits in range(1, 11)]
        assert any(value == pytest.approx(gain[place] / ideal) for ideal in ideals)
        assert (gain[place] == 0) == (value == 0)


def test_users_and_items_have_raw_ids(results):
    assert set(results.rankings.user) <= {f"u{j}" for j in range(40)}
    assert set(results.rankings.item) <= {f"i{j}" for j in range(30)}
    assert list(results.rankings["rank"].head(3)) == [1, 2, 3]


def test_frames_say_what_the_files_say(results, toy_store, tmp_path, capsys):
    words = ["--store", str(toy_store), "--out", str(tmp_path), "--queries", "--rankings"]
    for form in ("csv", "json", "parquet"):
        assert main(["report", "toy", "--as", form, *words]) == 1  # one model failed
    capsys.readouterr()
    for name in ("per_query", "rankings"):
        frame = getattr(results, name)
        plain = frame.astype({column: str for column in frame if str(frame[column].dtype) == "category"})
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / f"{name}.parquet"), plain)
        lines = [json.loads(line) for line in (tmp_path / f"{name}.jsonl").read_text().splitlines()]
        pd.testing.assert_frame_equal(pd.DataFrame(lines), plain, check_dtype=False)
        read = pd.read_csv(tmp_path / f"{name}.csv", keep_default_na=False, na_values={"value": [""], "score": [""]})
        pd.testing.assert_frame_equal(read, plain, check_dtype=False)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "results.parquet"), results.results)


class Texts(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.cells = set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_data(self, data):
        if self.cells:
            self.cells[-1] += data


def test_html_shows_every_model_and_reason_and_is_harmless(results):
    html = results._repr_html_()
    parser = Texts()
    parser.feed(html)
    assert not parser.tags & {"script", "raises", "style", "link", "img"}
    assert {"counts", "other", "<raises>"} <= set(parser.cells)
    assert any(cell.startswith("failed: ") for cell in parser.cells)
    for row in results.comparison.rows:
        if row.mean is not None and row.metric in ("f1", "ndcg@10"):
            assert any(re.fullmatch(rf"{row.mean:.4f}[▲▼]?", cell) for cell in parser.cells)
    assert html == benchsuite.load("toy", store=results._store.root)._repr_html_()


def test_text_is_the_terminal_report(results, capsys):
    assert repr(results) == '<Results of "toy": 1 data set, 1 split, 3 models; print() shows one screen>'
    print(results)
    text = capsys.readouterr().out
    assert "nDCG@10" in text
    assert "counts" in text
    assert "failed" in text
    file = io.StringIO()
    Console(file=file, width=70).print(results)
    assert max(map(len, file.getvalue().splitlines())) <= 70
    assert "nDCG@10" in file.getvalue()


def test_run_again_does_nothing_and_is_quiet(toy_parts, toy_store, capfd):
    again = benchsuite.run(benchsuite.Experiment("toy", **toy_parts), store=toy_store, offline=True, quiet=True)
    assert capfd.readouterr() == ("", "")
    assert again.outcome is not None
    assert again.outcome.done == 0
    assert {place.partition(" on ")[0] for place, _ in again.outcome.failed} == {"<raises>"}
    told = benchsuite.run(benchsuite.Experiment("toy2", **toy_parts | {"seeds": [0]}), store=toy_store, offline=True)
    assert told.name == "toy2"
    assert told.outcome.done == 0


def test_an_experiment_file_runs_too(toy_parts, toy_store, tmp_path):
    path = tmp_path / "mine.toml"
    source, (counts, *_) = toy_parts["sources"][0], toy_parts["models"]
    path.write_text(
        f'name = "mine"\nsources = ["{source}"]\nsplits = ["random-holdout"]\nk = 20\n'
        f'models = [{{ use = "{counts["use"]}", label = "counts" }}]\nmetrics = ["f1", "ndcg@10"]\n'
    )
    results = benchsuite.run(path, store=toy_store, offline=True, quiet=True)
    assert results.outcome.found == 2
    assert benchsuite.load("mine", store=toy_store).results.equals(results.results)


BAD = [
    {"models": []},
    {"models": "als"},
    {"models": [{"use": "als", "wth": {}}]},
    {"models": [5]},
    {"k": 0},
    {"seeds": [-1]},
    {"seeds": 3},
    {"relevant": "some"},
    {"tune": {"on": "f1"}},
    {"sources": None},
    {"timeout_minutes": 0},
]


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_mistakes_are_those_of_a_file(bad):
    good = {"sources": ["demo"], "splits": ["random-holdout"], "models": ["als"], "metrics": ["f1"]}
    with pytest.raises(ConfigError) as here:
        benchsuite.Experiment("mine", **good | bad)
    with pytest.raises(ConfigError) as there:
        check_experiment({"name": "mine"} | good | bad, where='experiment "mine"')
    assert str(here.value) == str(there.value)
    assert "\n" not in str(here.value)


def test_an_experiment_is_what_a_file_says():
    parts = {
        "sources": ["demo"],
        "splits": ["random-holdout"],
        "models": ["popular", {"use": "als", "grid": {"factors": [8, 16]}}],
        "metrics": ["f1"],
    }
    here = benchsuite.Experiment("mine", **parts, seeds=(1, 2), tune={"on": "f1", "trials": 3})
    there = check_experiment({"name": "mine", **parts, "seeds": [1, 2], "tune": {"on": "f1", "trials": 3}}, "a test")
    assert here.model_dump() == there.model_dump()
    assert [choice.label for choice in here.expanded("models")] == ["popular", "als (factors=8)", "als (factors=16)"]
    reused = benchsuite.Experiment("mine", **parts | {"models": here.expanded("models")})
    assert [choice.settings for choice in reused.models] == [{}, {"factors": 8}, {"factors": 16}]


def test_errors_are_one_line(toy_store, tmp_path):
    with pytest.raises(StoreError, match="no such store"):
        benchsuite.load("toy", store=tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
    with pytest.raises(StoreError, match='no run of "toi"'):
        benchsuite.load("toi", store=toy_store)
    with pytest.raises(StoreError, match=r'mean "fair"\? run it first \(benchsuite run fair\); runs here: .*toy'):
        benchsuite.load("first", store=toy_store)
    with pytest.raises(UsageError, match='no model "cuonts" in toy; did you mean "counts"'):
        benchsuite.load("toy", store=toy_store, against=["cuonts"])
    with pytest.raises(ConfigError, match='no experiment "quikc"; did you mean "quick"'):
        benchsuite.run("quikc", store=toy_store)
    with pytest.raises(UsageError, match="workers must be 1 or more"):
        benchsuite.run("demo", store=toy_store, workers=0)
    with pytest.raises(UsageError, match='device: no choice "tpu"; did you mean "cpu"'):
        benchsuite.run("demo", store=toy_store, device="tpu")


def test_against_adds_contrasts(results, toy_store):
    more = benchsuite.load("toy", store=toy_store, against=["other"]).contrasts
    assert set(more.role) == {"best reference", "chosen"}
    assert set(results.contrasts.role) == {"best reference"}


@pytest.mark.parametrize(
    ("number", "thing", "said"),
    [
        (1, "leak", "1 leak"),
        (0, "leak", "0 leaks"),
        (2000, "entry", "2,000 entries"),
        (1, "entry", "1 entry"),
        (3, "day", "3 days"),
    ],
)
def test_things_are_counted_in_words(number, thing, said):
    assert count(number, thing) == said
