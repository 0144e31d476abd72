"""Rows that name one of Cornac's models, with typed settings under the names used everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt, Le, Lt

from benchsuite.api import Categorical, Range
from benchsuite.data import Bool, Dataset, Float32, Queries
from benchsuite_classic.support import blocks
from benchsuite_rivals.cornac_model import CITE_CORNAC, CornacBase
from benchsuite_rivals.sampled_softmax import SampledSoftmax

_SAMPLING = 0.5
"""Exponent of the popularity by which Cornac's transformers draw negatives."""


@dataclass
class GRU4Rec(SampledSoftmax):
    """A recurrent network over the order of a user's items, by Cornac.

    Hidasi and Karatzoglou (2018): parallel sequences, a cross-entropy over the batch's next items and ``negatives``
    drawn by popularity to the power of ``sampling``, item embeddings shared by input and output, Adagrad. A user's rows
    are one sequence. New users are answered from their visible history. Needs the extra ``cornac``.

    Attributes:
        factors: units of the one layer.
        epochs: passes over the sequences.
        learning_rate: of Adagrad.
        batch_size: sequences read in parallel; never more than there are, which Cornac cannot do.
        dropout: of the layer's output.
        momentum: of the steps.
        loss: as Cornac names it.
        negatives: items drawn for each batch.
        sampling: exponent of the popularity by which they are drawn.
        correction: how much of what popular items lose in this loss is added again
            (:mod:`benchsuite_rivals.sampled_softmax`); 0 leaves the scores as Cornac gives them. Other losses than the
            cross-entropy have none.
    """

    version: ClassVar[str] = "2"

    factors: Annotated[int, Ge(1), Range(32, 256, log=True)] = 100
    epochs: Annotated[int, Ge(1), Range(5, 30)] = 10
    learning_rate: Annotated[float, Gt(0), Range(0.01, 0.3, log=True)] = 0.05
    batch_size: Annotated[int, Ge(2)] = 64
    dropout: Annotated[float, Ge(0), Lt(1), Range(0, 0.5)] = 0.2
    momentum: Annotated[float, Ge(0), Lt(1)] = 0.0
    loss: Annotated[Literal["cross-entropy", "bpr-max", "bpr", "top1"], Categorical("cross-entropy", "bpr-max")] = (
        "cross-entropy"
    )
    negatives: Annotated[int, Ge(0)] = 2048
    sampling: Annotated[float, Ge(0), Le(1)] = 0.5
    correction: Annotated[float, Ge(0), Le(1)] = 1.0

    is_network: ClassVar[bool] = True

    cite: ClassVar[tuple[str, ...]] = (
        """@inproceedings{hidasi2018recurrent,
  title = {Recurrent Neural Networks with Top-k Gains for Session-based Recommendations},
  author = {Hidasi, Bal{\\'a}zs and Karatzoglou, Alexandros},
  booktitle = {Proceedings of the 27th ACM International Conference on Information and Knowledge Management (CIKM)},
  pages = {843--852},
  year = {2018},
  doi = {10.1145/3269206.3271761}
}""",
        CITE_CORNAC,
    )

    def _choice(self, train: Dataset) -> tuple[str, dict[str, Any]]:
        sequences = int((np.bincount(train.interactions.user) > 1).sum())
        batch = max(1, min(self.batch_size, sequences))
        self._expect(train, batch, self.negatives, self.sampling)
        if self.loss != "cross-entropy":
            self._shift = np.zeros_like(self._shift)
        return "GRU4Rec", {
            "layers": [self.factors],
            "n_epochs": self.epochs,
            "learning_rate": self.learning_rate,
            "batch_size": batch,
            "dropout_p_hidden": self.dropout,
            "momentum": self.momentum,
            "loss": self.loss,
            "n_sample": self.negatives,
            "sample_alpha": self.sampling,
        }


@dataclass
class BERT4Rec(SampledSoftmax):
    """A bidirectional transformer that fills in masked items of a user's sequence, by Cornac.

    Sun et al. (2019), trained by their objective (masked items; ``TransformerRec`` in Cornac, whose ``BERT4Rec`` learns
    the last item instead). The loss is a cross-entropy over the batch's masked items and ``negatives`` drawn ones. Of a
    long history the newest ``history`` items are read, in training, too. It needs many epochs (Petrov and Macdonald
    2022). New users are answered from their visible history. Needs the extra ``cornac``.

    Attributes:
        factors: width of all embeddings.
        layers: transformer blocks.
        heads: of each block; they divide ``factors``.
        history: most items that are read.
        masked: share of the items that are masked.
        dropout: of all layers.
        epochs: passes over the sequences.
        learning_rate: of Adam.
        batch_size: sequences in a step.
        negatives: items drawn for each batch, by the square root of their popularity.
        correction: how much of what popular items lose in this loss is added again
            (:mod:`benchsuite_rivals.sampled_softmax`); 0 leaves the scores as Cornac gives them.
    """

    version: ClassVar[str] = "2"

    factors: Annotated[int, Ge(1), Range(32, 256, log=True)] = 64
    layers: Annotated[int, Ge(1), Range(1, 3)] = 2
    heads: Annotated[int, Ge(1)] = 2
    history: Annotated[int, Ge(1)] = 50
    masked: Annotated[float, Gt(0), Lt(1), Range(0.1, 0.6)] = 0.2
    dropout: Annotated[float, Ge(0), Lt(1), Range(0.1, 0.5)] = 0.1
    epochs: Annotated[int, Ge(1), Range(50, 400, log=True)] = 60
    learning_rate: Annotated[float, Gt(0), Range(1e-4, 1e-2, log=True)] = 1e-3
    batch_size: Annotated[int, Ge(2)] = 64
    negatives: Annotated[int, Ge(0)] = 512
    correction: Annotated[float, Ge(0), Le(1)] = 1.0

    is_network: ClassVar[bool] = True

    cite: ClassVar[tuple[str, ...]] = (
        """@inproceedings{sun2019bert4rec,
  title = {{BERT4Rec}: Sequential Recommendation with Bidirectional Encoder Representations from Transformer},
  author = {Sun, Fei and Liu, Jun and Wu, Jian and Pei, Changhua and Lin, Xiao and Ou, Wenwu and Jiang, Peng},
  booktitle = {Proceedings of the 28th ACM International Conference on Information and Knowledge Management (CIKM)},
  pages = {1441--1450},
  year = {2019},
  doi = {10.1145/3357384.3357895}
}""",
        """@inproceedings{petrov2022systematic,
  title = {A Systematic Review and Replicability Study of {BERT4Rec} for Sequential Recommendation},
  author = {Petrov, Aleksandr and Macdonald, Craig},
  booktitle = {Proceedings of the 16th ACM Conference on Recommender Systems (RecSys '22)},
  pages = {436--447},
  year = {2022},
  doi = {10.1145/3523227.3548487}
}""",
        CITE_CORNAC,
    )

    def __post_init__(self) -> None:
        """Refuse heads that do not divide the width."""
        if self.factors % self.heads:
            raise ValueError(f"{self.heads} heads do not divide factors = {self.factors}")

    def _choice(self, train: Dataset) -> tuple[str, dict[str, Any]]:
        length = np.minimum(np.bincount(train.interactions.user), self.history)
        masked = self.batch_size * self.masked * float(length[length > 0].mean() if length.any() else 0)
        self._expect(train, masked, self.negatives, _SAMPLING)
        return "TransformerRec", {
            "backbone": "bert",
            "objective": "mlm",
            "embedding_dim": self.factors,
            "num_blocks": self.layers,
            "num_heads": self.heads,
            "max_len": self.history,
            "mask_prob": self.masked,
            "dropout": self.dropout,
            "n_epochs": self.epochs,
            "learning_rate": self.learning_rate,
            "batch_size": self.batch_size,
            "n_sample": self.negatives,
        }


@dataclass
class VAECF(CornacBase):
    """A variational autoencoder of the 0/1 matrix with a multinomial likelihood, by Cornac.

    Liang et al. (2018). Cornac's network has no dropout of the input and keeps the weight of the KL term the same in
    all epochs, where the paper lets it grow. Every query, of a known user or a new one, is answered by encoding its
    visible history, as in the paper. More epochs fit the training part of ml-100k too well (nDCG@10 on validation with
    25 epochs .247, with 60 .223, with 150 .191): tune them. Needs the extra ``cornac``.

    Attributes:
        factors: dimension of the latent vector.
        hidden: units of the layer before and behind it.
        epochs: passes over the users.
        learning_rate: of Adam.
        batch_size: users in a step.
        beta: weight of the KL term.
    """

    factors: Annotated[int, Ge(1), Range(16, 256, log=True)] = 200
    hidden: Annotated[int, Ge(1), Range(64, 1024, log=True)] = 600
    epochs: Annotated[int, Ge(1), Range(10, 200, log=True)] = 25
    learning_rate: Annotated[float, Gt(0), Range(1e-4, 1e-2, log=True)] = 1e-3
    batch_size: Annotated[int, Ge(1)] = 100
    beta: Annotated[float, Ge(0), Range(0, 1)] = 0.2

    is_network: ClassVar[bool] = True

    cite: ClassVar[tuple[str, ...]] = (
        """@inproceedings{liang2018variational,
  title = {Variational Autoencoders for Collaborative Filtering},
  author = {Liang, Dawen and Krishnan, Rahul G. and Hoffman, Matthew D. and Jebara, Tony},
  booktitle = {Proceedings of the 2018 World Wide Web Conference},
  pages = {689--698},
  year = {2018},
  doi = {10.1145/3178876.3186150}
}""",
        CITE_CORNAC,
    )

    def _choice(self, train: Dataset) -> tuple[str, dict[str, Any]]:
        return "VAECF", {
            "k": self.factors,
            "autoencoder_structure": [self.hidden],
            "n_epochs": self.epochs,
            "learning_rate": self.learning_rate,
            "batch_size": self.batch_size,
            "beta": self.beta,
        }

    def _answer(self, queries: Queries, scores: Float32) -> Bool:
        import torch

        histories = queries.matrix(len(self._item_place))[:, self._codes]
        network = self._model.vae
        with torch.inference_mode():
            for first, last in blocks(len(queries), 16 * len(self._codes)):
                taken = torch.from_numpy(histories[first:last].toarray())
                latent, _ = network.encode(taken)
                scores[first:last, self._codes] = network.decode(latent).numpy()
        answered: Bool = histories.getnnz(axis=1) > 0
        return answered
