"""The row ``flm-cross``: an encoder reads history and candidate together; the pair's vector is the formula's x."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from annotated_types import Gt

from benchsuite.api import Categorical, Context, Range
from benchsuite.data import Float32
from benchsuite_classic.ease import EASE
from benchsuite_content.backbone import CITE_BERT, CITE_MINILM, CITE_SBERT, DEFAULT_BACKBONE, load_backbone
from benchsuite_content.encode import encode_texts
from benchsuite_flm.rerank.reranker import Reranker

if TYPE_CHECKING:
    from benchsuite_content.backbone import Backbone
    from benchsuite_flm.rerank.loop import Scorer

CITE_RERANKING = """@misc{nogueira2019passage,
  title = {Passage Re-ranking with {BERT}},
  author = {Nogueira, Rodrigo and Cho, Kyunghyun},
  year = {2019},
  eprint = {1901.04085},
  archivePrefix = {arXiv}
}"""


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

    backbone: str = DEFAULT_BACKBONE
    loss: Annotated[Literal["softmax", "bce"], Categorical("softmax", "bce")] = "softmax"
    head_learning_rate: Annotated[float, Gt(0), Range(1e-3, 1e-1, log=True)] = 1e-2

    cite: ClassVar[tuple[str, ...]] = (CITE_RERANKING, CITE_MINILM, CITE_SBERT, CITE_BERT, *EASE.cite)

    def _load(self) -> Backbone:
        return load_backbone(self.backbone)

    def _text_vectors(self, backbone: Backbone, texts: Sequence[str], context: Context) -> Float32:
        return encode_texts(backbone, texts, device=context.device, threads=context.threads)

    def _can_score(self) -> bool:
        return bool(self._losses)  # W1 starts at zero

    def _head_rate(self) -> float:
        return self.head_learning_rate

    def _build_scorer(self, backbone: Backbone) -> Scorer:
        from benchsuite_flm.rerank.pair_scorer import PairScorer

        return PairScorer(backbone, self.length, self.loss)

    def _write(self, folder: Path) -> None:
        from benchsuite_flm.saving import write_encoder

        write_encoder(self._backbone, folder)

    def _open(self, folder: Path) -> Backbone:
        from benchsuite_content.backbone import open_backbone

        return open_backbone(folder, self._weights)
