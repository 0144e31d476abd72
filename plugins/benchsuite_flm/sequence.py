"""The row ``flm-seq``: a fine-tuned language model that reads histories in their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Le, Lt

from benchsuite.api import Context, Range, Requirement
from benchsuite.data import Dataset, Float32, Queries
from benchsuite_classic.sequences import newest, padded, user_sequences, windows
from benchsuite_content.citations import CITE_SASREC
from benchsuite_content.seeds import own_random_state
from benchsuite_flm.fine_tuned import FineTuned
from benchsuite_flm.settings import TunedLayers

if TYPE_CHECKING:
    from torch import Tensor

    from benchsuite_content.backbone import Backbone
    from benchsuite_flm.sequence_head import SequenceHead
    from benchsuite_flm.sequence_trainer import SequenceTrainer
    from benchsuite_flm.training_loop import TrainingLoop

_QUERIES = 512
"""Queries whose histories are read at one time."""


@dataclass
class SequenceFLM(TunedLayers, FineTuned):
    """Fine-Tuning-FLM for the next item of a sequence: a causal transformer reads the texts of a history in order.

    Scores by r = sigmoid(W1·x + W2·u + b), where u encodes the user's interest, i an item's text, and x = u * i.

    *Encodings.* An item is the direction of a learnt projection of its text vector plus a residual of its own, and a
    bias. The interest is the state in which a small causal transformer ends that has read the items of the history,
    oldest first (as in SASRec, Kang and McAuley 2018, whose items have no text); it begins with a learnt state, which
    alone answers users without a history.

    *Training.* Each item of a history is predicted from those before it, by a cross-entropy against drawn items. The
    top layers of the encoder are trained along with it, by one large step an epoch, as in ``flm``.

    *New items* have no residual and no bias: a ridge regression predicts both from the fine-tuned vectors. They are
    read in histories, too. Events without times count in the order of their rows.

    Attributes:
        factors: width of the transformer, and of the own parts of items.
        transformer_layers: of the transformer.
        heads: of its attention; they divide ``factors``.
        history: newest items that are read; longer training histories are cut into parts of so many.
        dropout: of the transformer's inputs and layers.
        negatives: items drawn for each batch, against which the right ones are held; all, where there are no more.
        head_learning_rate: largest learning rate of all weights but the encoder's.
    """

    factors: Annotated[int, Ge(1), Range(64, 256, log=True)] = 128
    transformer_layers: Annotated[int, Ge(1), Range(1, 3)] = 2
    heads: Annotated[int, Ge(1)] = 2
    history: Annotated[int, Ge(1), Range(10, 100, log=True)] = 30
    dropout: Annotated[float, Ge(0), Lt(1), Range(0.1, 0.6)] = 0.4
    negatives: Annotated[int, Ge(1)] = 2048
    head_learning_rate: Annotated[float, Gt(0), Range(5e-4, 5e-3, log=True)] = 2e-3
    epochs: Annotated[int, Ge(1), Range(4, 24)] = 10
    learning_rate: Annotated[float, Gt(0), Range(2e-5, 1e-3, log=True)] = 1e-4
    batch_size: Annotated[int, Ge(1), Range(64, 512, log=True)] = 128
    temperature: Annotated[float, Gt(0), Le(1), Range(0.03, 0.2, log=True)] = 0.07
    residual_dropout: Annotated[float, Ge(0), Lt(1), Range(0.0, 0.6)] = 0.0

    version = "1"
    needs = frozenset({Requirement.ITEM_TEXT, Requirement.ORDER})
    cite: ClassVar[tuple[str, ...]] = (*FineTuned.cite, CITE_SASREC)

    def __post_init__(self) -> None:
        """Refuse heads that do not divide the width."""
        if self.factors % self.heads:
            raise ValueError(f"{self.heads} heads do not divide factors = {self.factors}")

    @property
    def vectors(self) -> Float32:
        """float32[items, d], vectors of the items' texts after training."""
        return self._vectors

    def parameter_count(self) -> int:
        """Return the number of weights of encoder and head (residuals and biases of known items only)."""
        head = sum(w.numel() for name, w in self._head.named_parameters() if name not in ("residual", "bias"))
        return int(self._sizes["encoder"] + head + int(self._head.warm.sum()) * (self.factors + 1))

    def _fit_ranking(self, train: Dataset, backbone: Backbone, context: Context) -> None:
        with own_random_state(context.seed):  # first weights and dropout
            super()._fit_ranking(train, backbone, context)

    def _build_trainer(
        self, train: Dataset, backbone: Backbone, context: Context, *, epochs: int | None = None, search: bool = False
    ) -> SequenceTrainer:
        """Return what trains ``backbone`` and a new head on a training part."""
        import torch

        from benchsuite_flm.sequence_head import SequenceHead
        from benchsuite_flm.sequence_trainer import SequenceTrainer
        from benchsuite_flm.training_loop import LoopConfig

        encoder, place = self._text_encoder(train, backbone, context)
        device = torch.device(context.device)
        count = torch.from_numpy(np.asarray(train.matrix().sum(axis=0), np.float32).ravel()).to(device)
        head = SequenceHead.of(self, count, encoder.vectors()[place.to(device)])
        config = LoopConfig(self, self._tuning()[1], epochs, search)
        sequences = windows(user_sequences(train), self.history + 1)
        return SequenceTrainer(encoder, place, head, sequences, self, config, seed=context.seed)

    def _score_with(self, trainer: TrainingLoop, head: SequenceHead) -> None:
        """Score with these weights from now on; the head moves to the CPU."""
        import torch

        from benchsuite_flm.head import predict_new_items

        head.eval()
        vectors = trainer.encoder.vectors()[trainer.place.to(trainer.device)]
        every = torch.arange(len(vectors), device=vectors.device)
        with torch.no_grad():
            items = head.items(vectors, every, head.warm.float())
            items = predict_new_items(vectors, items, head.warm, self.regularization)
        self._keep(head.cpu().requires_grad_(False), items.cpu())
        self._vectors: Float32 = vectors.cpu().numpy()

    def _encode(self, queries: Queries) -> Tensor:
        """Return float32[q, d + 1], the encodings u of the queries' users."""
        import torch

        shown = newest(queries.items, self.history)
        counts = shown.counts
        users = torch.empty(len(queries), self._items.shape[1])
        order = np.argsort(counts, kind="stable")  # histories of about one length are read at one time
        for first in range(0, len(order), _QUERIES):
            rows = order[first : first + _QUERIES]
            states = self._head.users(self._items, torch.from_numpy(padded(shown, rows, 0)))
            users[torch.from_numpy(rows)] = states[torch.arange(len(rows)), torch.from_numpy(counts[rows])]
        return users

    def _tensors(self) -> dict[str, Tensor]:
        import torch

        from benchsuite_flm.saving import prefixed

        own = {"vectors": torch.from_numpy(self._vectors), "items": self._items}
        return prefixed("head", self._head.state_dict()) | own

    def _restore(self, tensors: Mapping[str, Tensor]) -> None:
        import torch

        from benchsuite_flm.saving import part
        from benchsuite_flm.sequence_head import SequenceHead

        self._vectors = tensors["vectors"].numpy()
        with torch.random.fork_rng(devices=[]):
            head = SequenceHead.of(self, torch.ones(len(tensors["items"])), tensors["vectors"])
        head.load_state_dict(part("head", tensors))
        self._keep(head.eval().requires_grad_(False), tensors["items"])
