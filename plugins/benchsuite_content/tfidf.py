"""Content by counting words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Self

from annotated_types import Ge, Le

from benchsuite.api import Categorical, Context, Model, Range, Reproducibility, Requirement
from benchsuite.data import Dataset, Float32, Int32, Queries
from benchsuite_classic.support import warm_items
from benchsuite_content.cosine import Cosine
from benchsuite_content.vectors import tfidf_vectors


@dataclass
class ContentTfidf(Model):
    """Ranks items by how much their words resemble the words of the history.

    Texts become tf-idf vectors (Salton and Buckley 1988); the user is the mean of the history's vectors, the score its
    cosine with the item (Pazzani and Billsus 2007). Other users' behaviour is not used, so new items and new
    users are treated like known ones. Items without words, and queries that show none, get no score.

    Attributes:
        ngrams: the longest run of words that is a term.
        center: subtract the mean vector of the known items first, so that words which most texts share do not count.
    """

    reproducibility: ClassVar[Reproducibility] = Reproducibility.ANY_THREADS

    ngrams: Annotated[int, Ge(1), Le(3), Range(1, 3)] = 1
    center: Annotated[bool, Categorical(True, False)] = True

    needs: ClassVar[frozenset[Requirement]] = frozenset({Requirement.ITEM_TEXT})
    may_abstain: ClassVar[bool] = True
    """A text may be empty."""

    cite = (
        """@article{salton1988term,
  title = {Term-Weighting Approaches in Automatic Text Retrieval},
  author = {Salton, Gerard and Buckley, Christopher},
  journal = {Information Processing \\& Management},
  volume = {24},
  number = {5},
  pages = {513--523},
  year = {1988},
  doi = {10.1016/0306-4573(88)90021-0}
}""",
        """@incollection{pazzani2007content,
  title = {Content-Based Recommendation Systems},
  author = {Pazzani, Michael J. and Billsus, Daniel},
  booktitle = {The Adaptive Web: Methods and Strategies of Web Personalization},
  series = {Lecture Notes in Computer Science},
  volume = {4321},
  pages = {325--341},
  year = {2007},
  publisher = {Springer},
  doi = {10.1007/978-3-540-72079-9_10}
}""",
    )

    def fit(self, train: Dataset, context: Context) -> Self:
        """Count the words."""
        vectors = tfidf_vectors(train, self.ngrams)
        self._cosine = Cosine(vectors, warm_items(train), center=self.center, threads=context.threads)
        self._terms = int(vectors.shape[1])
        return self

    def parameter_count(self) -> int:
        """Return one weight (idf) per term, and the center."""
        return self._terms + self._cosine.learnt

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], cosines."""
        return self._cosine.score(queries, candidates)
