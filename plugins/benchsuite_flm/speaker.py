"""Reads what a causal language model says to a prompt: the likelihood of yes over no, or of a text."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from benchsuite.errors import DataError
from benchsuite_content.backbone import Backbone
from benchsuite_flm.steps import Group, Rule, Steps
from benchsuite_flm.tower import fast_half

Answer = Literal["yes-no", "text"]

_BATCH = 64
"""Candidates that are read together."""

_SHOWN = "A person liked these:"
_ASKED = ("\nWould this person also like", "?\nAnswer:")
_NAMED = "\nThis person also liked:"


@dataclass(frozen=True, eq=False)
class Prompt:
    """The tokens of a history, and those of a candidate that follow it."""

    prefix: list[int]
    suffix: list[int]


class Speaker:
    """A decoder with its head, and how it is asked.

    Args:
        backbone: the decoder, loaded with its head.
        answer: ``yes-no``: the logit of " yes" less that of " no" after a question; ``text``: the mean log-likelihood
            of the tokens of the candidate's text.
        length: tokens of a prompt that are read at most; of histories the end is cut, of candidates beyond half of it.

    Raises:
        DataError: when the tokenizer writes " yes" and " no" alike.
    """

    def __init__(self, backbone: Backbone, answer: Answer, length: int) -> None:
        self.model, self._tokenizer = backbone.model, backbone.tokenizer
        self._answer: Answer = answer
        self._length = min(length, backbone.max_tokens)
        # What was read is handed over by a name that transformers changed in one of its later versions 5.
        told = inspect.signature(self.model.forward).parameters
        self._memory = "cache" if "cache" in told else "past_key_values"
        self._yes, self._no = self._words() if answer == "yes-no" else (0, 0)

    @property
    def device(self) -> torch.device:
        """Where the decoder is."""
        device: torch.device = self.model.device
        return device

    @property
    def teaches_texts(self) -> bool:
        """Whether the texts themselves are what training teaches."""
        return self._answer == "text"

    def _words(self) -> tuple[int, int]:
        for yes, no in zip(self._ids(" yes"), self._ids(" no"), strict=False):
            if yes != no:
                return yes, no
        raise DataError('the tokenizer has no words of its own for "yes" and "no"', remedy='choose answer = "text"')

    def _ids(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def prompts(self, histories: Sequence[str], texts: Sequence[str]) -> list[Prompt]:
        """Return the prompt of each history with the text beside it."""
        before, after = (self._ids(part) for part in _ASKED) if self._answer == "yes-no" else (self._ids(_NAMED), [])
        start = [] if self._tokenizer.bos_token_id is None else [self._tokenizer.bos_token_id]
        opening = [*start, *self._ids(_SHOWN)]
        told = {text: self._ids(f" {text}")[: self._length // 2] for text in set(texts)}
        shown = {history: self._ids(f" {history}") for history in set(histories)}
        made = []
        for history, text in zip(histories, texts, strict=True):
            # What follows " liked:" is judged, so the end of the history belongs to the prefix.
            own = told[text] or self._ids(" ?") or [0]
            frame = len(opening) + len(before) + len(own) + len(after)
            prefix = [*opening, *shown[history][: max(0, self._length - frame)], *before]
            made.append(Prompt(prefix, [*own, *after]))
        return made

    def judge(self, logits: Tensor, ids: Tensor, size: Tensor) -> Tensor:
        """Return float32[n], the answers.

        Args:
            logits: float[n, t, words], what is said before each token of the suffix and after the last.
            ids: int64[n, t - 1], the tokens of the suffix, any after the end.
            size: int64[n], tokens of each suffix.
        """
        if self._answer == "yes-no":
            last = logits[torch.arange(len(size), device=size.device), size].float()
            return last[:, self._yes] - last[:, self._no]
        chances = torch.log_softmax(logits[:, :-1].float(), dim=-1).gather(2, ids[:, :, None])[:, :, 0]
        inside = torch.arange(ids.shape[1], device=size.device) < size[:, None]
        return chances.masked_fill(~inside, 0.0).sum(dim=1) / size

    def read(self, prompts: Sequence[Prompt], *, half: bool = False) -> Tensor:
        """Return float32[n], the answers to prompts, each with its own prefix; gradients flow."""
        width = max(len(prompt.suffix) for prompt in prompts)
        begin = max(len(prompt.prefix) for prompt in prompts)
        ids = torch.zeros(len(prompts), begin + width, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, prompt in enumerate(prompts):
            # Prefixes end and suffixes begin at one place, so that few logits are needed.
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
        return self.judge(logits, ids[:, begin:], size)

    def read_shared(self, prefix: Sequence[int], suffixes: Sequence[Sequence[int]]) -> Tensor:
        """Return float32[n], the answers to prompts with one prefix, which is read once and remembered."""
        device, many = self.device, len(suffixes)
        size = torch.tensor([len(suffix) for suffix in suffixes])
        ids = torch.zeros(many, int(size.max()), dtype=torch.long)
        for row, suffix in enumerate(suffixes):
            ids[row, : len(suffix)] = torch.tensor(list(suffix))
        real = (torch.arange(ids.shape[1]) < size[:, None]).long()
        ids, real, size = ids.to(device), real.to(device), size.to(device)
        begin = len(prefix)
        seen = self.model(input_ids=torch.tensor([list(prefix)], device=device), use_cache=True, logits_to_keep=1)
        memory: Any = seen[self._memory]
        memory.batch_repeat_interleave(many)
        logits = self.model(
            input_ids=ids,
            attention_mask=torch.cat([torch.ones(many, begin, dtype=torch.long, device=device), real], dim=1),
            position_ids=torch.arange(begin, begin + ids.shape[1], device=device).expand(many, -1),
            use_cache=True,
            **{self._memory: memory},
        ).logits
        return self.judge(torch.cat([seen.logits.expand(many, -1, -1), logits], dim=1), ids, size)

    def answers(self, prompts: Sequence[Prompt]) -> Tensor:
        """Return float32[n], the answers to prompts; neighbours with one prefix share its keys and values."""
        found: list[Tensor] = []
        first = 0
        with torch.inference_mode():
            while first < len(prompts):
                last = first + 1
                while last < min(len(prompts), first + _BATCH) and prompts[last].prefix == prompts[first].prefix:
                    last += 1
                found.append(self.read_shared(prompts[first].prefix, [one.suffix for one in prompts[first:last]]))
                first = last
        return torch.cat(found)


def train(
    speaker: Speaker,
    weights: Sequence[nn.Parameter],
    groups: Sequence[Sequence[Prompt]],
    rule: tuple[int, int, float, float],
    *,
    seed: int,
    report: Callable[[int, int, str], None],
    stop: Callable[[], bool],
) -> list[float]:
    """Train ``weights`` in place, and return the mean loss of each epoch.

    Args:
        speaker: the decoder.
        weights: what learns of it; nothing is done where nothing learns.
        groups: prompts of candidates, those of the taken item first.
        rule: epochs, groups per step, largest step size, weight decay.
        seed: of the order.
        report: told (steps done, steps, note).
        stop: True when training should come to an end.
    """
    epochs, batch, rate, decay = rule
    total = epochs * -(-len(groups) // batch)
    if not total or not weights:
        return []
    random = np.random.default_rng([seed, 23])
    steps = Steps(total, Group(weights, rate, decay), rule=Rule(schedule="warmup-cosine", rise=0.1, clip=1.0))
    half = fast_half(str(speaker.device))
    losses: list[float] = []
    done = 0
    for _ in range(epochs):
        order, seen = random.permutation(len(groups)), []
        for first in range(0, len(order), batch):
            if stop():
                break
            loss = group_loss(speaker, [groups[n] for n in order[first : first + batch]], half=half)
            steps.clear()
            loss.backward()  # type: ignore[no-untyped-call]  # torch's stub
            steps.take()
            seen.append(float(loss.detach()))
            done += 1
            report(done, total, f"loss {seen[-1]:.3f}")
        losses += [float(np.mean(seen))] if seen else []
    return losses


def group_loss(speaker: Speaker, groups: Sequence[Sequence[Prompt]], *, half: bool = False) -> Tensor:
    """Return the mean loss of some groups.

    ``yes-no``: binary cross-entropy, yes and no weighing the same in sum; ``text``: the language-model loss of the
    taken items' texts, where the others have no part.
    """
    if speaker.teaches_texts:
        return -speaker.read([group[0] for group in groups], half=half).mean()
    many = len(groups[0])
    logits = speaker.read([prompt for group in groups for prompt in group], half=half).view(-1, many)
    wanted = torch.zeros_like(logits)
    wanted[:, 0] = 1.0
    more = torch.tensor(float(many - 1), device=logits.device)
    return binary_cross_entropy_with_logits(logits, wanted, pos_weight=more)
