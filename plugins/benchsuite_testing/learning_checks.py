"""Checks of what a model learns: seeds, declared needs, deadlines, and the checkerboard."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from benchsuite.api import Model, Reproducibility, Requirement
from benchsuite_testing.checkerboard_fold import checkerboard
from benchsuite_testing.fitted_models import fit, fitted_model, require_equal, second_fit, small_fold, third_fit
from benchsuite_testing.outcome import Make, require, skip
from benchsuite_testing.reference_ranking import best
from benchsuite_testing.samples import last_events, small_dataset, stripped


def check_same_seed_same_scores(make: Make[Model]) -> None:
    """Fitting again with the same seed gives the same scores."""
    first, again = fitted_model(make), second_fit(make).done
    if not np.array_equal(again.scores, first.scores, equal_nan=True):  # it may be for something that is held out
        again = third_fit(make)
    require_equal(again.scores, first.scores, "a second fit with the same seed")


def check_threads_do_not_matter(make: Make[Model]) -> None:
    """A model that promises the same bytes with any number of threads keeps it, as far as small data shows."""
    model = make()
    if model.reproducibility is not Reproducibility.ANY_THREADS:
        skip("promises no equal bytes for other numbers of threads")
    first, more = fitted_model(make), fit(model, small_fold(model), threads=4)
    require_equal(more.scores, first.scores, "a fit with four threads", exact=True)


def check_global_seeds_do_not_matter(make: Make[Model]) -> None:
    """The context's seed is the only source of randomness: global seeds of Python, NumPy and torch change nothing."""
    first, model = fitted_model(make), make()
    with _other_global_seeds():
        scores = fit(model, small_fold(model)).scores
    require_equal(scores, first.scores, "a fit under other global seeds")


@contextmanager
def _other_global_seeds() -> Iterator[None]:
    """Change all global seeds, and restore them."""
    python, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002 - the global state is the point
    torch = sys.modules.get("torch")
    torch_state = torch.get_rng_state() if torch is not None else None
    try:
        random.seed(987)
        np.random.seed(987)  # noqa: NPY002 - same
        if torch is not None:
            torch.manual_seed(987)
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy_state)  # noqa: NPY002 - same
        if torch is not None:
            torch.set_rng_state(torch_state)


def check_needs_are_declared(make: Make[Model]) -> None:
    """The model works on data that has the optional parts it declares to need, and no others."""
    model = make()
    fold = last_events(stripped(small_dataset(), model.needs))
    done = fit(model, fold, validation=None)
    shape = (len(fold.queries), len(fold.train.items))
    require(done.scores.shape == shape, f"on data with only the declared needs, score has shape {done.scores.shape}")
    require(not np.isnan(done.scores).all(), "on data with only the declared needs, the model abstains everywhere")


def check_late_deadline(make: Make[Model]) -> None:
    """A fit whose deadline has passed ends, with a model that can score."""
    model = make()
    fold = small_fold(model)
    done = fit(model, fold, deadline=time.monotonic() - 1)
    shape = (len(fold.queries), len(fold.train.items))
    require(done.scores.shape == shape, f"after a fit past its deadline, score has shape {done.scores.shape}")


def check_checkerboard(make: Make[Model]) -> None:
    """Each user took all items of their colour but one: that one must come first among those not taken."""
    model = make()
    if not model.is_personalized:
        skip("not personal by design (is_personalized = False)", by_design=True)
    fold = checkerboard(rated=Requirement.VALUES in model.needs)
    scores = fit(model, fold).scores
    missed = [
        query
        for query in range(len(fold.queries))
        if best(scores[query], fold.blocked[query], None, 1) != fold.truth.items[query].tolist()
    ]
    require(
        not missed, f"{len(missed)} of {len(fold.queries)} users do not get the withheld item of their colour first"
    )


LEARNING_CHECKS = (
    check_same_seed_same_scores,
    check_threads_do_not_matter,
    check_global_seeds_do_not_matter,
    check_needs_are_declared,
    check_late_deadline,
    check_checkerboard,
)
