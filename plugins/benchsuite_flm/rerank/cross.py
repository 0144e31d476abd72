"""The row ``flm-cross``: an encoder reads history and candidate as one text, whose vector is the x of the formula.

:class:`PairScorer` computes r = sigmoid(W1·x + W2·u + b) of pairs and its loss; :class:`CrossFLM` is the row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Gt

from benchsuite.api import Categorical, Context, Range
from benchsuite.data import Float32, Int64
from benchsuite_classic.ease import EASE
from benchsuite_content.citations import CITE_BERT, CITE_MINILM, CITE_SBERT
from benchsuite_content.encode import batches, encode_texts, pool
from benchsuite_flm.formula import encoded_logits
from benchsuite_flm.rerank.reranker import Reranker
from benchsuite_flm.rerank.training import Scorer, pairs_of

if TYPE_CHECKING:
    from torch import Tensor

    from benchsuite_content.backbone import Backbone

CITE_RERANKING = """@misc{nogueira2019passage,
  title = {Passage Re-ranking with {BERT}},
  author = {Nogueira, Rodrigo and Cho, Kyunghyun},
  year = {2019},
  eprint = {1901.04085},
  archivePrefix = {arXiv}
}"""


Loss = Literal["softmax", "bce"]

_BATCH = 64
"""Pairs that are encoded together."""


class PairScorer(Scorer):
    """An encoder and the weights of the formula, zero at the start.

    Args:
        backbone: the encoder, on its device.
        length: tokens that are read at most.
        loss: ``softmax`` over the items of a group, or ``bce`` of each pair.
    """

    def __init__(self, backbone: Backbone, length: int, loss: Loss) -> None:
        import torch
        from torch import nn

        super().__init__(backbone)
        self._length, self._loss = length, loss
        self.w1 = nn.Parameter(torch.zeros(backbone.width, device=self.device))
        self.w2 = nn.Parameter(torch.zeros(backbone.width, device=self.device))
        self.b = nn.Parameter(torch.zeros((), device=self.device))
        self.own_weights = {"w1": self.w1, "w2": self.w2, "b": self.b}

    def encode(self, texts: Sequence[str], seconds: Sequence[str] | None = None, *, half: bool = False) -> Tensor:
        """Return float32[n, d], the encoder's pooled output of texts or of pair texts "first [SEP] second"."""
        import torch

        if seconds is not None and self.backbone.tokenizer.sep_token is None:
            seconds = [f"\n{text}" for text in seconds]  # the tokenizers of decoders have no separator
        out = torch.zeros(len(texts), self.backbone.width, device=self.device)
        order, parts = [], []
        for rows, batch in batches(self.backbone, texts, _BATCH, seconds=seconds, limit=self._length):
            inputs = {name: value.to(self.device) for name, value in batch.items()}
            with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
                hidden = self.backbone.model(**inputs).last_hidden_state
            parts.append(pool(hidden.float(), inputs["attention_mask"], self.backbone.pooling))
            order.append(torch.from_numpy(rows))
        return out.index_copy(0, torch.cat(order).to(self.device), torch.cat(parts)) if parts else out

    def logits(self, x: Tensor, u: Tensor) -> Tensor:
        """Return float32[p], the formula before the sigmoid, of x float32[p, d] and u float32[p, d]."""
        logits: Tensor = encoded_logits(x, u, self.w1, self.w2, self.b)
        return logits

    def group_loss(self, histories: Sequence[str], items: Sequence[Sequence[str]], *, half: bool = False) -> Tensor:
        """Return the mean loss of some groups, see :meth:`benchsuite_flm.rerank.training.Scorer.group_loss`."""
        from benchsuite_flm.losses import group_bce, group_softmax

        size = len(items[0])
        x = self.encode(*pairs_of(histories, items), half=half)
        u = self.encode(histories, half=half).repeat_interleave(size, dim=0)
        logits = self.logits(x, u).view(-1, size)
        return group_softmax(logits) if self._loss == "softmax" else group_bce(logits)

    def scores(self, histories: Sequence[str], owner: Int64, texts: Sequence[str]) -> Float32:
        """Return float32[p], the logits of pairs, see :meth:`benchsuite_flm.rerank.training.Scorer.scores`."""
        import torch

        # In float32: rounding to bfloat16 depends on the other pairs of a batch, and would swap neighbours.
        with torch.inference_mode():
            used, place = np.unique(owner, return_inverse=True)
            u = self.encode([histories[number] for number in used])[torch.from_numpy(place)]
            x = self.encode([histories[number] for number in owner], texts)
            scores: Float32 = self.logits(x, u).cpu().numpy()
        return scores


@dataclass
class CrossFLM(Reranker):
    """Re-ranks a first stage's best by reading the titles of the history and the candidate's text as one pair text.

    r = sigmoid(W1·x + W2·u + b), literally: x is the encoder's pooled output of "history [SEP] candidate", u that of
    the history alone. Every word of the history can look at every word of the candidate (Nogueira and Cho 2019), but
    every pair costs a pass of the encoder, so only candidates of a first stage are read.

    *Training.* A fifth of each history is held out, and the first stage fitted on the rest selects candidates. Each
    held-out item among them forms a group with other candidates, and the loss orders the group, as re-ranking does.

    *Scores.* Candidates come first, by the first stage's score plus the weighted score of the pair, the weight chosen
    on held-out items of a few users, which are not trained on; all other items keep the order of the first stage. Known
    and new candidates are selected separately, each by its rank in the whole catalogue, so that an item's score does
    not depend on which other items are scored. Scores of pairs are always the formula's. Where nothing was learnt (no
    time, or no held-out item among the candidates) no pair is read, and the facts say so.

    Attributes:
        backbone: the encoder, see :func:`benchsuite_content.backbone.load_backbone`.
        loss: ``softmax``: the taken item among its group, where W2·u + b cancel and so are not learnt; ``bce``: binary
            cross-entropy of r, each pair by itself.
        head_learning_rate: largest learning rate of W1, W2 and b.
    """

    loss: Annotated[Loss, Categorical("softmax", "bce")] = "softmax"
    head_learning_rate: Annotated[float, Gt(0), Range(1e-3, 1e-1, log=True)] = 1e-2

    cite: ClassVar[tuple[str, ...]] = (CITE_RERANKING, CITE_MINILM, CITE_SBERT, CITE_BERT, *EASE.cite)

    def _text_vectors(self, backbone: Backbone, texts: Sequence[str], context: Context) -> Float32:
        return encode_texts(backbone, texts, device=context.device, threads=context.threads, shared=context.shared)

    def _can_score(self) -> bool:
        return bool(self._losses)  # W1 starts at zero

    def _head_rate(self) -> float:
        return self.head_learning_rate

    def _build_scorer(self, backbone: Backbone) -> Scorer:
        return PairScorer(backbone, self.length, self.loss)
