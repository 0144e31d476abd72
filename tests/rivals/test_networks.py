"""Own networks: equal to those of others, answers for new users, early stopping, resuming."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from benchsuite.api import Context
from benchsuite.errors import ConfigError
from benchsuite_rivals.lightgcn import LightGCN
from benchsuite_rivals.sasrec import SASRec
from benchsuite_rivals.sasrec_network import SASRecNetwork
from benchsuite_testing import last_events, small_dataset
from support.walks import asks, walks

CONTEXT = Context(seed=3, threads=1)


@pytest.mark.slow
@pytest.mark.parametrize("loss", [{"loss": "bce"}, {}, {"negatives": 8}, {"loss": "bce", "negatives": 3}])
def test_sasrec_learns_the_order_and_answers_new_users(loss):
    data, shown = walks(), ([0, 1, 2], [7], [18, 19, 20, 21, 22, 23])
    small = {"epochs": 30, "factors": 16, "history": 5, "dropout": 0.0, "batch_size": 16}
    model = SASRec(learning_rate=0.01, **small, **loss).fit(data, CONTEXT)
    scores = model.score(asks(data, *shown), None)
    for row, items in enumerate(shown):
        scores[row, items] = np.nan  # as the harness does; a negative is never from the own window
    assert np.nanargmax(scores, axis=1).tolist() == [3, 8, 0]


def test_sasrec_refuses_heads_that_do_not_divide_the_width():
    with pytest.raises(ConfigError, match="3 heads do not divide factors = 64"):
        SASRec.from_settings({"heads": 3})


def test_sasrec_is_the_network_of_cornac():
    """With its weights, the state after a history is that of Cornac's, filled up on the left."""
    pytest.importorskip("cornac", reason="the extra cornac is not installed")
    from cornac.models.sasrec.sasrec import SASRecModel

    theirs = SASRecModel(30, embedding_dim=8, maxlen=6, n_layers=2, n_heads=2, use_biases=False, init_std=0.5).eval()
    ours = SASRecNetwork(30, 8, 6, 2, 2, 0.0).eval()
    weights = {name: value.squeeze(-1) if "process" in name else value for name, value in theirs.state_dict().items()}
    weights["pos_emb.weight"] = weights["pos_emb.weight"][:6]
    ours.load_state_dict(weights)
    history = torch.tensor([4, 7, 29, 0])
    left = torch.full((1, 6), 30)
    left[0, 2:] = history
    right = torch.full((1, 5), 30)
    right[0, :4] = history
    with torch.no_grad():
        expected = theirs.predict(None, left)
        state = ours(right, torch.tensor([4]))[0, 3]
        found = (ours.item_emb.weight[:-1] @ state).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_lightgcn_is_that_of_torch_geometric():
    models = pytest.importorskip("torch_geometric.nn.models", reason="torch-geometric is not installed")
    data = small_dataset()
    model = LightGCN(epochs=2, factors=8, layers=2).fit(data, CONTEXT)
    user, item = model._pairs // len(model._items), model._pairs % len(model._items)
    users, size = len(model._users), len(model._items)
    network = model._build(data, CONTEXT)
    theirs = models.LightGCN(users + size, 8, 2)
    theirs.load_state_dict({"alpha": theirs.alpha, "embedding.weight": network.embedding.weight})
    edges = torch.from_numpy(np.stack([user, users + item]))
    with torch.no_grad():
        expected = theirs.get_embedding(torch.cat([edges, edges.flip(0)], dim=1))
        torch.testing.assert_close(torch.stack(network()).mean(dim=0), expected)


def test_lightgcn_answers_a_new_user_as_the_graph_would_without_an_embedding():
    data = small_dataset()
    model = LightGCN(epochs=2, factors=8, layers=2).fit(data, CONTEXT)
    shown = model._items[[1, 5, 6]]
    degree = model._degree[[1, 5, 6]]
    network = model._build(data, CONTEXT)
    model._score_with(network)
    with torch.no_grad():
        layers = [layer[len(model._users) :].numpy() for layer in network()]
    own = [np.zeros(8)] + [(layer[[1, 5, 6]] / np.sqrt(3 * degree)[:, None]).sum(axis=0) for layer in layers[:-1]]
    expected = np.mean(layers, axis=0) @ np.mean(own, axis=0)
    cold = np.setdiff1d(np.arange(len(data.users)), data.interactions.user)[0]
    fold = last_events(data)
    asked = dataclasses.replace(
        asks(data, shown), user=np.array([cold], np.int32), history=fold.queries.history.take(np.zeros(3, int))
    )
    asked = dataclasses.replace(asked, history=dataclasses.replace(asked.history, item=shown.astype(np.int32)))
    np.testing.assert_allclose(model.score(asked, None)[0, model._items], expected, rtol=1e-4, atol=1e-6)


def test_early_stopping_reads_the_validation_fold_only():
    fold = last_events(small_dataset())
    context = dataclasses.replace(CONTEXT, validation=fold.validation)
    told = []
    context = dataclasses.replace(context, report=lambda _, __, note: told.append(note.partition(",")[0]))
    model = SASRec(epochs=12, factors=8, patience=1, every=2).fit(fold.train, context)
    best = model.facts()["stopping"]["epochs"]
    assert best == 2 * (1 + int(np.argmax(model.facts()["stopping"]["ndcg@10"])))
    assert told.count("train") == best
    assert told.count("search") >= best
    assert "no validation fold" in SASRec(epochs=1, patience=1).fit(fold.train, CONTEXT).facts()["stopping"]


def test_a_killed_training_goes_on_where_it_was(tmp_path, monkeypatch):
    from benchsuite_rivals import network_model

    monkeypatch.setattr(network_model, "_SAVE_EVERY", 0.0)
    data = small_dataset()
    whole = SASRec(epochs=6, factors=8).fit(data, CONTEXT)

    class Killed(Exception):  # noqa: N818 - no error
        pass

    def kill(done, _, __):
        if done == 4:
            raise Killed

    kept = dataclasses.replace(CONTEXT, checkpoint=tmp_path)
    with pytest.raises(Killed):
        SASRec(epochs=6, factors=8).fit(data, dataclasses.replace(kept, report=kill))
    done = []
    again = SASRec(epochs=6, factors=8).fit(
        data, dataclasses.replace(kept, report=lambda epoch, _, __: done.append(epoch))
    )
    assert done == [4, 5, 6]
    queries = last_events(data).queries
    np.testing.assert_array_equal(again.score(queries, None), whole.score(queries, None))
    other = []
    SASRec(epochs=1, factors=8, dropout=0.3).fit(
        data, dataclasses.replace(kept, report=lambda epoch, _, __: other.append(epoch))
    )
    assert other == [1], "a checkpoint of other settings is never found"


def test_lightgcn_is_trained_by_plain_adam_and_begins_as_it_is_told():
    data = small_dataset()
    assert LightGCN.betas == (0.9, 0.999)
    assert SASRec.betas == (0.9, 0.98), "its paper's"
    wide, narrow = (
        LightGCN(initial_deviation=deviation, factors=32)._build(data, CONTEXT).embedding.weight.std().item()
        for deviation in (0.1, 0.01)
    )
    assert (wide, narrow) == pytest.approx((0.1, 0.01), rel=0.1)


def test_lightgcn_draws_pairs_once_or_users_alike():
    data = small_dataset()
    random = torch.Generator().manual_seed(1)
    each, drawn = LightGCN(), LightGCN(draws="users")
    for model in (each, drawn):
        model._build(data, CONTEXT)
    size, users = len(each._items), len(each._users)
    assert np.sort(each._order(random)).tolist() == list(range(len(each._pairs)))
    found = np.concatenate([drawn._order(random) for _ in range(400)])
    assert len(found) == 400 * len(drawn._pairs)
    share = np.bincount(drawn._pairs[found] // size, minlength=users) / len(found)
    assert share == pytest.approx(np.full(users, 1 / users), rel=0.25), "users with many pairs count no more"
    assert len(np.unique(found)) == len(drawn._pairs)
    model = LightGCN(epochs=2, factors=8, draws="users").fit(data, CONTEXT)
    assert np.isfinite(model.facts()["losses"]).all()


def test_the_gradient_of_lightgcn_is_that_of_the_sparse_product():
    data = small_dataset()
    network = LightGCN(factors=8)._build(data, CONTEXT)
    weight, graph = network.embedding.weight, network.graph.to_sparse_coo()
    torch.testing.assert_close(graph.to_dense(), graph.to_dense().T, rtol=0, atol=0)
    toward = torch.rand(weight.shape)
    (torch.stack(network()) * toward).sum().backward()
    found, weight.grad = weight.grad, None
    layers = [weight]
    for _ in range(3):
        layers.append(torch.sparse.mm(graph, layers[-1]))
    (torch.stack(layers) * toward).sum().backward()
    torch.testing.assert_close(found, weight.grad)
