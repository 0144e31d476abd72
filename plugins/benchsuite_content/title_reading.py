"""What a causal language model makes of titles: how likely it finds each, and what it holds in mind after it.

Both come from one pass over a prompt and a title. A title that the model finds likely is one that it has read; the
hidden state after the title tells what else it has read about it. Nothing is trained here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from benchsuite.api import Context, SharedCache
from benchsuite.data import Entities, Float32
from benchsuite.errors import ConfigError
from benchsuite_content.backbone import Backbone, load_backbone
from benchsuite_content.encode import torch_threads
from benchsuite_content.kept import encoding_key, keeper, read_array, write_array
from benchsuite_content.title_completion import Known

FEATURES = ("sum", "mean", "mean without the first token", "tokens", "least", "closing quote")
"""What is read of the log-probabilities of a title's tokens; the closing quote's tells whether the title is whole."""

PROMPT = 'Some of the most famous and popular movies of all time are "'
"""What stands before a title by default. It matters: before the films of ml-100k (ml-latest-small) the likelihood tells
the log counts of new ones with a correlation of .49 (.44), after 'The movie "' with .42 (.39), after 'It is called "'
half as well."""

_LONGEST = 64  # tokens of a title that are read
_BATCH = 64

_YEAR = re.compile(r"\s*\(\d{4}\)$")
_ARTICLE = re.compile(r"^(.*), (The|A|An|La|Le|Les|L'|Il|El|Der|Die|Das)$")


def plain_title(title: str) -> str:
    """Return a title as one writes it in a sentence: without the year, the article in front."""
    words = " ".join(_YEAR.sub("", title).split())
    found = _ARTICLE.match(words)
    return words if found is None else f"{found[2]} {found[1]}"


@dataclass(frozen=True, eq=False)
class TitleReading:
    """The titles of a catalogue as a causal language model reads them.

    Attributes:
        likelihoods: float32[n, 6], see :data:`FEATURES`.
        states: float32[n, d], the hidden state of the middle layer at the quotation mark that closes the title; 0 where
            a title is empty.
        decoder: name of the model.
        provenance: where its weights come from.
        parameters: how many weights it has.
        known: what it is, for what is kept of it.
    """

    likelihoods: Float32
    states: Float32
    decoder: str
    provenance: Mapping[str, Any]
    parameters: int
    known: Known

    @classmethod
    def of(cls, items: Entities, context: Context, *, decoder: str, prompt: str) -> Self:
        """Read the titles of items.

        Args:
            items: their titles are read.
            context: threads, device and what is kept.
            decoder: name of a causal language model, as of :func:`benchsuite_content.backbone.load_backbone`.
            prompt: what stands before each title.

        Raises:
            ConfigError: the decoder cannot be found.
            DataError: it is none, or its weights are not what was published.
        """
        backbone = load_backbone(decoder, writes=True)
        likelihoods, states = read_titles(
            backbone, items.titles, prompt=prompt, threads=context.threads, shared=context.shared, device=context.device
        )
        known = Known(backbone.sha256, backbone.files, context.shared)
        return cls(likelihoods, states, decoder, dict(backbone.provenance), backbone.parameters, known)


def read_titles(
    backbone: Backbone,
    titles: Sequence[str],
    *,
    prompt: str = PROMPT,
    threads: int = 1,
    shared: SharedCache | None = None,
    device: str = "cpu",
) -> tuple[Float32, Float32]:
    """Return likelihoods and states, see :class:`TitleReading`.

    Args:
        backbone: a causal language model with its head, as it was loaded.
        titles: as in the data.
        prompt: what stands before each title; it ends with a quotation mark.
        threads: CPU threads to use.
        shared: where the result is kept for other fits.
        device: where to compute.

    Raises:
        ConfigError: nothing stands before a title.
    """
    distinct, place = np.unique([plain_title(str(title)) for title in titles], return_inverse=True)
    texts = [str(text) for text in distinct]
    found = keeper(backbone, shared, device).get(
        "titles under a decoder",
        encoding_key(backbone, texts, threads=threads, prompt=prompt, longest=_LONGEST),
        lambda: _read(backbone, texts, prompt, threads, device),
        write=write_array,
        read=read_array,
    )[place]
    states = np.ascontiguousarray(found[:, len(FEATURES) :])
    states[distinct[place] == ""] = 0.0
    return np.ascontiguousarray(found[:, : len(FEATURES)]), states


def _read(backbone: Backbone, texts: Sequence[str], prompt: str, threads: int, device: str) -> Float32:
    """Return float32[texts, 6 + d], likelihoods and state of each text."""
    import torch

    tokenizer, model = backbone.tokenizer, backbone.model.to(device).eval()
    begin = [tokenizer.bos_token_id] if tokenizer.bos_token_id is not None else []
    before = begin + list(tokenizer(prompt, add_special_tokens=False)["input_ids"])
    if not before:
        raise ConfigError("the prompt is empty, and this decoder has no token that begins a text", remedy="write one")
    rows = []
    for text in texts:
        ids = tokenizer(f'{text}"', add_special_tokens=False)["input_ids"]
        rows.append(before + list(ids)[:_LONGEST])
    found = np.zeros((len(texts), len(FEATURES) + int(model.config.hidden_size)), np.float32)
    order = np.argsort([len(ids) for ids in rows], kind="stable")
    with torch_threads(threads), torch.inference_mode():
        for first in range(0, len(order), _BATCH):
            part = order[first : first + _BATCH].tolist()
            ids = torch.zeros(len(part), max(len(rows[row]) for row in part), dtype=torch.long)
            mask = torch.zeros_like(ids)
            for place, row in enumerate(part):
                ids[place, : len(rows[row])] = torch.tensor(rows[row])
                mask[place, : len(rows[row])] = 1
            out = model(input_ids=ids.to(device), attention_mask=mask.to(device), output_hidden_states=True)
            logits = out.logits[:, :-1].float().cpu()
            states = out.hidden_states[len(out.hidden_states) // 2].float().cpu().numpy()
            told = logits.gather(2, ids[:, 1:, None])[..., 0] - logits.logsumexp(dim=2)
            for place, row in enumerate(part):
                likelihoods = _features(told[place, len(before) - 1 : len(rows[row]) - 1].numpy())
                found[row] = [*likelihoods, *states[place, len(rows[row]) - 1]]
    return found


def _features(told: Float32) -> list[float]:
    """Return the features of the log-probabilities of one title's tokens, the closing quote included."""
    rest = told[1:] if len(told) > 1 else told
    return [float(x) for x in (told.sum(), told.mean(), rest.mean(), len(told), told.min(), told[-1])]
