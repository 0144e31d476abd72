"""Notes on failed tuning trials, so that no reader takes a search for complete."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from benchsuite.data import Trials

_MOST_REASONS = 3


def trial_notes(tuning: Sequence[Trials]) -> Iterator[str]:
    """Yield a sentence for each model some of whose trials failed: how many, and why.

    Args:
        tuning: every study.
    """
    for model in dict.fromkeys(one.model for one in tuning):
        own = [one for one in tuning if one.model == model]
        reasons = Counter(reason or "the reason was not kept" for one in own for reason in one.failures)
        if reasons:
            told = [f"{reason} ({times})" for reason, times in reasons.most_common(_MOST_REASONS)]
            told += ["other reasons, see the table of trials"] if len(reasons) > _MOST_REASONS else []
            tried = sum(len(one.values) for one in own)
            yield f"Of {tried} tuning trials of {model}, {reasons.total()} failed: {'; '.join(told)}."
