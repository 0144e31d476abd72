"""DropoutNet: one network ranks known and new items, because it learnt to do without their factors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Le

from benchsuite.api import Context, Range
from benchsuite.data import Bool, Dataset, Float32, Int32, Queries
from benchsuite_classic.als import ALS
from benchsuite_classic.support import blas_threads, has_known_history, mask_unscored, warm_items
from benchsuite_content.backbone_files import DEFAULT_BACKBONE
from benchsuite_content.citations import CITE_MINILM, CITE_SBERT
from benchsuite_content.encode import torch_threads
from benchsuite_rivals.text_network import TextNetwork

if TYPE_CHECKING:
    from torch import Generator, Tensor

_DRAWN = 1024  # items of a step


@dataclass
class DropoutNet(TextNetwork):
    """Maps ALS factors and text vectors to scores like those of ALS; factors of items are left out in training.

    Volkovs, Yu and Poutanen (2017), equation 2: f(user) . g(item factors, text) is to equal the product of the factors,
    also where the item's factors are replaced by 0, as they are for new items. Users are solved for from their visible
    history as in ``als``, new ones too, so the paper's stand-in for new users (a mean of item factors) is not needed.
    Texts are read by a frozen language model. Items with neither training rows nor a text, and queries without a known
    item, get no score.

    Attributes:
        dropout: share of the items whose factors are left out in a step.
        hidden: units of the inner layers.
        factors: of ALS.
        als_regularization: of ALS.
        alpha: of ALS.
        iterations: of ALS.
        backbone: the frozen encoder of item texts.
    """

    epochs: Annotated[int, Ge(1), Range(20, 300, log=True)] = 60
    batch_size: Annotated[int, Ge(1)] = 128
    dropout: Annotated[float, Ge(0), Le(1), Range(0.1, 0.9)] = 0.5
    hidden: Annotated[int, Ge(1), Range(100, 1000, log=True)] = 400
    factors: Annotated[int, Ge(1), Range(16, 256, log=True)] = 128
    als_regularization: Annotated[float, Gt(0), Range(0.1, 100, log=True)] = 30.0
    alpha: Annotated[float, Gt(0), Range(1, 40, log=True)] = 5.0
    iterations: Annotated[int, Ge(1), Range(5, 50)] = 15
    backbone: str = DEFAULT_BACKBONE

    cite: ClassVar[tuple[str, ...]] = (
        """@inproceedings{volkovs2017dropoutnet,
  title = {{DropoutNet}: Addressing Cold Start in Recommender Systems},
  author = {Volkovs, Maksims and Yu, Guangwei and Poutanen, Tomi},
  booktitle = {Advances in Neural Information Processing Systems},
  volume = {30},
  year = {2017}
}""",
        *ALS.cite,
        CITE_SBERT,
        CITE_MINILM,
    )

    def parameter_count(self) -> int:
        """Return the weights of the network, the factors and the weights of the encoder."""
        return super().parameter_count() + self._als.parameter_count()

    def _build(self, train: Dataset, context: Context) -> Any:
        from benchsuite_rivals.dropoutnet_network import DropoutNetwork

        self._als = ALS(self.factors, self.als_regularization, self.alpha, self.iterations).fit(train, context)
        self._warm: Bool = warm_items(train)
        self._known: Bool = self._warm | self._texts.any(axis=1)
        active = np.bincount(train.interactions.user, minlength=len(train.users)) > 0
        users, items = self._als.user_factors[active], self._als.item_factors
        # Factors are small numbers: scaled to a mean square of 1, they reach the bend of the tanh.
        self._scales = _scale(users), _scale(items[self._warm])
        self._users = users / self._scales[0]
        self._factors = np.where(self._warm[:, None], items / self._scales[1], np.float32(0)).astype(np.float32)
        return DropoutNetwork(self.factors, self._texts.shape[1], self.hidden)

    def _losses_of_epoch(self, network: Any, random: Generator) -> Iterator[Tensor]:
        import torch

        codes = torch.from_numpy(np.flatnonzero(self._warm))
        users, factors, texts = map(torch.from_numpy, (self._users, self._factors, self._texts))
        size = self.factors**0.5
        order = torch.randperm(len(users), generator=random)
        for first in range(0, len(order), self.batch_size):
            batch = order[first : first + self.batch_size]
            drawn = codes[torch.randperm(len(codes), generator=random)[:_DRAWN]]
            kept = (torch.rand(len(drawn), 1, generator=random) >= self.dropout).float()
            wanted = users[batch] @ factors[drawn].T / size
            told = network.user(users[batch]) @ network.items(factors[drawn] * kept, texts[drawn]).T / size
            yield (told - wanted).square().mean()

    def _score_with(self, network: Any) -> None:
        import torch

        self._network = network
        with torch.no_grad():
            vectors = network.items(torch.from_numpy(self._factors), torch.from_numpy(self._texts))
        self._items: Float32 = vectors.numpy()

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], dot products of the mapped factors."""
        import torch

        factors = self._als.fold_in(queries) / self._scales[0]
        with torch_threads(self._threads), torch.inference_mode():
            users = self._network.user(torch.from_numpy(factors)).numpy()
        vectors = self._items if candidates is None else self._items[candidates]
        with blas_threads(self._threads):
            scores: Float32 = users @ vectors.T
        return mask_unscored(scores, has_known_history(queries, self._warm), self._known, candidates)


def _scale(factors: Float32) -> np.float32:
    """Return the root of the mean square, 1 where there is none."""
    return np.float32(np.sqrt(np.square(factors).mean()) if factors.size and factors.any() else 1.0)
