"""Fits of the model under check, made once and shared by the checks that change nothing."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchsuite.api import Context, Model, Requirement
from benchsuite.data import Dataset, Float32, Fold, FoldView, Int32, Queries
from benchsuite_testing.outcome import ContractViolation, Make, require, skip
from benchsuite_testing.samples import last_events, small_dataset
from benchsuite_testing.surroundings import Traces, observed, sum_of

SEED = 3


@dataclass(frozen=True, eq=False)
class FittedModel:
    """A fitted model and the fold it was fitted on."""

    model: Model
    fold: FoldView
    returned: object
    traces: Traces

    @functools.cached_property
    def scores(self) -> Float32:
        """Scores of all items for all queries; most checks begin with them, so what is no array is told here."""
        scores: Any = self.model.score(self.fold.queries, None)
        told = f"score(queries, None) is a {type(scores).__name__}, no NumPy array"
        require(isinstance(scores, np.ndarray), told)
        found: Float32 = scores
        return found


def small_fold(model: Model) -> Fold:
    """Return the small data as this model gets it: with true preferences only if it declares the need."""
    dataset = small_dataset()
    if Requirement.PREFERENCES not in model.needs:
        dataset = dataclasses.replace(dataset, preferences=None)
    return last_events(dataset)


def fit(model: Model, fold: Fold, **more: Any) -> FittedModel:
    """Fit a model as the harness would."""
    if Requirement.GPU in model.needs and not Path("/dev/nvidia0").exists():
        skip(f"needs {Requirement.GPU}")
    if reason := model.unavailable():
        skip(reason)
    context = Context(seed=SEED, device="cuda" if Requirement.GPU in model.needs else "cpu", threads=1)
    context = dataclasses.replace(context, **{"validation": fold.validation, **more})
    with observed(program=model.program() is not None) as traces:
        returned = model.fit(fold.train, context)
    return FittedModel(model, fold.view(), returned, traces)


def fitted_model(make: Make[Model]) -> FittedModel:
    """Return the model fitted on the small data; checks that change nothing share one fit, or its failure."""
    done = _fit_or_failure(make)
    if isinstance(done, BaseException):
        raise done
    return done


@functools.lru_cache(maxsize=4)
def _fit_or_failure(make: Make[Model]) -> FittedModel | BaseException:
    try:
        model = make()
        return fit(model, small_fold(model))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - raised again by whoever asks
        return error


@dataclass(frozen=True, eq=False)
class SecondFit:
    """A second fit with the same seed, which several checks share.

    Attributes:
        done: the fitted model, with its scores.
        untouched: whether its inputs are unchanged.
        traces: what it did to the process.
    """

    done: FittedModel
    untouched: bool
    traces: Traces


@functools.lru_cache(maxsize=4)
def second_fit(make: Make[Model]) -> SecondFit:
    """Fit the model again with the same seed and score, while something else is held out.

    What is held out lies where the callers of the model keep it: a model that looks there answers otherwise now.
    """
    model = make()
    fold = small_fold(model)
    other = ((fold.truth.item + 1) % len(fold.train.items)).astype(np.int32)
    fold = dataclasses.replace(fold, truth=dataclasses.replace(fold.truth, item=other))
    queries, candidates = fold.queries, locked(np.arange(0, len(fold.train.items), 2))
    before = _digest(fold.train, queries, candidates)
    with observed(program=model.program() is not None) as traces:
        done = fit(model, fold)
        _ = done.scores  # first, so that these are the scores of a model that was never asked before
        done.model.score(queries, candidates)
    whole = sum_of(fitted_model(make).traces, done.traces, traces)
    return SecondFit(done, _digest(fold.train, queries, candidates) == before, whole)


@functools.lru_cache(maxsize=4)
def third_fit(make: Make[Model]) -> FittedModel:
    """Fit the model once more, with the same held out as the first time; only where the second fit differs."""
    model = make()
    return fit(model, small_fold(model))


def require_equal(got: Any, wanted: Any, what: str, *, exact: bool = False) -> None:
    """Require equal arrays; NaN equals NaN, and differences by rounding pass unless ``exact``."""
    got, wanted = np.asarray(got), np.asarray(wanted)
    require(got.shape == wanted.shape, f"{what}: shape {got.shape} instead of {wanted.shape}")
    gaps = np.isnan(got) != np.isnan(wanted)
    require(
        not gaps.any(),
        f"{what}: NaN (the model abstains) in {int(gaps.sum())} places with a score in the other answer",
    )
    scale = float(np.nanmax(np.abs(wanted), initial=0.0, where=~np.isnan(wanted)))
    far = np.abs(got.astype(np.float64) - wanted) > (0 if exact else 1e-4 * scale)
    require(not far.any(), f"{what}: {int(far.sum())} of {far.size} scores differ")


def scores_equal(got: Float32, wanted: Float32) -> bool:
    """Return whether two answers are equal but for rounding."""
    try:
        require_equal(got, wanted, "")
    except ContractViolation:
        return False
    return True


def locked(codes: Any) -> Int32:
    """Return item codes as a model gets them: read-only."""
    found: Int32 = np.array(codes, np.int32)
    found.setflags(write=False)
    return found


def _digest(train: Dataset, queries: Queries, candidates: Int32) -> str:
    digest = hashlib.sha256(dataclasses.replace(train).fingerprint.encode())
    columns = [*queries.history.columns.values(), queries.user, queries.start, queries.when, queries.group, candidates]
    for column in columns:
        if column is not None:
            digest.update(np.ascontiguousarray(column).data)
    return digest.hexdigest()
