"""Cornac by name: the same lists as Cornac gives, names and parameters checked, one line where it is missing."""

from __future__ import annotations

import json
import random
import subprocess
import sys

import numpy as np
import pytest

from benchsuite.api import Context
from benchsuite.cli.main import main
from benchsuite.errors import ConfigError, NotApplicable
from benchsuite.keys import content_key
from benchsuite_rivals import cornac_names
from benchsuite_rivals.cornac_model import CornacModel
from benchsuite_rivals.cornac_rows import VAECF, BERT4Rec, GRU4Rec
from benchsuite_rivals.tiger import TIGER
from benchsuite_testing import last_events, small_dataset
from support.walks import asks, walks

pytest.importorskip("cornac", reason="the extra cornac is not installed")

SEED = 7
CONTEXT = Context(seed=SEED, threads=1)


@pytest.fixture(scope="module")
def fold():
    return last_events(small_dataset())


def known(fold):
    """The queries of users with training rows that show all of them."""
    rows = np.bincount(fold.train.interactions.user, minlength=len(fold.train.users))
    return np.flatnonzero((fold.queries.counts == rows[fold.queries.user]) & (fold.queries.counts > 0))


def top(scores, seen, k=10):
    """The best k that were not seen, ties by code."""
    open_scores = np.where(np.isin(np.arange(len(scores)), seen) | np.isnan(scores), -np.inf, scores)
    return np.lexsort((np.arange(len(scores)), -open_scores))[:k].tolist()


def direct(name, parameters, train):
    """What a user of Cornac writes: build a data set of one's rows, fit, and ask; seeds set before."""
    import cornac
    import torch

    rows = train.interactions
    users, items = rows.user.tolist(), rows.item.tolist()
    random.seed(SEED)
    np.random.seed(SEED)  # noqa: NPY002 - what Cornac draws from
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        model = getattr(cornac.models, name)(seed=SEED, **parameters)
        if issubclass(type(model), cornac.models.NextItemRecommender):
            by_user = np.argsort(rows.user, kind="stable").tolist()
            events = [(users[row], users[row], items[row], row) for row in by_user]
            data = cornac.data.SequentialDataset.build(events, fmt="USIT", seed=SEED)
        else:
            pairs = list(dict.fromkeys(zip(users, items, strict=True)))
            data = cornac.data.Dataset.build([(*pair, 1.0) for pair in pairs], fmt="UIR", seed=SEED)
        return model.fit(data), data


CASES = {
    "EASE": ({}, {}),
    "BPR": ({"k": 5, "max_iter": 20}, {"num_threads": 1}),
    "MMMF": ({"k": 5, "max_iter": 5}, {"num_threads": 1}),
    "SASRec": ({"n_epochs": 2, "embedding_dim": 8, "n_sample": 16, "batch_size": 64, "max_len": 8}, {}),
    "FPMC": ({"n_epochs": 2}, {}),
}


@pytest.mark.parametrize("name", CASES)
def test_lists_are_those_of_cornac(name, fold):
    parameters, more = CASES[name]
    theirs, data = direct(name, parameters | more, fold.train)
    ours = CornacModel(name, parameters).fit(fold.train, CONTEXT)
    scores = ours.score(fold.queries, None)
    codes = np.fromiter(data.iid_map, int)
    for row in known(fold):
        history = fold.queries.items[int(row)]
        user = data.uid_map[int(fold.queries.user[row])]
        shown = {"history_items": [data.iid_map[int(item)] for item in history]} if ours._sequential else {}
        expected = np.full(scores.shape[1], np.nan)
        expected[codes] = theirs.score(user, **shown)
        assert top(scores[row], history) == top(expected.astype(np.float32), history)


def test_named_rows_answer_known_users_as_cornac_and_new_users_from_their_history(fold):
    ours = VAECF(epochs=5, factors=4, hidden=8).fit(fold.train, CONTEXT)
    parameters = {"k": 4, "autoencoder_structure": [8], "n_epochs": 5, "beta": 0.2}
    theirs, data = direct("VAECF", parameters, fold.train)
    scores = ours.score(fold.queries, None)
    for row in known(fold):
        expected = theirs.score(data.uid_map[int(fold.queries.user[row])])
        np.testing.assert_allclose(scores[row, np.fromiter(data.iid_map, int)], expected, rtol=1e-3, atol=1e-5)
    strangers = np.flatnonzero(~np.isin(fold.queries.user, fold.train.interactions.user))
    answered = ~np.isnan(scores[strangers]).all(axis=1)
    assert answered.tolist() == (fold.queries.counts[strangers] > 0).tolist()
    assert answered.any()


def test_what_predicts_from_a_user_abstains_for_new_ones_and_for_new_items(fold):
    scores = CornacModel("BPR", {"k": 4, "max_iter": 2}).fit(fold.train, CONTEXT).score(fold.queries, None)
    trained = np.isin(fold.queries.user, fold.train.interactions.user)
    warm = np.isin(np.arange(scores.shape[1]), fold.train.interactions.item)
    np.testing.assert_array_equal(~np.isnan(scores), trained[:, None] & warm)


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"model": "SASRek"}, 'Cornac has no model "SASRek"; did you mean "SASRec"?'),
        ({"model": "SASRec", "parameters": {"n_epoch": 3}}, 'no parameter "n_epoch"; did you mean "n_epochs"?'),
        ({"model": "SASRec", "parameters": {"n_epochs": "3", "loss": 1}}, '"loss" of Cornac\'s SASRec is 1, but'),
        ({"model": "SASRec", "parameters": {"seed": 3}}, "not for you to set: the experiment's seeds are used"),
        ({"model": "SASRec", "parameters": {"model_selection": "best"}}, "early stopping would need data"),
        ({"model": "Beacon"}, "predicts baskets"),
        ({"model": "FaissANN"}, "is built from another model"),
        ({"model": "PMF"}, 'predicts ratings and learns nothing of ones; set feedback = "explicit"'),
    ],
)
def test_names_and_parameters_are_checked_before_anything_runs(settings, line):
    with pytest.raises(ConfigError) as refused:
        CornacModel.from_settings(settings, where="here")
    assert line in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_cornac_itself_refuses_is_one_line(fold):
    with pytest.raises(ConfigError, match="Cornac's SASRec refuses its parameters: loss='hinge' not supported"):
        CornacModel("SASRec", {"loss": "hinge"}).fit(fold.train, CONTEXT)
    with pytest.raises(NotApplicable, match="Cornac's VBPR needs something that the data does not have"):
        CornacModel("VBPR").fit(fold.train, CONTEXT)


def test_ratings_are_given_where_asked(fold):
    given = CornacModel("BaselineOnly", feedback="explicit").fit(fold.train, CONTEXT).score(fold.queries, None)
    assert np.nanmean(given) == pytest.approx(fold.train.interactions.value.mean(), abs=0.3)


def test_nested_parameters_enter_the_key_canonically():
    one = CornacModel.from_settings({"model": "GRU4Rec", "parameters": {"layers": [10], "loss": "bpr"}})
    other = CornacModel.from_settings({"parameters": {"loss": "bpr", "layers": [10]}, "model": "GRU4Rec"})
    different = CornacModel.from_settings({"model": "GRU4Rec", "parameters": {"layers": [11], "loss": "bpr"}})
    keys = [content_key("settings", model.settings()) for model in (one, other, different)]
    assert keys[0] == keys[1] != keys[2]


def test_a_missing_extra_is_one_line_with_the_remedy(monkeypatch, fold):
    monkeypatch.setattr(cornac_names, "installed", lambda: False)
    for model in (GRU4Rec(), CornacModel("SASRec", {"n_epochs": 1})):
        with pytest.raises(ConfigError, match=r'not installed; pip install "benchsuite\[cornac\]"') as refused:
            model.fit(fold.train, CONTEXT)
        assert "\n" not in str(refused.value)


@pytest.mark.process
def test_looking_at_the_rows_imports_neither_cornac_nor_torch():
    code = (
        "import sys\nfrom benchsuite.registry import load_model\n"
        "for name in ('cornac', 'gru4rec', 'tiger', 'sasrec'): load_model(name)().settings()\n"
        "import json; print(json.dumps([name in sys.modules for name in ('cornac', 'torch')]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert json.loads(done.stdout) == [False, False]


def test_a_row_is_shown_with_its_parameters(capsys):
    assert main(["show", "model", "cornac"]) == 0
    assert "parameters" in capsys.readouterr().out


def test_fewer_sequences_than_a_batch_are_no_failure(fold):
    scores = GRU4Rec(epochs=1, factors=4, negatives=8, batch_size=512).fit(fold.train, CONTEXT)
    assert not np.isnan(scores.score(fold.queries, None)).all()


@pytest.mark.slow
def test_tiger_writes_what_comes_next(monkeypatch):
    """Vectors are drawn, so no language model is read. Every user walks through the items in their order."""
    data = walks()
    vectors = np.random.default_rng(1).normal(size=(len(data.items), 6)).astype(np.float32)
    monkeypatch.setattr("benchsuite_rivals.tiger.lm_vectors", lambda *_: (vectors, {"parameters": 0}))
    small = {"codes": 8, "levels": 2, "factors": 32, "feed_forward": 32, "heads": 2, "batch_size": 32}
    model = TIGER(epochs=25, history=3, beams=3, learning_rate=5e-3, dropout=0.0, **small).fit(data, CONTEXT)
    scores = model.score(asks(data, [0, 1, 2], [6, 7], [18, 19, 20, 21, 22, 23]), None)
    assert np.nanargmax(scores, axis=1).tolist() == [3, 8, 0]
    assert (~np.isnan(scores)).sum(axis=1).tolist() == [3, 3, 3]


@pytest.mark.parametrize(
    ("row", "batch", "settings"),
    [
        (GRU4Rec, 16, {"epochs": 1, "negatives": 64, "batch_size": 16}),
        (BERT4Rec, None, {"epochs": 1, "negatives": 64, "factors": 16, "history": 12, "layers": 1}),
    ],
)
def test_what_a_sampled_softmax_takes_from_popular_items_is_given_back(row, batch, settings, fold):
    """Corrected scores less Cornac's are log c(i): what a batch holds of an item, and what is drawn of it."""
    with_it = row(**settings).fit(fold.train, CONTEXT).score(fold.queries, None)
    plain = row(**settings, correction=0.0).fit(fold.train, CONTEXT).score(fold.queries, None)
    count = np.bincount(fold.train.interactions.item, minlength=len(fold.train.items)).astype(float)
    if batch is None:
        length = np.minimum(np.bincount(fold.train.interactions.user), 12)
        batch = 64 * 0.2 * length[length > 0].mean()
    warm = count > 0
    expected = np.log(batch * count[warm] / count.sum() + 64 * np.sqrt(count[warm]) / np.sqrt(count).sum())
    asked = ~np.isnan(plain[:, warm])
    np.testing.assert_array_equal(asked, ~np.isnan(with_it[:, warm]))
    assert asked.any()
    gap = (with_it - plain)[:, warm]
    np.testing.assert_allclose(gap[asked], np.broadcast_to(expected, gap.shape)[asked], atol=1e-4)


def test_other_losses_have_nothing_to_give_back(fold):
    settings = {"epochs": 1, "negatives": 64, "loss": "bpr-max"}
    scores = [
        GRU4Rec(**settings, correction=part).fit(fold.train, CONTEXT).score(fold.queries, None) for part in (0.0, 1.0)
    ]
    np.testing.assert_array_equal(*scores)
