"""The leaderboard in a terminal: nothing is wider than it, and what there is no room for is told."""

import dataclasses
import re

import pytest

from benchsuite.benchmark.board import read_board
from benchsuite.benchmark.board_rows import LeftOut
from benchsuite.cli.console import style
from benchsuite.functions.board_table import Column, drawn
from benchsuite.functions.leaderboard import Leaderboard

NAMES = ("demo.v1", "films.v1", "shops.v1", "fields.v1", "sequences.v1", "likes.v1")
STYLED = re.compile(r"\x1b\[\d+m")


def lines_of(board, width, monkeypatch, **more):
    monkeypatch.setattr("benchsuite.functions.leaderboard.terminal_width", lambda: width)
    return Leaderboard(board, **more).text().splitlines()


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("name", NAMES)
def test_no_line_is_wider_than_the_terminal_and_each_row_is_one_line(name, width, full, monkeypatch):
    board = read_board(name)
    lines = lines_of(board, width, monkeypatch, full=full)
    assert max(map(len, lines)) <= width
    rows = lines[next(number for number, line in enumerate(lines) if set(line) == {"-", " "}) + 1 :]
    for row, line in zip(board.rows, rows, strict=False):
        assert row.model in line
        assert "-" if row.headline is None else f"{row.headline:.3f}" in line


def test_columns_go_last_first_and_are_named_with_a_way_to_see_them(monkeypatch):
    board = read_board("films.v1")
    columns = ["random-holdout", "item-cold", "user-cold", "global-temporal", "CPU"]
    left = {}
    for width in (80, 100):  # how many have no room depends on the longest label of today's rows
        lines = lines_of(board, width, monkeypatch)
        text = " ".join(line.strip() for line in lines)
        names = re.search(rf"not shown in {width} columns: ([^;]+); a wider terminal shows them", text)
        left[width] = names[1].split(", ")
        assert left[width] == columns[-len(left[width]) :]
        head = next(line for line in lines if line.split()[:2] == ["model", "kind"])
        shown = [name for name in columns if name.split("-")[0] in head]  # a heading may go on in the next line
        assert shown == columns[: -len(left[width])]
        assert "| less -S" in text
    assert len(left[80]) > len(left[100])
    assert "LM: language model; trained: fine-tuned" in " ".join(
        line.strip() for line in lines_of(board, 80, monkeypatch)
    )


@pytest.mark.parametrize("width", [0, 250])
def test_in_pipes_and_wide_terminals_everything_is_shown(width, monkeypatch):
    lines = lines_of(read_board("films.v1"), width, monkeypatch)
    assert any(
        re.search(r"kind +headline +95% of draws +better, same, worse +random-holdout .* CPU$", line) for line in lines
    )
    assert any("language model, fine-tuned" in line for line in lines)
    assert not any("not shown" in line for line in lines)


def test_colours_take_no_room_and_what_always_stands_stays(monkeypatch):
    monkeypatch.setattr("benchsuite.cli.console.coloured", lambda _=None: True)
    columns = [
        Column("model", [style("mine (yours)", "bold"), "als"]),
        Column("kind", ["language model, fine-tuned", "classic"], 1),
        Column("random-holdout", ["0.9", "0.8"], 2),
    ]
    text, told = drawn(columns, 40)
    assert max(len(STYLED.sub("", line)) for line in text.splitlines()) == len("mine (yours)  LM trained  random-")
    assert told == ["LM: language model; trained: fine-tuned"]
    text, told = drawn(columns, 5)
    assert text.splitlines()[0] == "model"
    assert told[0].startswith("not shown in 5 columns: kind, random-holdout;")


def test_a_long_path_is_not_broken(monkeypatch):
    board = read_board("demo.v1")
    path = "/a/" + "long-name/" * 12 + "values.npz"
    lost = LeftOut("als", (), "it has changed", path, "get it again")
    lines = lines_of(dataclasses.replace(board, left_out=(lost,)), 80, monkeypatch)
    assert any(path in line for line in lines)


def test_a_row_of_ones_own_has_one_mark():
    board = read_board("demo.v1")
    first, second = board.rows[:2]
    own = f"{first.model} (own)"  # says already whose it is
    entrants = {**board.entrants, own: board.entrants[first.model]}
    board = dataclasses.replace(board, rows=(dataclasses.replace(first, model=own), *board.rows[1:]), entrants=entrants)
    told = Leaderboard(board, own=[own, second.model]).text()
    assert f"{own} " in told
    assert told.count("(yours)") == 1
    assert f"{second.model} (yours)" in told
