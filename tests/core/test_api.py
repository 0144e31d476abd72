from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
import pytest
from annotated_types import Gt, Le

from benchsuite.api import Categorical, Context, Metric, Model, Plugin, Range
from benchsuite.errors import ConfigError, PluginError
from benchsuite.registry import load_model
from benchsuite_testing import last_events, small_dataset
from benchsuite_testing.evaluation_inputs import sample_answers


@dataclass
class Sample(Plugin):
    """A sample.

    With more to say.
    """

    factors: Annotated[int, Gt(0), Range(16, 256, log=True)] = 64
    rate: Annotated[float, Gt(0), Le(1)] = 0.1
    kind: Literal["cosine", "tfidf"] = "cosine"
    sizes: tuple[int, ...] = (1, 2)
    limit: int | None = None
    quiet: bool = False


def test_the_summary_is_the_first_line():
    assert Sample.summary() == "A sample."


def test_settings_are_json_and_come_back():
    sample = Sample.from_settings({"factors": 8, "rate": 0.5, "sizes": [3], "kind": "tfidf"})
    assert sample == Sample(factors=8, rate=0.5, kind="tfidf", sizes=(3,))
    assert sample.settings() == {
        "factors": 8,
        "rate": 0.5,
        "kind": "tfidf",
        "sizes": [3],
        "limit": None,
        "quiet": False,
    }
    assert list(Sample.fields()) == list(sample.settings())


def test_a_whole_number_is_fine_for_a_float():
    assert Sample.from_settings({"rate": 1}).rate == 1.0


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"facters": 8}, r'unknown setting "facters"; did you mean "factors"\?'),
        ({"factors": 0}, 'setting "factors": input should be greater than 0; it is 0 now'),
        ({"factors": "8"}, "setting \"factors\": input should be a valid integer; it is '8' now"),
        ({"factors": 8.5}, 'setting "factors": .* it is 8.5 now'),
        ({"factors": True}, 'setting "factors": .* it is True now'),
        ({"rate": 2}, 'setting "rate": input should be less than or equal to 1; it is 2 now'),
        ({"kind": "bm25"}, "setting \"kind\": .*; it is 'bm25' now"),
        ({"quiet": 1}, 'setting "quiet": .* it is 1 now'),
    ],
)
def test_wrong_settings_are_told_in_one_line(settings, said):
    with pytest.raises(ConfigError, match=f"^my.toml: models: {said}$"):
        Sample.from_settings(settings, where="my.toml: models")


@pytest.mark.parametrize(("low", "high", "log"), [(2, 1, False), (1, 1, False), (0, 1, True)])
def test_ranges_that_cannot_be_searched_are_refused(low, high, log):
    with pytest.raises(ValueError, match="is no range"):
        Range(low, high, log=log)


def test_choices_keep_their_order():
    assert Categorical("b", "a").options == ("b", "a")


def test_context_knows_when_time_is_up():
    assert not Context().out_of_time()
    assert Context(deadline=time.monotonic() - 1).out_of_time()
    assert not Context(deadline=time.monotonic() + 1000).out_of_time()


def test_progress_goes_to_the_harness():
    heard = []
    Context(report=lambda *words: heard.append(words)).progress(1, 3, "loss 0.5")
    Context().progress(1, 3)
    assert heard == [(1, 3, "loss 0.5")]


@dataclass
class Products(Model):
    """Scores by user code times item code."""

    calls: ClassVar[list[int]] = []

    def fit(self, train, context):
        self._items = len(train.items)
        return self

    def score(self, queries, candidates):
        self.calls.append(len(queries))
        items = np.arange(self._items) if candidates is None else candidates
        return (queries.user[:, None] * items[None, :] + queries.counts[:, None]).astype(np.float32)


def test_pairs_are_scored_in_blocks_like_everything_else():
    fold = last_events(small_dataset())
    model = Products().fit(fold.train, Context())
    many = fold.queries
    rng = np.random.default_rng(0)
    query = np.sort(rng.integers(0, len(many), 200)).astype(np.int32)
    item = rng.integers(0, len(fold.train.items), 200).astype(np.int32)
    np.testing.assert_array_equal(model.score_pairs(many, query, item), model.score(many, None)[query, item])
    none = np.zeros(0, np.int32)
    assert model.score_pairs(many, none, none).shape == (0,)


def test_a_model_leaves_ranking_to_the_harness_by_default():
    fold = last_events(small_dataset())
    model = Products().fit(fold.train, Context())
    assert model.recommend(fold.queries, None, 3, fold.blocked) is None


@dataclass
class Given(Metric):
    """Returns given values."""

    def measure(self, evidence):
        return np.where(np.arange(len(evidence)) % 2 == 0, np.nan, np.arange(len(evidence)))


def test_the_default_estimate_is_a_weighted_mean_of_the_queries_that_count():
    answers = sample_answers("mixed")
    values = Given().measure(answers)
    weights = np.stack([np.ones(len(answers)), np.arange(len(answers)) == 3, np.zeros(len(answers))])
    mean, third, nothing = Given().estimate(answers, values, weights)
    assert mean == np.arange(1, len(answers), 2).mean()
    assert third == 3
    assert np.isnan(nothing)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("proposed", "is_candidate"),
        ("ceiling", "is_oracle"),
        ("partial", "may_abstain"),
        ("personal", "is_personalized"),
    ],
)
@pytest.mark.parametrize("form", ["{} = True", "{}: ClassVar[bool] = True", "{}: 'ClassVar[bool]' = False"])
def test_a_declaration_under_its_earlier_name_is_refused(old, new, form):
    code = f"from typing import ClassVar\nclass Old(Model):\n    {form.format(old)}"
    with pytest.raises(TypeError, match=f'^Old sets "{old}", which is called "{new}" now: rename it$'):
        exec(code, {"Model": Model})  # noqa: S102 - the class body is the test


def test_a_setting_may_have_such_a_name():
    @dataclass
    class Other(Model):
        partial: bool = True

    assert Other.fields() == {"partial": bool}


def test_a_plugin_file_of_earlier_days_is_refused_in_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(
        "from benchsuite.api import Model\n\n\nclass Mine(Model):\n    proposed = True\n", "utf-8"
    )
    with pytest.raises(PluginError) as refused:
        load_model("./mine.py:Mine", trusted=["./mine.py:Mine"])
    assert str(refused.value) == (
        "model Mine (./mine.py:Mine): cannot be loaded: "
        'TypeError: Mine sets "proposed", which is called "is_candidate" now: rename it; correct ./mine.py'
    )
