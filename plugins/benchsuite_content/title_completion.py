"""The title-completion probe: does a pretrained language model know the items of a data set by name?

Each title is cut in half, and the untrained backbone predicts the second half from the first. A causal model continues
greedily; a masked one fills all masked places at once, each with its likeliest token. Control titles have their words
exchanged between titles, place by place counted from the end: they look alike, but no model can know them. A model that
completes more real titles than control titles has read them before, or guesses them from language.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchsuite.api import SharedCache
from benchsuite_content.backbone import is_decoder
from benchsuite_content.backbone_files import backbone_folder
from benchsuite_content.encode import torch_threads
from benchsuite_content.kept import machine, texts_sum
from benchsuite_content.quiet import quiet_transformers

NO_HEAD = "not applicable: the backbone has no language-modelling head"
LIMIT = 500
"""Titles tried at most."""

_RESULT = "result.json"
_TOKENS = 64  # longer titles are left out
_BATCH = 16
_YEAR = re.compile(r"\s*\(\d{4}\)$")


@dataclass(frozen=True, eq=False)
class Known:
    """What a backbone is, so that its result can be kept.

    Attributes:
        weights: sum of its weights.
        files: sum of its other files, see :class:`benchsuite_content.backbone.Backbone`.
        shared: where results are kept.
    """

    weights: str
    files: str
    shared: SharedCache


def complete_titles(
    name: str,
    titles: Sequence[str],
    *,
    seed: int = 0,
    limit: int = LIMIT,
    device: str = "cpu",
    threads: int = 1,
    known: Known | None = None,
) -> dict[str, Any] | str:
    """Return how often a backbone completes titles, or why that cannot be measured.

    Args:
        name: the backbone, see :func:`benchsuite_content.backbone.load_backbone`. It is loaded anew, untrained.
        titles: the titles; equal ones count once, a year in brackets at the end is cut off, single words are left out.
        seed: which titles are drawn, and how words are exchanged.
        limit: how many titles are drawn at most.
        device: where to compute.
        threads: CPU threads to use.
        known: the sums of the backbone's files and where the result is kept for other fits; None keeps nothing.

    Returns:
        ``kind`` (``"masked"`` or ``"causal"``), ``titles`` (how many were tried), the shares ``completed`` (the whole
        rest is right) and ``next_word`` (its first word is), and the same of control titles as ``control_completed``
        and ``control_next_word``. Or a sentence that begins with "not applicable" or "failed".
    """
    drawn = _draw(titles, seed, limit)
    if not drawn:
        return "not applicable: no title has two words"

    def probe() -> dict[str, Any] | str:
        with torch_threads(threads), quiet_transformers():
            return _probe(backbone_folder(name), drawn, seed, device)

    try:
        if known is None or not known.files or device != "cpu":
            return probe()
        key = {"version": 1, "weights": known.weights, "files": known.files, "seed": seed, "threads": threads}
        key |= {"titles": texts_sum([" ".join(words) for words in drawn]), "machine": machine()}
        return known.shared.get("title completion", key, probe, write=_write, read=_read)
    except Exception as error:  # noqa: BLE001 - a probe that fails must not make the fit fail
        line = str(error).strip().partition("\n")[0][:200]
        return f"failed: {type(error).__name__}: {line}"


def _write(folder: Path, result: dict[str, Any] | str) -> None:
    (folder / _RESULT).write_text(json.dumps(result), "utf-8")


def _read(folder: Path) -> dict[str, Any] | str:
    result: dict[str, Any] | str = json.loads((folder / _RESULT).read_text("utf-8"))
    return result


def _probe(folder: Path, drawn: list[list[str]], seed: int, device: str) -> dict[str, Any] | str:
    found = _load(folder)
    if found is None:
        return NO_HEAD
    found.model.to(device)
    given, control = (found.complete(words) for words in (drawn, _exchanged(drawn, seed)))
    if not given or not control:
        return "not applicable: no title is short enough"
    shares = {
        f"{prefix}{what}": round(float(np.mean([result[place] for result in results])), 4)
        for prefix, results in (("", given), ("control_", control))
        for place, what in enumerate(("completed", "next_word"))
    }
    return {"kind": "causal" if found.causal else "masked", "titles": len(given), **shares}


def _draw(titles: Sequence[str], seed: int, limit: int) -> list[list[str]]:
    """Return the words of some titles of two words and more; which ones does not depend on their order."""
    known = sorted({" ".join(_YEAR.sub("", title).split()) for title in titles})
    known = [title for title in known if " " in title]
    if len(known) > limit:
        chosen = np.random.default_rng(seed).choice(len(known), limit, replace=False)
        known = [known[place] for place in sorted(chosen.tolist())]
    return [title.split() for title in known]


def _exchanged(titles: Sequence[Sequence[str]], seed: int) -> list[list[str]]:
    """Return control titles: every last word moves to another title, every last but one likewise, and so on.

    Titles are in a random circle. A last word moves by one title, the one before it by two, and so on: no title keeps
    a word of its own, and neighbouring words are separated. The only title of a length keeps the words at places that
    no other title has.
    """
    order = np.random.default_rng([seed, 1]).permutation(len(titles)).tolist()
    mixed = [list(words) for words in titles]
    for place in range(1, max(map(len, titles)) + 1):
        circle = [number for number in order if len(titles[number]) >= place]
        far = 1 + (place - 1) % max(1, len(circle) - 1)
        for step, taker in enumerate(circle):
            mixed[taker][-place] = titles[circle[step - far]][-place]
    return mixed


@dataclass(frozen=True)
class _Prompt:
    """A title as tokens, and the places of the rest and of its first word."""

    ids: list[int]
    rest: list[int]
    word: list[int]


@dataclass(frozen=True, eq=False)
class _TitleModel:
    """A language model with its head."""

    model: Any
    tokenizer: Any
    causal: bool

    def complete(self, titles: Sequence[Sequence[str]]) -> list[tuple[bool, bool]]:
        """Return of each title that is short enough whether the whole rest and whether its first word is right."""
        import torch

        read = [one for words in titles if (one := self._prompt(words)) is not None]
        results: list[tuple[bool, bool]] = []
        with torch.inference_mode():
            for first in range(0, len(read), _BATCH):
                results += self._batch(read[first : first + _BATCH])
        return results

    def _prompt(self, words: Sequence[str]) -> _Prompt | None:
        """Return the prompt of a title; None where it is too long."""
        text = " ".join(words)
        shown = len(words) - len(words) // 2
        begin = len(" ".join(words[:shown])) + 1
        end = begin + len(words[shown])
        tokens = self.tokenizer(text, return_offsets_mapping=True)
        ids, spans = list(tokens["input_ids"]), tokens["offset_mapping"]
        rest = [place for place, (_, last) in enumerate(spans) if last > begin]
        word = [place for place in rest if spans[place][0] < end]
        room = min(_TOKENS, int(getattr(self.model.config, "max_position_embeddings", _TOKENS)) - 2)
        return _Prompt(ids, rest, word) if word and rest[0] > 0 and len(ids) <= room else None

    def _batch(self, titles: Sequence[_Prompt]) -> Iterator[tuple[bool, bool]]:
        import torch

        ids = torch.full((len(titles), max(len(title.ids) for title in titles)), self.tokenizer.pad_token_id or 0)
        mask = torch.zeros_like(ids)
        for row, title in enumerate(titles):
            ids[row, : len(title.ids)] = torch.tensor(title.ids)
            mask[row, : len(title.ids)] = 1
        shown = ids.clone()
        if not self.causal:
            for row, title in enumerate(titles):
                shown[row, title.rest] = self.tokenizer.mask_token_id
        device = self.model.device
        predicted = self.model(input_ids=shown.to(device), attention_mask=mask.to(device)).logits.argmax(dim=-1).cpu()
        # A causal model predicts the next token at each place. Greedy decoding equals the title up to its first error,
        # so one pass over the true title gives the same result as decoding token by token.
        right = torch.zeros_like(ids, dtype=torch.bool)
        if self.causal:
            right[:, 1:] = predicted[:, :-1] == ids[:, 1:]
        else:
            right = predicted == ids
        for row, title in enumerate(titles):
            yield bool(right[row, title.rest].all()), bool(right[row, title.word].all())


def _load(folder: Path) -> _TitleModel | None:
    """Return the model with the head that its weights hold; None where they hold none."""
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForMaskedLM, AutoTokenizer

    strict = {"trust_remote_code": False, "local_files_only": True}
    config = AutoConfig.from_pretrained(folder, **strict)
    causal = is_decoder(config)
    kind: Any = AutoModelForCausalLM if causal else AutoModelForMaskedLM
    model, report = kind.from_pretrained(
        folder, config=config, use_safetensors=True, dtype="float32", output_loading_info=True, **strict
    )
    # Missing weights would be random. A head tied to the embeddings misses none.
    if report["missing_keys"]:
        return None
    return _TitleModel(model.eval(), AutoTokenizer.from_pretrained(folder, **strict), causal)
