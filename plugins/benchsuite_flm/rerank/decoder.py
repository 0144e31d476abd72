"""The row ``flm-decoder``: a causal language model reads a prompt of history and candidate.

:class:`CausalScorer` makes the prompts and computes their scores and loss; :class:`DecoderFLM` is the row. A score is
the logit of yes less that of no, or the likelihood of the candidate's text.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from annotated_types import Ge

from benchsuite.api import Categorical, Context
from benchsuite.data import Float32, Int64
from benchsuite.errors import DataError
from benchsuite_classic.ease import EASE
from benchsuite_content.backbone_files import DEFAULT_DECODER
from benchsuite_content.encode import encode_texts
from benchsuite_flm.rerank.reranker import Reranker
from benchsuite_flm.rerank.training import Scorer, pairs_of
from benchsuite_flm.settings import Tuning

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from benchsuite_content.backbone import Backbone

CITE_TALLREC = """@inproceedings{bao2023tallrec,
  title = {{TALLRec}: An Effective and Efficient Tuning Framework to Align Large Language Model with Recommendation},
  author = {Bao, Keqin and Zhang, Jizhi and Zhang, Yang and Wang, Wenjie and Feng, Fuli and He, Xiangnan},
  booktitle = {Proceedings of the 17th ACM Conference on Recommender Systems (RecSys '23)},
  year = {2023},
  doi = {10.1145/3604915.3608857}
}"""

CITE_LORA = """@inproceedings{hu2022lora,
  title = {{LoRA}: Low-Rank Adaptation of Large Language Models},
  author = {Hu, Edward J. and Shen, Yelong and Wallis, Phillip and Allen-Zhu, Zeyuan and Li, Yuanzhi and Wang, Shean
    and Wang, Lu and Chen, Weizhu},
  booktitle = {International Conference on Learning Representations (ICLR)},
  year = {2022}
}"""


Answer = Literal["yes-no", "text"]

_BATCH = 64
"""Candidates of one history that are read together."""

_HISTORY = "A person liked these:"
_QUESTION = ("\nWould this person also like", "?\nAnswer:")
_TEXT = "\nThis person also liked:"


@dataclass(frozen=True, eq=False)
class Prompt:
    """The tokens of a history (prefix) and of a candidate after it (suffix)."""

    prefix: list[int]
    suffix: list[int]


class CausalScorer(Scorer):
    """A decoder with its head, and the prompts that it scores.

    Args:
        backbone: the decoder, loaded with its head.
        answer: ``yes-no``: the logit of " yes" less that of " no" after a question; ``text``: the mean log-likelihood
            of the tokens of the candidate's text.
        length: tokens of a prompt that are read at most; histories are cut at their end, candidates at half of it.

    Raises:
        DataError: when the tokenizer has the same tokens for " yes" and " no".
    """

    def __init__(self, backbone: Backbone, answer: Answer, length: int) -> None:
        super().__init__(backbone)
        self.model, self._tokenizer = backbone.model, backbone.tokenizer
        self._answer: Answer = answer
        self._length = min(length, backbone.max_tokens)
        # The argument of keys and values was renamed in a later version 5 of transformers.
        arguments = inspect.signature(self.model.forward).parameters
        self._cache = "cache" if "cache" in arguments else "past_key_values"
        self._yes, self._no = self._answer_tokens() if answer == "yes-no" else (0, 0)

    def _answer_tokens(self) -> tuple[int, int]:
        for yes, no in zip(self._ids(" yes"), self._ids(" no"), strict=False):
            if yes != no:
                return yes, no
        raise DataError('the tokenizer has no words of its own for "yes" and "no"', remedy='choose answer = "text"')

    def _ids(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def prompts(self, histories: Sequence[str], texts: Sequence[str]) -> list[Prompt]:
        """Return the prompt of each history with the text beside it."""
        before, after = (self._ids(part) for part in _QUESTION) if self._answer == "yes-no" else (self._ids(_TEXT), [])
        start = [] if self._tokenizer.bos_token_id is None else [self._tokenizer.bos_token_id]
        opening = [*start, *self._ids(_HISTORY)]
        candidates = {text: self._ids(f" {text}")[: self._length // 2] for text in set(texts)}
        past = {history: self._ids(f" {history}") for history in set(histories)}
        made = []
        for history, text in zip(histories, texts, strict=True):
            # The first token of the candidate is scored too, so the suffix begins with it.
            own = candidates[text] or self._ids(" ?") or [0]
            frame = len(opening) + len(before) + len(own) + len(after)
            prefix = [*opening, *past[history][: max(0, self._length - frame)], *before]
            made.append(Prompt(prefix, [*own, *after]))
        return made

    def _scores(self, logits: Tensor, ids: Tensor, size: Tensor) -> Tensor:
        """Return float32[n], the scores.

        Args:
            logits: float[n, t, words], of the next token before each token of the suffix and after the last.
            ids: int64[n, t - 1], the tokens of the suffix, any after the end.
            size: int64[n], tokens of each suffix.
        """
        import torch

        if self._answer == "yes-no":
            last = logits[torch.arange(len(size), device=size.device), size].float()
            return last[:, self._yes] - last[:, self._no]
        log_probability = torch.log_softmax(logits[:, :-1].float(), dim=-1).gather(2, ids[:, :, None])[:, :, 0]
        inside = torch.arange(ids.shape[1], device=size.device) < size[:, None]
        return log_probability.masked_fill(~inside, 0.0).sum(dim=1) / size

    def forward(self, prompts: Sequence[Prompt], *, half: bool = False) -> Tensor:
        """Return float32[n], the scores of prompts, each with its own prefix, with gradients."""
        import torch

        # All prefixes end at the same place, so that only the logits of the suffixes are needed.
        prefix, in_prefix = _padded([prompt.prefix for prompt in prompts], self.device, left=True)
        suffix, in_suffix = _padded([prompt.suffix for prompt in prompts], self.device)
        ids, mask = torch.cat([prefix, suffix], dim=1), torch.cat([in_prefix, in_suffix], dim=1)
        place = (mask.cumsum(dim=1) - 1).clamp_min(0)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            logits = self.model(
                input_ids=ids,
                attention_mask=mask,
                position_ids=place,
                logits_to_keep=suffix.shape[1] + 1,
                use_cache=False,
            ).logits
        return self._scores(logits, suffix, in_suffix.sum(dim=1))

    def _forward_shared(self, prefix: Sequence[int], suffixes: Sequence[Sequence[int]]) -> Tensor:
        """Return float32[n], the scores of prompts with one prefix, whose keys and values are computed once."""
        import torch

        device, many, begin = self.device, len(suffixes), len(prefix)
        ids, real = _padded(suffixes, device)
        seen = self.model(input_ids=torch.tensor([list(prefix)], device=device), use_cache=True, logits_to_keep=1)
        cache: Any = seen[self._cache]
        cache.batch_repeat_interleave(many)
        logits = self.model(
            input_ids=ids,
            attention_mask=torch.cat([torch.ones(many, begin, dtype=torch.long, device=device), real], dim=1),
            position_ids=torch.arange(begin, begin + ids.shape[1], device=device).expand(many, -1),
            use_cache=True,
            **{self._cache: cache},
        ).logits
        return self._scores(torch.cat([seen.logits.expand(many, -1, -1), logits], dim=1), ids, real.sum(dim=1))

    def score_prompts(self, prompts: Sequence[Prompt]) -> Tensor:
        """Return float32[n], the scores of prompts; neighbours with one prefix share its keys and values."""
        import torch

        found: list[Tensor] = []
        first = 0
        with torch.inference_mode():
            while first < len(prompts):
                last = first + 1
                while last < min(len(prompts), first + _BATCH) and prompts[last].prefix == prompts[first].prefix:
                    last += 1
                found.append(self._forward_shared(prompts[first].prefix, [one.suffix for one in prompts[first:last]]))
                first = last
        return torch.cat(found)

    def group_loss(self, histories: Sequence[str], items: Sequence[Sequence[str]], *, half: bool = False) -> Tensor:
        """Return the mean loss of some groups, see :meth:`benchsuite_flm.rerank.training.Scorer.group_loss`.

        ``yes-no``: binary cross-entropy, where the one yes weighs as much as all no of a group; ``text``: the
        language-model loss of the taken items' texts, without the other items.
        """
        from benchsuite_flm.losses import group_bce

        if self._answer == "text":
            return -self.forward(self.prompts(histories, [group[0] for group in items]), half=half).mean()
        scores = self.forward(self.prompts(*pairs_of(histories, items)), half=half)
        return group_bce(scores.view(-1, len(items[0])), balanced=True)

    def scores(self, histories: Sequence[str], owner: Int64, texts: Sequence[str]) -> Float32:
        """Return float32[p], the scores of pairs, see :meth:`benchsuite_flm.rerank.training.Scorer.scores`."""
        scores: Float32 = self.score_prompts(self.prompts([histories[n] for n in owner], texts)).cpu().numpy()
        return scores


def _padded(rows: Sequence[Sequence[int]], device: torch.device, *, left: bool = False) -> tuple[Tensor, Tensor]:
    """Return int64[n, t] tokens of rows, padded with 0 on one side, and their int64[n, t] mask, 1 for tokens."""
    import torch

    ids = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.long)
    mask = torch.zeros_like(ids)
    for number, row in enumerate(rows):
        place = slice(ids.shape[1] - len(row), None) if left else slice(len(row))
        ids[number, place] = torch.tensor(list(row), dtype=torch.long)
        mask[number, place] = 1
    return ids.to(device), mask.to(device)


@dataclass
class DecoderFLM(Reranker):
    """Re-ranks a first stage's best by a causal language model that reads a prompt of history and candidate.

    After the titles of the history comes either a question, and the score is the logit of " yes" less that of " no"
    (as in TALLRec, Bao et al. 2023), or the candidate's text, and the score is its mean log-likelihood per token. The
    prompt's beginning is read once for all candidates of a query.

    Trained with LoRA (Hu et al. 2022) on held-out items among the candidates, as ``flm-cross`` is: by binary
    cross-entropy of yes and no, other candidates being no; or, for texts, by the language-model loss of the held-out
    items' texts. Candidates and their blended scores are as in ``flm-cross``, too.

    Attributes:
        backbone: a decoder, see :func:`benchsuite_content.backbone.load_backbone`. The default is small and open and
            comes from a wheel (``benchsuite[smollm2]``).
        answer: ``yes-no`` or ``text``.
        length: tokens of a prompt that are read at most; the history is cut at its end.
        tuning: as in ``flm-cross``.
        layers: as in ``flm-cross``; by default all.
    """

    backbone: str = DEFAULT_DECODER
    answer: Annotated[Answer, Categorical("yes-no", "text")] = "yes-no"
    length: Annotated[int, Ge(24)] = 96
    tuning: Tuning = "lora"
    layers: Annotated[int, Ge(1)] = 1000

    predicts_tokens: ClassVar[bool] = True
    cite: ClassVar[tuple[str, ...]] = (CITE_TALLREC, CITE_LORA, *EASE.cite)

    def _text_vectors(self, backbone: Backbone, texts: Sequence[str], context: Context) -> Float32:
        backbone.model.to(context.device)
        body = dataclasses.replace(backbone, model=backbone.model.base_model, pooling="mean")
        return encode_texts(body, texts, device=context.device, threads=context.threads, shared=context.shared)

    def _build_scorer(self, backbone: Backbone) -> Scorer:
        return CausalScorer(backbone, self.answer, self.length)
