"""Scores prompts with a causal language model: the logit of yes less that of no, or the likelihood of a text."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from benchsuite.data import Float32, Int64
from benchsuite.errors import DataError
from benchsuite_content.backbone import Backbone
from benchsuite_flm.losses import group_bce

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


class CausalScorer:
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
        self.model, self._tokenizer = backbone.model, backbone.tokenizer
        self._answer: Answer = answer
        self._length = min(length, backbone.max_tokens)
        # The argument of keys and values was renamed in a later version 5 of transformers.
        arguments = inspect.signature(self.model.forward).parameters
        self._cache = "cache" if "cache" in arguments else "past_key_values"
        self._yes, self._no = self._answer_tokens() if answer == "yes-no" else (0, 0)

    @property
    def device(self) -> torch.device:
        """Where the decoder is."""
        device: torch.device = self.model.device
        return device

    @property
    def own_weights(self) -> Mapping[str, nn.Parameter]:
        """No weights beside the decoder's."""
        return {}

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
        if self._answer == "yes-no":
            last = logits[torch.arange(len(size), device=size.device), size].float()
            return last[:, self._yes] - last[:, self._no]
        log_probability = torch.log_softmax(logits[:, :-1].float(), dim=-1).gather(2, ids[:, :, None])[:, :, 0]
        inside = torch.arange(ids.shape[1], device=size.device) < size[:, None]
        return log_probability.masked_fill(~inside, 0.0).sum(dim=1) / size

    def forward(self, prompts: Sequence[Prompt], *, half: bool = False) -> Tensor:
        """Return float32[n], the scores of prompts, each with its own prefix, with gradients."""
        width = max(len(prompt.suffix) for prompt in prompts)
        begin = max(len(prompt.prefix) for prompt in prompts)
        ids = torch.zeros(len(prompts), begin + width, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, prompt in enumerate(prompts):
            # All prefixes end at the same place, so that only the logits of the suffixes are needed.
            first = begin - len(prompt.prefix)
            words = [*prompt.prefix, *prompt.suffix]
            ids[row, first : first + len(words)] = torch.tensor(words)
            mask[row, first : first + len(words)] = 1
        ids, mask = ids.to(self.device), mask.to(self.device)
        place = (mask.cumsum(dim=1) - 1).clamp_min(0)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            logits = self.model(
                input_ids=ids, attention_mask=mask, position_ids=place, logits_to_keep=width + 1, use_cache=False
            ).logits
        size = torch.tensor([len(prompt.suffix) for prompt in prompts], device=self.device)
        return self._scores(logits, ids[:, begin:], size)

    def _forward_shared(self, prefix: Sequence[int], suffixes: Sequence[Sequence[int]]) -> Tensor:
        """Return float32[n], the scores of prompts with one prefix, whose keys and values are computed once."""
        device, many = self.device, len(suffixes)
        size = torch.tensor([len(suffix) for suffix in suffixes])
        ids = torch.zeros(many, int(size.max()), dtype=torch.long)
        for row, suffix in enumerate(suffixes):
            ids[row, : len(suffix)] = torch.tensor(list(suffix))
        real = (torch.arange(ids.shape[1]) < size[:, None]).long()
        ids, real, size = ids.to(device), real.to(device), size.to(device)
        begin = len(prefix)
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
        return self._scores(torch.cat([seen.logits.expand(many, -1, -1), logits], dim=1), ids, size)

    def score_prompts(self, prompts: Sequence[Prompt]) -> Tensor:
        """Return float32[n], the scores of prompts; neighbours with one prefix share its keys and values."""
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
        """Return the mean loss of some groups, see :class:`benchsuite_flm.rerank.loop.Scorer`.

        ``yes-no``: binary cross-entropy, where the one yes weighs as much as all no of a group; ``text``: the
        language-model loss of the taken items' texts, without the other items.
        """
        if self._answer == "text":
            return -self.forward(self.prompts(histories, [group[0] for group in items]), half=half).mean()
        size = len(items[0])
        repeated = [history for history in histories for _ in range(size)]
        prompts = self.prompts(repeated, [text for group in items for text in group])
        return group_bce(self.forward(prompts, half=half).view(-1, size), balanced=True)

    def scores(self, histories: Sequence[str], owner: Int64, texts: Sequence[str]) -> Float32:
        """Return float32[p], the scores of pairs, see :class:`benchsuite_flm.rerank.loop.Scorer`."""
        scores: Float32 = self.score_prompts(self.prompts([histories[n] for n in owner], texts)).cpu().numpy()
        return scores
