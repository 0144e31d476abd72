"""The head: from text vectors to the encodings u and i of the formula, whose product ranks a catalogue.

The item's encoding ``i`` is ``[own, t, c, c]``: its projected text vector plus a residual of its own (``own``), a bias
read from the text (``t``) and how often it was taken (``c``). The user's encoding ``u`` is ``[h, 1, 1, s]``: the
interest (``h``) and how little is known about it (``s``, 1 for an empty history). With
``W1 = [1 / temperature, ..., 1, w, w']`` the formula's ``W1·x`` is the similarity of interest and item, plus the item's
bias and popularity, which counts more where the user is unknown. ``W2·u + b`` is the same for all items of a user, so
ranking losses leave it at zero; only binary cross-entropy, a loss of r itself, learns it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, normalize

from benchsuite.api import Context
from benchsuite.data import Dataset, Entities, Float32
from benchsuite_content.encode import encode_texts
from benchsuite_flm.formula import catalogue_logits, pair_logits
from benchsuite_flm.optim import ParameterGroup

if TYPE_CHECKING:
    from benchsuite_content.backbone import Backbone
    from benchsuite_flm.settings import Settings

EXTRA = 3
"""Entries of an encoding beside the interest or the own part."""

_MAX_LOGIT = 5.0  # attention weighs an item of a history between exp(-5) and exp(5)


class Head(nn.Module):
    """The trainable map from text vectors to encodings.

    Args:
        taken: int[n], how often each item was taken in training.
        profiles: float32[users, p] vectors of profile texts, or None.
        width: d, length of a text vector.
        temperature: divides the similarity of interest and item.
        features: float32[n, f] feature vectors of the items, or None. A learnt projection, zero at the start, adds
            them to the text vectors.
        attention: whether a learnt query weighs the items of a history; all have the same weight at the start.
        literal: whether W2 and b are learnt too, both zero at the start.
    """

    count: Tensor
    """float32[n], how often each item was taken: log scale, mean 0 over warm items, 0 for new ones."""

    warm: Tensor
    """bool[n], which items have training rows."""

    profiles: Tensor | None

    features: Tensor | None

    def __init__(
        self,
        taken: Tensor,
        profiles: Tensor | None,
        width: int,
        temperature: float,
        *,
        features: Tensor | None = None,
        attention: bool = False,
        literal: bool = False,
    ) -> None:
        super().__init__()
        warm = taken > 0
        logs = taken.float().log1p()
        self.register_buffer("warm", warm)
        self.register_buffer("count", torch.where(warm, logs - logs[warm].mean(), 0.0))
        self.register_buffer("profiles", profiles)
        self.register_buffer("features", features)
        self.temperature = temperature
        items, device = len(taken), taken.device
        profile_width = 0 if profiles is None else profiles.shape[1]
        self.projection = nn.Parameter(torch.eye(width, device=device))
        self.residual = nn.Parameter(torch.zeros(items, width, device=device))
        self.text_bias = nn.Parameter(torch.zeros(width, device=device))
        self.prior = nn.Parameter(torch.zeros(width, device=device))
        self.profile = nn.Parameter(torch.zeros(profile_width, width, device=device))
        self.popularity = nn.Parameter(torch.tensor([0.7, 0.3], device=device))
        self.log_shrinkage = nn.Parameter(torch.tensor(1.0, device=device))
        feature_width = 0 if features is None else features.shape[1]
        self.feature = nn.Parameter(torch.zeros(feature_width, width, device=device))
        self.attention = nn.Parameter(torch.zeros(width, device=device)) if attention else None
        self.w2 = nn.Parameter(torch.zeros(width + EXTRA, device=device)) if literal else None
        self.b = nn.Parameter(torch.zeros((), device=device)) if literal else None

    @classmethod
    def of(
        cls,
        settings: Settings,
        taken: Tensor,
        profiles: Tensor | None = None,
        features: Tensor | None = None,
        *,
        width: int,
    ) -> Head:
        """Return an untrained head as the settings ask for."""
        attention, literal = settings.interest == "attention", settings.loss == "bce"
        return cls(
            taken, profiles, width, settings.temperature, features=features, attention=attention, literal=literal
        )

    def parameter_groups(self, settings: Settings) -> list[ParameterGroup]:
        """Return the weights with their largest learning rates; biases learn fast and never decay."""
        slow, decay = settings.residual_learning_rate, settings.weight_decay
        middle = [self.residual, self.prior, self.profile]
        biases = [self.text_bias, self.popularity, self.log_shrinkage]
        if self.features is not None:
            middle.append(self.feature)
        if self.attention is not None:
            middle.append(self.attention)
        if self.w2 is not None and self.b is not None:
            middle.append(self.w2)
            biases.append(self.b)
        return [
            ParameterGroup([self.projection], settings.head_learning_rate, decay),
            ParameterGroup(middle, slow, decay),
            ParameterGroup(biases, 10 * slow),
        ]

    @property
    def w1(self) -> Tensor:
        """float32[d + 3], the weights W1 of the formula."""
        similar = torch.full_like(self.prior, 1 / self.temperature)
        return torch.cat([similar, torch.ones_like(similar[:1]), self.popularity])

    def items(self, vectors: Tensor, rows: Tensor, keep: Tensor) -> Tensor:
        """Return float32[m, d + 3], the encodings i of some items.

        Args:
            vectors: float32[m, d] their text vectors.
            rows: int64[m] their codes.
            keep: float32[m], 1 where residual and popularity of the item are used, 0 where they are dropped, as for a
                new item.
        """
        vectors = self.fuse(vectors, rows)
        own = vectors @ self.projection.T + embedding(rows, self.residual) * keep[:, None]
        bias = vectors @ self.text_bias
        count = self.count[rows] * keep
        return torch.cat([own, bias[:, None], count[:, None], count[:, None]], dim=1)

    def fuse(self, vectors: Tensor, rows: Tensor) -> Tensor:
        """Return float32[m, d], the text vectors (float32[m, d]) of some items plus their projected features."""
        return vectors if self.features is None else vectors + self.features[rows] @ self.feature

    def attend(self, own: Tensor) -> Tensor:
        """Return float32[m, d], the own parts of items with their attention weights, to be summed over a history.

        The weight is exp(own part · query). That is a softmax over the history without its denominator, which the
        interest, a direction, does not need.
        """
        if self.attention is None:
            return own
        return own * (own @ self.attention).float().clamp(-_MAX_LOGIT, _MAX_LOGIT).exp()[:, None]

    def users(self, total: Tensor, count: Tensor, user: Tensor, friends: Tensor | None = None) -> Tensor:
        """Return float32[q, d + 3], the encodings u.

        The interest is the direction of the history, shrunk towards a prior (a common one plus the projected profile)
        by ``k / (k + shrinkage)`` for k items: with few items the prior and popularity decide.

        Args:
            total: float32[q, d], sum of the own parts of the items in each history, see :meth:`attend`.
            count: float32[q], items in each history.
            user: int64[q] user codes, for the profiles.
            friends: float32[q, d] to add to the prior, or None.
        """
        shrinkage = self.log_shrinkage.exp()
        unknown = (shrinkage / (count + shrinkage))[:, None]
        prior = self.prior.expand(len(count), -1)
        if self.profiles is not None:
            prior = prior + self.profiles[user] @ self.profile
        if friends is not None:
            prior = prior + friends
        interest = (1 - unknown) * normalize(total, dim=-1) + unknown * prior
        one = torch.ones_like(unknown)
        return torch.cat([interest, one, one, unknown], dim=1)

    def logits(self, users: Tensor, items: Tensor) -> Tensor:
        """Return float32[q, m], the formula before the sigmoid, of every user with every item."""
        logits: Tensor = catalogue_logits(users, items, *self._weights())
        return logits

    def pair_logits(self, users: Tensor, items: Tensor) -> Tensor:
        """Return float32[p], the same of single pairs: float32[p, d + 3] encodings of either side."""
        logits: Tensor = pair_logits(users, items, *self._weights())
        return logits

    def _weights(self) -> tuple[Tensor, Tensor, Tensor | float]:
        w1 = self.w1
        return w1, torch.zeros_like(w1) if self.w2 is None else self.w2, 0.0 if self.b is None else self.b


def predict_new_items(vectors: Tensor, encodings: Tensor, warm: Tensor, regularization: float) -> Tensor:
    """Return float32[n, e]: encodings of warm items as they are, those of new items predicted from their texts.

    New items have no residual and no popularity. Their encodings come from a ridge regression of the warm items'
    encodings on their text vectors, in closed form.

    Args:
        vectors: float32[n, d] text vectors.
        encodings: float32[n, e]; rows of new items are ignored.
        warm: bool[n].
        regularization: the L2 penalty of the regression; text vectors have unit length.
    """
    if bool(warm.all()) or not bool(warm.any()):
        return encodings
    known, target = vectors[warm].double(), encodings[warm].double()
    centre, mean = known.mean(dim=0), target.mean(dim=0)
    known = known - centre
    penalty = regularization * torch.eye(known.shape[1], dtype=known.dtype, device=known.device)
    weights = torch.linalg.solve(known.T @ known + penalty, known.T @ (target - mean))
    out = encodings.clone()
    out[~warm] = ((vectors[~warm].double() - centre) @ weights + mean).float()
    return out


def encode_items(head: Head, vectors: Tensor, settings: Settings, *, identities: bool) -> tuple[Tensor, Tensor]:
    """Return float32[n, d] vectors with features and float32[n, d + 3] encodings of all items, after training.

    Sets the head's shrinkage to the setting.

    Args:
        head: trained.
        vectors: float32[n, d] text vectors.
        settings: of the model.
        identities: False where nothing is learnt about single items.
    """
    every = torch.arange(len(vectors), device=vectors.device)
    with torch.no_grad():
        head.log_shrinkage.fill_(float(np.log(settings.shrinkage)))
        items = head.items(vectors, every, head.warm.float() * identities)
        vectors = head.fuse(vectors, every)
        if identities:
            items = predict_new_items(vectors, items, head.warm, settings.regularization)
    return vectors, items


def build_head(settings: Settings, train: Dataset, backbone: Backbone, context: Context) -> Head:
    """Return an untrained head for a training part; ``backbone`` encodes the profile texts as it is now."""
    device = torch.device(context.device)
    features = _standardized(train.items) if settings.features else None
    profiles = _profiles(settings, train.users, backbone, context)
    profile, feature = (None if one is None else torch.from_numpy(one).to(device) for one in (profiles, features))
    taken = torch.from_numpy(np.asarray(train.matrix().sum(axis=0)).ravel()).to(device)
    return Head.of(settings, taken, profile, feature, width=backbone.width)


def standardize(features: Float32) -> Float32:
    """Return float32[m, f], each column with mean 0 and the same deviation; columns that do not vary become 0.

    Rows have a mean square length of 1, as text vectors have, however many columns there are.
    """
    table = features.astype(np.float64)
    spread = table.std(axis=0)
    centred = table - table.mean(axis=0)
    scaled = np.where(spread > 1e-12, centred / np.maximum(spread, 1e-12), 0.0)  # noqa: PLR2004 - no variation
    out: Float32 = (scaled / np.sqrt(table.shape[1])).astype(np.float32)
    return out


def _standardized(rows: Entities) -> Float32 | None:
    return None if rows.features is None else standardize(rows.features)


def _profiles(settings: Settings, users: Entities, backbone: Backbone, context: Context) -> Float32 | None:
    """Return float32[users, p]: centred vectors of the profile texts, 0 for empty ones, then standardized features."""
    found = []
    if users.text is not None and any(users.text):
        vectors = encode_texts(
            backbone, users.text, device=context.device, threads=context.threads, shared=context.shared
        )
        written = np.linalg.norm(vectors, axis=1) > 0
        vectors[written] -= vectors[written].mean(axis=0)
        found.append(vectors)
    features = _standardized(users) if settings.features else None
    if features is not None:
        found.append(features)
    return np.hstack(found) if len(found) > 1 else found[0] if found else None
