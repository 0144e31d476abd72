"""What all models of the family share: settings, fitting and answering."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

import numpy as np
from annotated_types import Ge, Gt, Le, Lt

from benchsuite.api import Context, Model, Need, Search
from benchsuite.data import Dataset, Float32, Int32, Interactions, Queries
from benchsuite.errors import NotApplicable
from benchsuite_content.backbone import CITE_BERT, CITE_MINILM, CITE_SBERT, DEFAULT_BACKBONE, load_backbone
from benchsuite_content.encode import encode_texts, torch_threads

if TYPE_CHECKING:
    from torch import Tensor

    from benchsuite_content.backbone import Backbone
    from benchsuite_flm.engine import Recipe
    from benchsuite_flm.head import Head
    from benchsuite_flm.pointwise import Opinions, Tastes

_VISIBLE = (0.25, 0.75)  # share of a history that is shown in training; the rest is to be predicted
_SHORT = 0.15  # share of users who show only a few items instead, as new users will


@dataclass
class TextRecommender(Model):
    """Recommends with the formula on encodings that are read from text.

    Attributes:
        backbone: the encoder, see :func:`benchsuite_content.backbone.load_backbone`.
        epochs: passes over the catalogue.
        batches: batches of users per epoch, at least; every user comes at least once per epoch.
        batch_size: users per batch.
        head_learning_rate: largest step size of the projection.
        residual_learning_rate: largest step size of the items' residuals and the user prior; biases take ten times it.
        residual_dropout: how often an item must do without residual and popularity in training.
        temperature: divides similarities; smaller is sharper.
        shrinkage: items of history that weigh as much as the prior, when answering. (In training it is learnt: there
            the few visible items are drawn from a whole history and tell more than the first ones of a new user.)
        regularization: L2 penalty of the regression that guesses what new items lack.
        catalogue: items per epoch at most; of a larger catalogue each epoch sees a part drawn anew (sampled softmax).
    """

    backbone: str = DEFAULT_BACKBONE
    epochs: Annotated[int, Ge(1), Search(12, 48)] = 24
    batches: Annotated[int, Ge(1), Search(4, 16)] = 8
    batch_size: Annotated[int, Ge(1), Search(64, 512, log=True)] = 256
    head_learning_rate: Annotated[float, Gt(0), Search(2e-4, 4e-3, log=True)] = 5e-4
    residual_learning_rate: Annotated[float, Gt(0), Search(5e-4, 4e-3, log=True)] = 2e-3
    residual_dropout: Annotated[float, Ge(0), Lt(1), Search(0.0, 0.6)] = 0.3
    temperature: Annotated[float, Gt(0), Le(1), Search(0.05, 0.3, log=True)] = 0.1
    shrinkage: Annotated[float, Gt(0), Search(2, 40, log=True)] = 15.0
    regularization: Annotated[float, Gt(0), Search(1, 100, log=True)] = 5.0
    catalogue: Annotated[int, Ge(2)] = 8192

    identities: ClassVar[bool] = True
    """False where nothing may be learnt about single items: no residual, no popularity."""

    needs = frozenset({Need.ITEM_TEXT})
    uses_language_model = True
    proposed = True
    cite = (CITE_MINILM, CITE_SBERT, CITE_BERT)

    @abstractmethod
    def _trained(self) -> tuple[int, float]:
        """Return how many layers of the encoder learn, and their largest step size."""

    @property
    def losses(self) -> tuple[float, ...]:
        """The mean training loss of each epoch."""
        return tuple(self._losses)

    @property
    def provenance(self) -> dict[str, str]:
        """Name, revision and sha256 of the encoder's weights before training."""
        return dict(self._provenance)

    def facts(self) -> dict[str, Any]:
        """Return the encoder's name, revision and sha256 before training, losses, and how many weights were trained."""
        losses = [round(loss, 4) for loss in self.losses]
        return {"weights": self.provenance, "losses": losses, "parameters": self._sizes}

    def parameter_count(self) -> int:
        """Return the weights of the whole encoder, of the head (residuals of known items only) and for pairs."""
        head = sum(weight.numel() for name, weight in self._head.named_parameters() if name != "residual")
        residuals = int(self._head.warm.sum()) * self._vectors.shape[1] * self.identities
        pairs = sum(weight.numel() for weight in self._tastes.parameters()) if self._tastes is not None else 0
        return self._sizes["encoder"] + head + residuals + pairs

    def fit(self, train: Dataset, context: Context) -> Self:
        """Train encoder and head, then the weights of the pointwise answer.

        Raises:
            NotApplicable: when the items have no text.
            DataError: when the encoder cannot be loaded or is not what it should be.
        """
        if train.items.text is None:
            raise NotApplicable(f"{type(self).__name__} needs {Need.ITEM_TEXT}", where=train.name)
        backbone = load_backbone(self.backbone)
        self._provenance = backbone.provenance
        self._sizes = {"encoder": backbone.parameters}
        self._threads = context.threads
        with torch_threads(context.threads):
            self._fit_ranking(train, train.items.text, backbone, context)
            self._tastes = self._fit_tastes(train, context.seed)
        return self

    def _fit_ranking(self, train: Dataset, texts: tuple[str, ...], backbone: Backbone, context: Context) -> None:
        import torch

        from benchsuite_flm import engine
        from benchsuite_flm.head import Head, read_out
        from benchsuite_flm.tower import TextTower, fast_half

        device = torch.device(context.device)
        distinct, where = np.unique(np.array(texts, dtype=object).astype(str), return_inverse=True)
        place = torch.from_numpy(where.astype(np.int64))
        # Profiles are read before training, by the encoder as it came: there are too few of them to learn from.
        profiles = self._profiles(train, backbone, context)
        tower = TextTower(
            backbone,
            [str(text) for text in distinct],
            layers=self._trained()[0],
            device=context.device,
            half=fast_half(context.device),
        )
        matrix = train.matrix()
        taken = torch.from_numpy(np.asarray(matrix.sum(axis=0)).ravel()).to(device)
        head = Head(taken, profiles, backbone.width, self.temperature)
        self._losses = engine.train(
            tower,
            place,
            head,
            matrix,
            self._recipe(),
            seed=context.seed,
            report=context.progress,
            stop=context.out_of_time,
        )
        with torch.no_grad():
            head.log_shrinkage.fill_(float(np.log(self.shrinkage)))
            vectors = tower.vectors()[place.to(device)]
            items = head.items(vectors, torch.arange(len(place), device=device), head.warm.float() * self.identities)
            if self.identities:
                items = read_out(vectors, items, head.warm, self.regularization)
        self._sizes["encoder_trained"] = sum(weight.numel() for weight in tower.parameters)
        self._head: Head = head.cpu().requires_grad_(False)
        self._vectors: Float32 = vectors.cpu().numpy()
        self._items: Tensor = items.cpu()

    def _profiles(self, train: Dataset, backbone: Backbone, context: Context) -> Tensor | None:
        """Return float32[users, p], vectors of the profile texts around their mean; zeros for empty ones."""
        if train.users.text is None or not any(train.users.text):
            return None
        import torch

        vectors = encode_texts(backbone, train.users.text, device=context.device, threads=context.threads)
        told = np.linalg.norm(vectors, axis=1) > 0
        vectors[told] -= vectors[told].mean(axis=0)
        return torch.from_numpy(vectors).to(context.device)

    def _recipe(self) -> Recipe:
        from benchsuite_flm.engine import Recipe

        return Recipe(
            epochs=self.epochs,
            batches=self.batches,
            batch_size=self.batch_size,
            learning_rate=self._trained()[1],
            head_learning_rate=self.head_learning_rate,
            residual_learning_rate=self.residual_learning_rate,
            residual_dropout=self.residual_dropout if self.identities else 1.0,
            visible=_VISIBLE,
            short=_SHORT,
            catalogue=self.catalogue,
        )

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], the formula before the sigmoid."""
        import torch

        with torch_threads(self._threads), torch.no_grad():
            items = self._items if candidates is None else self._items[torch.from_numpy(candidates.astype(np.int64))]
            scores: Float32 = self._head.logits(self._encode(queries), items).numpy()
        return scores

    def _encode(self, queries: Queries) -> Tensor:
        """Return float32[q, d + 3], the encodings u of the asking users."""
        import torch

        history = queries.matrix(len(self._items))
        own = self._items[:, : self._vectors.shape[1]].numpy()
        total = torch.from_numpy(np.asarray(history @ own, np.float32))
        count = torch.from_numpy(np.diff(history.indptr).astype(np.float32))
        return self._head.users(total, count, torch.from_numpy(queries.user.astype(np.int64)))

    def score_pairs(self, queries: Queries, query: Int32, item: Int32) -> Float32:
        """Return float32[p]: where the data has likes and dislikes, the formula fitted to them; else as :meth:`score`.

        Both are logits, but on different scales; within one data set only one of them is given.
        """
        if self._tastes is None:
            return super().score_pairs(queries, query, item)
        opinions = _opinions(queries.history, queries.rows, len(queries))
        with torch_threads(self._threads):
            return self._tastes.score(opinions, query, item)

    def _fit_tastes(self, train: Dataset, seed: int) -> Tastes | None:
        """Fit the pointwise answer; None where the data does not have both likes and dislikes."""
        rows = train.interactions
        if rows.label is None or rows.label.min(initial=1) == rows.label.max(initial=0):
            return None
        from benchsuite_flm.pointwise import Tastes

        opinions = _opinions(rows, rows.user, len(train.users))
        own = self._items[:, : self._vectors.shape[1]].numpy()
        return Tastes(opinions, own).fit(opinions, seed)


def _opinions(rows: Interactions, owner: Any, owners: int) -> Opinions:
    """Return the labelled rows; none where the history comes without labels."""
    from benchsuite_flm.pointwise import Opinions

    label = rows.label if rows.label is not None else np.zeros(0, np.int8)
    return Opinions(np.asarray(owner)[: len(label)], rows.item[: len(label)], label, owners)
