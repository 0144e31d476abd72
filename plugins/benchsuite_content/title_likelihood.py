"""How likely a causal language model finds titles, and what that tells of the popularity of new items.

A title that a model finds likely is one that it has read: fame leaves traces in the text that it was trained on. For
new items nothing else tells popularity, so it is predicted from these likelihoods, by a regression on the known items.
What is used here is what contamination is made of: a data set of old, famous items flatters it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from benchsuite.api import Context, SharedCache
from benchsuite.data import Dataset, Float32, Float64, Int32, Queries
from benchsuite_content.backbone import Backbone, load_backbone
from benchsuite_content.encode import torch_threads
from benchsuite_content.kept import encoding_key, keeper, read_array, write_array
from benchsuite_content.title_completion import Known, complete_titles

FEATURES = ("sum", "mean", "mean without the first token", "tokens", "least", "closing quote")
"""What is read of the log-probabilities of a title's tokens; the closing quote's tells whether the title is whole."""

PROMPT = 'Some of the most famous and popular movies of all time are "'
"""What stands before a title by default. It matters: before the films of ml-100k (ml-latest-small) the likelihood tells
the log counts of new ones with a correlation of .49 (.44), after 'The movie "' with .42 (.39), after 'It is called "'
half as well."""

_LONGEST = 64  # tokens of a title that are read
_BATCH = 64
_REGULARIZATION = 10.0
_FARTHEST = 2.5  # robust deviations at which features are cut: single odd titles would carry the regression away
_ASKED = 256  # users whose scores tell the scale of a model's scores
Score = Callable[[Queries, Int32 | None], Float32]

_YEAR = re.compile(r"\s*\(\d{4}\)$")
_ARTICLE = re.compile(r"^(.*), (The|A|An|La|Le|Les|L'|Il|El|Der|Die|Das)$")


def plain_title(title: str) -> str:
    """Return a title as one writes it in a sentence: without the year, the article in front."""
    words = " ".join(_YEAR.sub("", title).split())
    found = _ARTICLE.match(words)
    return words if found is None else f"{found[2]} {found[1]}"


def title_likelihoods(
    backbone: Backbone,
    titles: Sequence[str],
    *,
    prompt: str = PROMPT,
    threads: int = 1,
    shared: SharedCache | None = None,
    device: str = "cpu",
) -> Float32:
    """Return float32[titles, 6], see :data:`FEATURES`.

    Args:
        backbone: a causal language model with its head, as it was loaded.
        titles: as in the data.
        prompt: what stands before each title; it ends with a quotation mark.
        threads: CPU threads to use.
        shared: where the result is kept for other fits.
        device: where to compute.
    """
    distinct, place = np.unique([plain_title(str(title)) for title in titles], return_inverse=True)
    texts = [str(text) for text in distinct]
    found = keeper(backbone, shared, device).get(
        "title likelihoods",
        encoding_key(backbone, texts, threads=threads, prompt=prompt, longest=_LONGEST),
        lambda: _likelihoods(backbone, texts, prompt, threads, device),
        write=write_array,
        read=read_array,
    )
    return np.asarray(found[place])


def _likelihoods(backbone: Backbone, texts: Sequence[str], prompt: str, threads: int, device: str) -> Float32:
    import torch

    tokenizer, model = backbone.tokenizer, backbone.model.to(device).eval()
    begin = [tokenizer.bos_token_id] if tokenizer.bos_token_id is not None else []
    before = begin + list(tokenizer(prompt, add_special_tokens=False)["input_ids"])
    rows = []
    for text in texts:
        ids = tokenizer(f'{text}"', add_special_tokens=False)["input_ids"]
        rows.append(before + list(ids)[:_LONGEST])
    found = np.zeros((len(texts), len(FEATURES)), np.float32)
    order = np.argsort([len(ids) for ids in rows], kind="stable")
    with torch_threads(threads), torch.inference_mode():
        for first in range(0, len(order), _BATCH):
            part = order[first : first + _BATCH].tolist()
            ids = torch.zeros(len(part), max(len(rows[row]) for row in part), dtype=torch.long)
            mask = torch.zeros_like(ids)
            for place, row in enumerate(part):
                ids[place, : len(rows[row])] = torch.tensor(rows[row])
                mask[place, : len(rows[row])] = 1
            logits = model(input_ids=ids.to(device), attention_mask=mask.to(device)).logits[:, :-1].float().cpu()
            told = logits.gather(2, ids[:, 1:, None])[..., 0] - logits.logsumexp(dim=2)
            for place, row in enumerate(part):
                found[row] = _features(told[place, len(before) - 1 : len(rows[row]) - 1].numpy())
    return found


def _features(told: Float32) -> list[float]:
    """Return the features of the log-probabilities of one title's tokens, the closing quote included."""
    rest = told[1:] if len(told) > 1 else told
    return [float(x) for x in (told.sum(), told.mean(), rest.mean(), len(told), told.min(), told[-1])]


@dataclass(frozen=True, eq=False)
class TitlePopularity:
    """The popularity of new items as their titles tell it.

    Attributes:
        value: float32[n], the predicted log count of each new item less the mean of all new items; 0 for known items.
        spread: how far the scores of new items lie apart for a user, in the model that this is added to.
        parameters: weights of the decoder and of the regression.
        about: facts: the decoder, the correlation with true counts, and how often the decoder completes titles.
    """

    value: Float32
    spread: float
    parameters: int
    about: Mapping[str, Any]

    @classmethod
    def fit(cls, train: Dataset, score: Score, context: Context, *, decoder: str, prompt: str) -> Self:
        """Learn from the counts of the known items.

        Args:
            train: the training part; its items have texts.
            score: of the model that this is added to, as it was fitted on ``train``.
            context: threads, device and what is kept.
            decoder: name of a causal language model, as of :func:`benchsuite_content.backbone.load_backbone`.
            prompt: what stands before each title.

        Raises:
            ConfigError: the decoder cannot be found.
            DataError: it is none, or its weights are not what was published.
        """
        backbone = load_backbone(decoder, writes=True)
        titles, threads, device = train.items.titles, context.threads, context.device
        known = Known(backbone.sha256, backbone.files, context.shared)
        features = title_likelihoods(
            backbone, titles, prompt=prompt, threads=threads, shared=context.shared, device=device
        )
        counts = np.asarray(train.matrix().sum(axis=0)).ravel()
        predicted, correlation = predicted_counts(features, counts)
        new = counts <= 0
        value = np.where(new, predicted - (predicted[new].mean() if new.any() else 0.0), 0.0)
        about = {
            "decoder": dict(backbone.provenance),
            "correlation with log counts": round(correlation, 3),
            "title_completion": complete_titles(decoder, titles, device=device, threads=threads, known=known),
        }
        return cls(value.astype(np.float32), spread(score, train), backbone.parameters + len(FEATURES) + 1, about)

    def add(self, scores: Float32, weight: float, candidates: Int32 | None) -> Float32:
        """Return scores (float32[q, c]) plus the popularity of new items, weighted in deviations of a user's scores."""
        value = self.value if candidates is None else self.value[candidates]
        return scores + np.float32(weight * self.spread) * value

    def record(self) -> dict[str, Any]:
        """Return JSON-like values."""
        return {**dataclasses.asdict(self), "value": self.value.tolist()}

    @classmethod
    def from_record(cls, table: Mapping[str, Any]) -> Self:
        """Read what :meth:`record` returned."""
        return cls(**{**table, "value": np.asarray(table["value"], np.float32)})


def predicted_counts(features: Float32, counts: Float64) -> tuple[Float64, float]:
    """Return float64[n], log counts predicted by ridge regression on the known items, and their correlation.

    Args:
        features: float32[n, f]; they are cut at some deviations from the median.
        counts: float[n], training rows of each item; 0 for new ones.

    Returns:
        The predictions, and the correlation of true log counts with predictions that leave the item itself out (in
        closed form, from the diagonal of the hat matrix); 0 where fewer than three items are known.
    """
    known = counts > 0
    target = np.log1p(counts[known])
    if known.sum() < 3 or np.ptp(target) == 0:  # noqa: PLR2004 - two points have no correlation
        return np.zeros(len(counts)), 0.0
    low, middle, high = np.percentile(features[known].astype(np.float64), [16, 50, 84], axis=0)
    scaled = np.clip((features - middle) / np.maximum((high - low) / 2, 1e-6), -_FARTHEST, _FARTHEST)
    scaled = scaled - scaled[known].mean(axis=0)
    own = scaled[known]
    penalized = own.T @ own + _REGULARIZATION * np.eye(own.shape[1])
    weights = np.linalg.solve(penalized, own.T @ (target - target.mean()))
    leverage = np.einsum("nf,fn->n", own, np.linalg.solve(penalized, own.T)) + 1 / len(own)
    residual = (target - target.mean() - own @ weights) / np.maximum(1 - leverage, 1e-6)
    told = np.corrcoef(target, target - residual)[0, 1]
    return scaled @ weights + target.mean(), float(np.nan_to_num(told))


def spread(score: Score, train: Dataset) -> float:
    """Return how far a model's scores of new items lie apart: their deviation for a user, in the mean of some users.

    0 where there are fewer than two new items, or nobody has a history.
    """
    rows = train.interactions
    counts = np.asarray(train.matrix().sum(axis=0)).ravel()
    new = np.flatnonzero(counts <= 0).astype(np.int32)
    users = np.unique(rows.user)
    if len(new) < 2 or not len(users):  # noqa: PLR2004 - one number has no deviation
        return 0.0
    chosen = users[np.unique(np.linspace(0, len(users) - 1, min(_ASKED, len(users))).astype(np.int64))]
    number = np.full(len(train.users), -1, np.int64)
    number[chosen] = np.arange(len(chosen))
    shown = rows.take(number[rows.user] >= 0)
    scores = score(Queries.from_rows(chosen, number[shown.user], shown), new).astype(np.float64)
    told = np.isfinite(scores).all(axis=1)
    return float(scores[told].std(axis=1).mean()) if told.any() else 0.0
