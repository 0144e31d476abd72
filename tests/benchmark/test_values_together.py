"""The installed package carries the values of all rows in one file; everything reads them as if each had its own."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from benchsuite.benchmark.board import read_board
from benchsuite.benchmark.board_rows import read_results, read_rows
from benchsuite.benchmark.kept_standings import read_kept
from benchsuite.benchmark.packed_values import pack, unpack
from benchsuite.benchmark.pins import read_pins
from benchsuite.benchmark.places import results_root
from benchsuite.benchmark.result_folder import read_result
from benchsuite.benchmark.values_together import ALL_VALUES, MADE_OF, VALUES, read_values, write_together
from benchsuite.errors import DataError

NAME = "demo.v1"


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Return the folder of a benchmark's results as the wheel holds them."""
    folder = tmp_path / NAME
    shutil.copytree(results_root() / NAME, folder, ignore=shutil.ignore_patterns(VALUES, "other_values.npz"))
    write_together(results_root() / NAME, folder)
    return folder


def test_rows_are_the_same_bit_by_bit(installed: Path) -> None:
    own, together = read_results(NAME, results_root() / NAME), read_results(NAME, installed)
    assert len(own) == len(together) >= 3
    for one, other in zip(own, together, strict=True):
        assert one.label == other.label
        for cell, same in zip(one.cells, other.cells, strict=True):
            for metric, values in same.queries.items():
                assert values.dtype == np.float32
                assert values.tobytes() == cell.queries[metric].tobytes()
        assert any(cell.queries for cell in other.cells)


def test_kept_standings_are_believed(installed: Path) -> None:
    assert read_kept(installed, read_pins(NAME)) is not None
    assert read_board(NAME, root=installed.parent) == read_board(NAME)


def test_it_is_smaller_than_the_files_it_is_made_of(installed: Path) -> None:
    files = list((results_root() / NAME).glob(f"*/{VALUES}"))
    assert 0 < (installed / ALL_VALUES).stat().st_size < sum(file.stat().st_size for file in files)


def test_a_row_that_was_added_has_its_own_file(installed: Path) -> None:
    shutil.copytree(results_root() / NAME / "popular", installed.parent / "mine")
    (installed / "popular").rename(installed.parent / "old")
    (installed.parent / "mine").rename(installed / "popular")
    assert read_result(installed / "popular").whole
    assert not read_rows(NAME, installed)[1]


@pytest.mark.parametrize("name", [ALL_VALUES, MADE_OF])
def test_what_a_damaged_file_tells_is_not_believed(installed: Path, name: str) -> None:
    held = bytearray((installed / name).read_bytes())
    held[len(held) // 2] ^= 1
    (installed / name).write_bytes(held)
    rows, left = read_rows(NAME, installed)
    assert left
    assert not rows or name == MADE_OF, "one digest is one row's, the file of values is everybody's"
    assert {Path(one.where).name for one in left} <= {ALL_VALUES, MADE_OF}
    assert all(one.remedy for one in left)
    assert read_kept(installed, read_pins(NAME)) is None


@pytest.mark.parametrize("name", [ALL_VALUES, MADE_OF])
def test_a_missing_file_is_named(installed: Path, name: str) -> None:
    (installed / name).unlink()
    with pytest.raises(DataError) as caught:
        read_result(installed / "popular")
    assert caught.value.where.endswith(ALL_VALUES if name == ALL_VALUES else VALUES)
    assert read_kept(installed, read_pins(NAME)) is None


def test_values_of_another_result_are_refused(installed: Path) -> None:
    with pytest.raises(DataError, match="does not hold the values of popular"):
        read_values(installed / "popular", "0" * 64, "")


def test_a_row_that_is_not_among_them_is_refused(installed: Path) -> None:
    shutil.copytree(installed / "popular", installed / "another")
    with pytest.raises(DataError, match="does not hold the values of another"):
        read_result(installed / "another")


def test_a_newer_file_is_read_anew(installed: Path) -> None:
    before = read_result(installed / "popular")
    told = json.loads((installed / MADE_OF).read_text("utf-8"))
    (installed / MADE_OF).write_text(json.dumps(told | {"rows": {}}), "utf-8")
    with pytest.raises(DataError, match="does not hold the values of popular"):
        read_result(installed / "popular")
    write_together(results_root() / NAME, installed)
    assert read_result(installed / "popular").cells[0].key == before.cells[0].key


def test_a_damaged_row_is_told_when_they_are_put_together(installed: Path, tmp_path: Path) -> None:
    shutil.copytree(results_root() / NAME / "popular", tmp_path / "rows" / "popular")
    (tmp_path / "rows" / "popular" / VALUES).write_bytes(b"PK")
    with pytest.raises(DataError, match=r"popular.*values\.npz"):
        write_together(tmp_path / "rows", installed)


def test_one_models_arrays_are_not_taken_for_several() -> None:
    one, several = {"0/q/m": np.float32([1, 2])}, {"0/3/q/m": np.float32([1, 2]), "0/4/q/m": np.float32([3, 4])}
    back = unpack(pack(several), several=True)
    assert {name: values.tolist() for name, values in back.items()} == {"0/3/q/m": [1, 2], "0/4/q/m": [3, 4]}
    for packed, asked in ((pack(one), True), (pack(several), False)):
        with pytest.raises(ValueError, match="no table of cells"):
            unpack(packed, several=asked)
