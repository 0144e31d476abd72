"""Content by a frozen language model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

from benchsuite.api import Categorical, Context, Model, Requirement
from benchsuite.data import Dataset, Float32, Int32, Queries
from benchsuite_classic.support import warm_items
from benchsuite_content.backbone_files import DEFAULT_BACKBONE
from benchsuite_content.citations import CITE_MINILM, CITE_SBERT
from benchsuite_content.cosine import Cosine
from benchsuite_content.vectors import lm_vectors


@dataclass
class ContentLM(Model):
    """Ranks items by how much their texts resemble the history, as encoded by a frozen language model.

    The same scheme as ``content-tfidf`` with sentence embeddings in place of word counts: the user is the mean of the
    history's vectors, the score its cosine with the item. Nothing is trained. Items without text, and queries that
    show none, get no score.

    Attributes:
        backbone: the encoder: ``"sentence-transformers/all-MiniLM-L6-v2"``, ``"owner/name@<commit>"`` or a folder.
        center: subtract the mean vector of the known items first: all vectors of a language model share a large
            common component that carries no information (Mu and Viswanath 2018).
    """

    backbone: str = DEFAULT_BACKBONE
    center: Annotated[bool, Categorical(True, False)] = True

    needs: ClassVar[frozenset[Requirement]] = frozenset({Requirement.ITEM_TEXT})
    uses_language_model: ClassVar[bool] = True
    may_abstain: ClassVar[bool] = True
    """A text may be empty."""

    cite = (
        CITE_SBERT,
        CITE_MINILM,
        """@inproceedings{mu2018allbutthetop,
  title = {All-but-the-Top: Simple and Effective Postprocessing for Word Representations},
  author = {Mu, Jiaqi and Viswanath, Pramod},
  booktitle = {International Conference on Learning Representations (ICLR)},
  year = {2018}
}""",
    )

    def fit(self, train: Dataset, context: Context) -> Self:
        """Read the texts."""
        vectors, self._encoder = lm_vectors(train, self.backbone, context)
        self._cosine = Cosine(vectors, warm_items(train), center=self.center, threads=context.threads)
        return self

    def parameter_count(self) -> int:
        """Return the encoder's weights, none of them trained here, and the center."""
        return int(self._encoder["parameters"]) + self._cosine.learnt

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], cosines."""
        return self._cosine.score(queries, candidates)

    def facts(self) -> Mapping[str, Any]:
        """Name the encoder, its revision and the sum of its weights."""
        return {"backbone": dict(self._encoder)}
