"""Resamples of a result that somebody changed, with sums that are right again."""

import json
import shutil

import numpy as np
import pytest

from benchsuite.benchmark.asked import read_asked
from benchsuite.benchmark.npz_files import packed
from benchsuite.benchmark.packed_values import STEPS
from benchsuite.benchmark.places import results_root
from benchsuite.benchmark.result_checks import differences, result_faults
from benchsuite.benchmark.result_folder import RESULT, VALUES, VERIFIED, read_result
from benchsuite.errors import DataError
from benchsuite.keys import file_digest
from benchsuite.store.json_files import with_sum


def copied(folder, **changed):
    """Return a copy of a result with other parts of its values, and sums that are right."""
    shutil.copytree(results_root() / "likes.v1" / "popular", folder, ignore=shutil.ignore_patterns(VERIFIED))
    with np.load(folder / VALUES) as stored:
        parts = dict(stored)
    for name, change in changed.items():
        parts[name] = change(parts[name].copy())
    (folder / VALUES).write_bytes(packed(parts))
    table = json.loads((folder / RESULT).read_text("utf-8"))
    (folder / RESULT).write_text(
        json.dumps(with_sum({**table, "values_sha256": file_digest(folder / VALUES)})), "utf-8"
    )
    return folder


def told(folder):
    return list(result_faults(read_result(folder), read_asked(results_root() / "likes.v1")))


def infinite(steps):
    steps[0, ::3] = STEPS + 2
    return steps


def huge(ends):
    ends[:] = -3.4e38, 3.4e38
    return ends


def test_unchanged_nothing_is_wrong(tmp_path):
    assert told(copied(tmp_path / "popular")) == []


def test_infinite_ones_are_a_fault(tmp_path):
    assert "infinite" in told(copied(tmp_path / "popular", steps=infinite))[0]


def test_ones_that_no_share_can_have_are_a_fault(tmp_path):
    assert "a share lies between 0 and 1" in told(copied(tmp_path / "popular", ends=huge))[0]


def test_as_many_are_wanted_as_are_drawn(tmp_path):
    def one_less(cells):
        cells[-1, -1] -= 1
        return cells

    found = copied(tmp_path / "popular", steps=lambda steps: steps[:, :-1], resampled=one_less)
    assert "999 resamples, 1,000 are drawn" in told(found)[0]


@pytest.mark.parametrize("ends", [lambda ends: ends[:, ::-1], lambda ends: ends * np.nan, lambda ends: ends * np.inf])
def test_ends_are_numbers_the_least_first(tmp_path, ends):
    with pytest.raises(DataError, match="an end of the resamples is no number, or the least is above"):
        read_result(copied(tmp_path / "popular", ends=lambda old: ends(old).astype(np.float32)))


@pytest.mark.parametrize("ends", [huge, lambda ends: ends * np.float32([1, 1.01])])
def test_a_second_fit_shows_what_was_changed(tmp_path, ends):
    """However far apart they are: the step that rounding may move them is that of the second fit."""
    changed, honest = read_result(copied(tmp_path / "popular", ends=ends)), read_result(copied(tmp_path / "again"))
    assert list(differences(honest, honest)) == []
    assert any("resamples of auc differs" in line for line in differences(changed, honest))
