"""Planted leaks are caught, each for the right reason, and nothing else is accused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchsuite.api import Split
from benchsuite.data import Dataset, Fold
from benchsuite.data.files import load_fold, save_fold
from benchsuite.errors import LeakError
from benchsuite.evaluate import CrossFoldChecks, LeakFinding, check_fold, iter_findings
from benchsuite.registry import load_split

SEED = 3

# The leak in words: what is planted (see conftest.py), in which split, the check that must catch it, what it must say.
PLANTS = {
    "a test row is in training": (
        "row in training",
        "random-holdout",
        "held-out pairs not in training",
        "1 held-out pairs are also in the training part, the first is user u",
    ),
    "a test pair is in training, at another time": (
        "pair in training at another time",
        "user-temporal",
        "held-out pairs not in training",
        "1 held-out pairs are also in the training part",
    ),
    "a history shows the answer": (
        "answer in history",
        "strong-generalization",
        "held-out pairs in no history",
        "1 held-out pairs are shown in a history",
    ),
    "a history shows the answer to another query of the same user": (
        "answer in the history of another query",
        "user-cold",
        "held-out pairs in no history",
        "1 held-out pairs are shown in a history",
    ),
    "what a history shows may be recommended": (
        "open history",
        "random-holdout",
        "history items blocked",
        "items of a history could be recommended again",
    ),
    "an answer is blocked": (
        "blocked answer",
        "random-holdout",
        "held-out pairs not blocked",
        "1 held-out pairs are blocked and could never be recommended",
    ),
    "all but the answer is blocked": (
        "all but the answer blocked",
        "random-holdout",
        "blocked pairs are the data's own",
        "blocked pairs never happened in the data",
    ),
    "an answer is no candidate": (
        "answer no candidate",
        "item-cold",
        "held-out items among the candidates",
        "held-out items are no candidates",
    ),
    "an answer is asked twice": (
        "asked twice",
        "k-fold",
        "held-out pairs asked once",
        "1 held-out pairs are asked twice by one query",
    ),
    "training sees the future": (
        "future in training",
        "global-temporal",
        "training rows not younger than held-out rows",
        "1 training rows are younger than the first held-out row",
    ),
    "a history sees the future of all": (
        "history after the answer",
        "global-temporal",
        "histories not younger than what is asked",
        "1 events of histories are younger than what their query is asked",
    ),
    "a history sees the user's own future": (
        "history after the answer",
        "leave-last-out",
        "histories not younger than what is asked",
        "1 events of histories are younger than what their query is asked",
    ),
    "a cold item has a training row": (
        "cold item in training",
        "item-cold",
        "cold items without training rows",
        "1 items promised to be cold have training rows",
    ),
    "a cold item is in a history": (
        "cold item in a history",
        "both-cold",
        "cold items in no history",
        "1 events of histories show items promised to be cold",
    ),
    "a cold user has a training row": (
        "cold user in training",
        "user-cold",
        "cold users without training rows",
        "1 users promised to be cold have training rows",
    ),
    "a cold user of the validation fold has a training row": (
        "cold user in training, inside",
        "user-cold",
        "validation: cold users without training rows",
        "1 users promised to be cold have training rows",
    ),
    "validation asks about test rows": (
        "validation asks the test",
        "random-holdout",
        "validation pairs in training",
        "validation pairs come from outside the training part, [0-9]+ of them are test pairs",
    ),
    "the inner training part holds a test row": (
        "row of the test in the inner training part",
        "random-holdout",
        "validation pairs in training",
        "the inner training part, which reaches outside the training part, 1 of them",
    ),
    "a validation history shows a test row": (
        "row of the test in a validation history",
        "random-holdout",
        "validation pairs in training",
        "1 pairs of validation histories come from outside the training part, 1 of them",
    ),
    "validation rows stay in the inner training part": (
        "validation row in inner training",
        "k-fold",
        "validation: held-out pairs not in training",
        "held-out pairs are also in the training part",
    ),
    "training values are centred with the means of all rows": (
        "values centred with the test",
        "random-holdout",
        "training rows are the data's own",
        "training rows are no rows of the data",
    ),
    "training rows are repeated": (
        "training rows repeated",
        "k-fold",
        "training rows are the data's own",
        "3 training rows are no rows of the data",
    ),
    "the answers are changed": (
        "answers changed",
        "random-holdout",
        "held-out rows are the data's own",
        "held-out rows are no rows of the data",
    ),
    "a history is made up": (
        "history made up",
        "strong-generalization",
        "history rows are the data's own",
        "1 events of histories are no rows of the data",
    ),
    "a row is held out in two folds": (
        "overlapping folds",
        "k-fold",
        "every row is held out exactly once",
        "rows are held out in more than one fold",
    ),
    "a pair is asked in two folds": (
        "overlapping folds",
        "k-fold",
        "no pair is asked in two folds",
        "pairs are asked in more than one fold",
    ),
    "a row is held out in no fold": (
        "lost fold",
        "k-fold",
        "every row is held out exactly once",
        "rows are held out in no fold",
    ),
    "rows are held out and never asked": (
        "rows never asked",
        "k-fold",
        "every row is held out exactly once",
        "5 held-out pairs are asked by no query",
    ),
    "two folds share a name": (
        "folds of one name",
        "k-fold",
        "each fold has its own name",
        'several folds are called "1"',
    ),
    "there is no fold": ("no fold", "item-cold", "each fold has its own name", "the split makes no fold"),
    "the split changes texts": (
        "texts changed by the split",
        "item-cold",
        "the table of items is the data's own",
        "the split changes title of the items and does not say",
    ),
    "user texts are derived from all rows, and say so": (
        "declared profiles",
        "user-cold",
        "what is derived of users comes from training rows",
        "new of the users was computed from other rows than the training part",
    ),
    "user texts of the validation fold are derived from all training rows, and say so": (
        "inner profiles of the outer rows",
        "random-holdout",
        "validation: what is derived of users comes from training rows",
        "new of the users was computed from other rows",
    ),
    "user texts name all they took": (
        "undeclared profiles",
        "random-holdout",
        "user texts name no held-out items",
        "new of the users was built from held-out rows.* items by title, .* held out",
    ),
    "texts of new users name all they took": (
        "undeclared profiles",
        "both-cold",
        "user texts name no held-out items",
        "new of the users was built from held-out rows",
    ),
    "user texts name the last item, by id": (
        "last item by id",
        "leave-last-out",
        "user texts name no held-out items",
        "text of the users was built from held-out rows.* items by id",
    ),
    "texts of new items name their buyers": (
        "items name their buyers",
        "item-cold",
        "item texts name no held-out users",
        "new of the items was built from held-out rows.* users by id",
    ),
    "texts of new items tell how many bought them": (
        "items tell their buyers",
        "item-cold",
        "no totals over held-out rows in the table of items",
        "text tells the number of rows of .* items",
    ),
    "texts tell the mean of all ratings": (
        "items tell their mean",
        "random-holdout",
        "no totals over held-out rows in the table of items",
        "new tells the mean value of .* items",
    ),
    "a feature is the popularity in all rows": (
        "popularity as a feature",
        "random-holdout",
        "no totals over held-out rows in the table of items",
        "feature fame holds the number of rows",
    ),
}


def judge(split: Split, folds: list[Fold], whole: Dataset) -> list[LeakFinding]:
    """Do what a run does before anything is fitted, but go on after a leak."""
    across = CrossFoldChecks(split, whole, "here")
    found = []
    for fold in folds:
        found += iter_findings(fold, split, "here", whole)
        across.add(fold)
    return [*found, *across.findings()]


def stop(split: Split, folds: list[Fold], whole: Dataset) -> None:
    """Do what a run does before anything is fitted."""
    across = CrossFoldChecks(split, whole, "shop, split, seed 3")
    for fold in folds:
        check_fold(fold, split, "shop, split, seed 3, fold 1", whole)
        across.add(fold)
    across.guard()


def test_there_are_more_than_enough_plants() -> None:
    assert len(PLANTS) >= 15
    assert {split for _, split, _, _ in PLANTS.values()} >= {"random-holdout", "k-fold", "item-cold", "user-cold"}


@pytest.mark.parametrize("leak", PLANTS)
def test_a_planted_leak_is_caught_for_the_right_reason(leak: str, shop: Dataset, spoil: Any) -> None:
    planted, name, check, says = PLANTS[leak]
    split = load_split(name)()
    folds, whole = spoil(planted, split, shop)
    accused = {finding.check: finding for finding in judge(split, folds, whole) if finding.leak}
    assert check in accused, {check: finding.leak for check, finding in accused.items()}
    with pytest.raises(LeakError, match=says):
        raise LeakError(accused[check].leak)
    assert accused[check].where.startswith("here")
    assert accused[check].compared > 0 or planted == "no fold"
    with pytest.raises(LeakError) as caught:
        stop(split, folds, whole)
    line = str(caught.value)
    assert line.startswith("shop, split, seed 3")
    assert "\n" not in line


@pytest.mark.parametrize("name", sorted({split for _, split, _, _ in PLANTS.values()}))
def test_the_same_splits_without_a_plant_are_not_accused(name: str, shop: Dataset) -> None:
    split = load_split(name)()
    found = judge(split, list(split.split(shop, SEED)), shop)
    assert [finding for finding in found if finding.leak] == []
    looked = {finding.check: finding.compared for finding in found}
    for _, used, check, _ in PLANTS.values():
        # What is derived is looked at only where a table declares it.
        if used == name and not check.removeprefix("validation: ").startswith("what is derived"):
            assert looked[check] > 0, check


def test_texts_built_from_the_training_rows_of_each_fold_are_welcome(
    shop: Dataset, profiled: Callable[[Fold, Dataset], Fold], tmp_path: Path
) -> None:
    split = load_split("random-holdout")()
    fold = profiled(next(split.split(shop, SEED)), shop)
    evidence = check_fold(fold, split, "", shop)
    assert evidence["what is derived of users comes from training rows"] == 1
    assert evidence["validation: what is derived of users comes from training rows"] == 1
    # What was guarded is what a model gets: the store keeps the fold's own texts.
    save_fold(fold, tmp_path)
    back = load_fold(tmp_path, shop)
    assert check_fold(back, split, "", shop) == evidence
    assert back.train.users.columns["new"] == fold.train.users.columns["new"] != ("",) * len(shop.users)
    assert back.validation is not None
    assert back.validation.train.users.columns["new"] != back.train.users.columns["new"]
    assert back.train.items is shop.items


def test_what_is_derived_is_part_of_the_identity_of_the_data(shop: Dataset, spoil: Any) -> None:
    split = load_split("item-cold")()
    declared, undeclared = (spoil(f"{how} profiles", split, shop)[1] for how in ("declared", "undeclared"))
    assert declared.users.columns["new"] == undeclared.users.columns["new"]
    assert declared.fingerprint != undeclared.fingerprint
