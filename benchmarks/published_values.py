"""Published values of models on published splits, with the settings they were reached by and where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Part:
    """A model on a data set: one command of ``published_tables.py``, and one table of its page.

    Attributes:
        title: the heading on the page.
        command: what computes it.
        data: name of the source.
        split: how it is cut.
        model: name of the model.
        settings: those of the published run, as ours are written.
        metrics: what is measured.
        words: what is to be known beside the table: how the published run differs in what settings do not say.
    """

    title: str
    command: str
    data: str
    split: str
    model: str
    settings: Settings
    metrics: tuple[str, ...]
    words: str


@dataclass(frozen=True)
class Published:
    """A row of such a table.

    Attributes:
        row: its name in the table of results.
        values: metric and published value; empty where nobody has published one.
        source: where it stands.
        settings: of this row, beside those of its part.
    """

    row: str
    values: Mapping[str, float]
    source: str
    settings: Settings = field(default_factory=dict)


_BARS = "BARS, github.com/reczoo/BARS, "
_LIGHTGCN = "matching/gnn/LightGCN/LightGCN_gowalla_m1 (log of LightGCN_TF_gowalla_x0)"
_LOSSES = "CE-SCE, github.com/MTandHJ/CE-SCE-LLMRec, SASRec/benchmarks (beauty-ce-5, ...), means of five logged runs"

PARTS: Mapping[str, Part] = {
    "ease-gowalla": Part(
        "EASE on Gowalla",
        "ease-gowalla --regularization 80",
        "gowalla",
        "fixed",
        "ease",
        {},
        ("recall@20", "ndcg@20"),
        "The split of LightGCN. BARS chose the regularization 80 among nine values. The matrix of 41,000 items takes "
        "6.7 GB and is inverted in blocks: 14 minutes of one processor core.",
    ),
    "lightgcn-gowalla": Part(
        "LightGCN on Gowalla, epoch by epoch",
        "lightgcn-gowalla --epochs 100",
        "gowalla",
        "fixed",
        "lightgcn",
        {
            "factors": 64,
            "layers": 4,
            "learning_rate": 1e-3,
            "batch_size": 2048,
            "regularization": 1e-4,
            "initial_deviation": 0.01,
            "draws": "users",
            "epochs": 1000,
        },
        ("recall@20", "ndcg@20"),
        "The split and the program of LightGCN's authors, as BARS ran it; the log tells test values every 20 epochs, "
        "the table BARS's last one, of epoch 960. Twenty epochs took 59 minutes of one processor core. A run that was "
        "broken off goes on from its checkpoint.",
    ),
    "sasrec-beauty": Part(
        "SASRec on Amazon Beauty, by its loss",
        "sasrec-beauty LOSS",
        "amazon-beauty",
        "leave-last-out",
        "sasrec",
        {
            "factors": 64,
            "layers": 2,
            "heads": 1,
            "history": 50,
            "learning_rate": 5e-4,
            "regularization": 1e-8,
            "batch_size": 512,
            "epochs": 300,
            "every": 5,
            "patience": 4,
        },
        ("ndcg@10", "hit rate@10"),
        "One model, one split, full ranking, and published values from .0318 to .0597. Within one program, CE-SCE, "
        "they go from .0353 by `bce` to .0597 by cross-entropy, with dropout .4 and .6; so most of the range is the "
        "loss, not the network. Settings are those of CE-SCE. Other values for this split: .0423 (Cornac, `bce` "
        "with 128 factors, learning rate 5e-4, dropout .2, tuned; cornac/models/tiger/README.md) and .0318 (S3-Rec, "
        "`bce`). CE-SCE's sampled softmax draws 500 items for each next item and weighs them by 100; ours draws as "
        "many for each batch and weighs none. CE-SCE takes the weights that were best on validation; we find the "
        "number of epochs there and train anew with the last but one item, too, for as many. Its Adam has betas .9 "
        "and .999, ours those of the paper, .9 and .98.",
    ),
    "ease-beauty": Part(
        "EASE on Amazon Beauty",
        "ease-beauty",
        "amazon-beauty",
        "leave-last-out",
        "ease",
        {},
        ("ndcg@10", "hit rate@10"),
        "Nobody has published EASE on this split that we know; the regularization was chosen on the validation part "
        "among six values. TIGER's paper has .0384 for its own model.",
    ),
}

_LOG = {
    20: (0.12334, 0.10745), 40: (0.13839, 0.11961), 60: (0.14687, 0.12661), 80: (0.15286, 0.13137),
    100: (0.15706, 0.13492), 120: (0.16141, 0.13807), 140: (0.16364, 0.14005), 160: (0.16599, 0.14184),
    200: (0.16974, 0.14488), 240: (0.17146, 0.14636), 320: (0.17409, 0.14855), 480: (0.17805, 0.15161),
    640: (0.17939, 0.15303), 800: (0.18115, 0.15430), 960: (0.18202, 0.15474),
}  # fmt: skip
"""Epoch, and Recall@20 and NDCG@20 on the test part, of the published log of LightGCN."""

PUBLISHED: Mapping[str, tuple[Published, ...]] = {
    "ease-gowalla": (
        Published(
            "regularization 80",
            {"recall@20": 0.176493, "ndcg@20": 0.146657},
            _BARS + "matching/cf/EASE_R/EASE_gowalla_m1",
            {"regularization": 80.0},
        ),
    ),
    "lightgcn-gowalla": tuple(
        Published(f"epoch {epoch}", {"recall@20": recall, "ndcg@20": gain}, _BARS + _LIGHTGCN)
        for epoch, (recall, gain) in _LOG.items()
    ),
    "sasrec-beauty": (
        Published("softmax", {"ndcg@10": 0.05972, "hit rate@10": 0.09862}, _LOSSES, {"dropout": 0.6}),
        Published("bce", {"ndcg@10": 0.03530, "hit rate@10": 0.06706}, _LOSSES, {"loss": "bce", "dropout": 0.4}),
        Published(
            "sampled softmax",
            {"ndcg@10": 0.05868, "hit rate@10": 0.09684},
            _LOSSES,
            {"dropout": 0.6, "negatives": 500},
        ),
    ),
    "ease-beauty": (Published("chosen on validation", {}, "nobody"),),
}
