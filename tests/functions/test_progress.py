"""Bars where bars can be shown: a terminal, or a notebook that has widgets; silence where it was asked for."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from benchsuite import progress


@pytest.mark.parametrize(
    ("jupyter", "widgets", "quiet", "live"),
    [
        (True, True, False, True),
        (True, False, False, False),
        (True, True, True, False),
        (False, True, False, False),
    ],
)
def test_bars_in_a_notebook_need_widgets(monkeypatch, jupyter, widgets, quiet, live):
    monkeypatch.setattr(
        progress, "Console", lambda **more: Console(force_jupyter=jupyter, force_terminal=False, **more)
    )
    monkeypatch.setattr(progress, "find_spec", lambda name: name if widgets else None)
    assert progress.ProgressBars(quiet=quiet)._progress.disable is not live


def test_quiet_says_nothing(capfd):
    with progress.ProgressBars(quiet=True) as quiet:
        quiet.say("a line")
        quiet.expect(1)
        quiet.job_started("a job")
        quiet.cell_ended("a job", "test", "failed", 1.0, "why")
        quiet.job_ended("a job")
    assert capfd.readouterr() == ("", "")


class Growing:
    """A table that says how often it was asked, and of what."""

    def __init__(self, broken: bool = False) -> None:
        self.broken = broken
        self.news: list[str] = []

    def changed(self, job: str) -> None:
        self.news.append(job)

    def lines(self, running, width, height):
        if self.broken:
            raise ValueError("no such number")
        return [f"{len(self.news)} done, running: {', '.join(running)}"] if self.news else []


def cells(watch: progress.ProgressBars, *labels: str) -> None:
    for label in labels:
        watch.job_started(label)
        watch.cell_ended(label, "test", "ok", 1.0, "")
        watch.job_ended(label)


def test_in_a_pipe_the_table_comes_now_and_then_and_only_with_news(monkeypatch, capfd):
    clock = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    with progress.ProgressBars() as watch:
        watch.follow(table := Growing())
        cells(watch, "a")
        assert "done, running" not in capfd.readouterr().err, "too early"
        clock[0] += progress._FIRST + 1
        watch.job_started("b")
        assert "1 done, running: b" in capfd.readouterr().err
        clock[0] += progress._FIRST - 2
        watch.cell_ended("b", "test", "ok", 1.0, "")
        assert "done, running" not in capfd.readouterr().err, "so soon after the first"
        clock[0] += progress._FIRST
        watch.job_moved("b", "epoch", 1, 2, "")
        assert "2 done, running: b" in capfd.readouterr().err
        clock[0] += 10 * progress._LONGEST
        watch.job_moved("b", "epoch", 2, 2, "")
        assert capfd.readouterr().err == "", "it says nothing new"
    assert table.news == ["a", "b"]


def test_on_a_terminal_the_table_is_redrawn_in_place_above_the_bars(monkeypatch):
    console = Console(force_terminal=True, width=80, height=20, record=True, file=io.StringIO())
    monkeypatch.setattr(progress, "Console", lambda **_: console)
    with progress.ProgressBars() as watch:
        watch.follow(Growing())
        cells(watch, "a")
        watch.job_started("b")
        assert watch._progress.above == ("1 done, running: b",)
        console.print(watch._progress.get_renderable())
        drawn = console.export_text()
        assert drawn.index("1 done, running: b") < drawn.rindex("all fits" if "all fits" in drawn else "preparing")
        watch.measured(0, 3)
        watch.job_ended("b")
        assert watch._progress.above == ("1 done, running: b",), "it stays until the last screen comes"


def test_a_table_that_fails_is_told_once_and_stops_nothing(capfd, monkeypatch):
    monkeypatch.setattr(progress, "_FIRST", 0.0)
    with progress.ProgressBars() as watch:
        watch._pause = 0.0
        watch.follow(Growing(broken=True))
        cells(watch, "a", "b")
    err = capfd.readouterr().err
    assert err.count("no table on the way: ValueError: no such number") == 1
    assert "b, test: 1.0 s" in err


def test_measuring_is_told_in_a_pipe_now_and_then_and_that_it_ended(monkeypatch, capfd):
    clock = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    with progress.ProgressBars() as watch:
        watch.measured(1, 9)
        clock[0] += progress._TOLD + 1
        for done in (4, 5, 9, 9):
            watch.measured(done, 9)
    assert capfd.readouterr().err.split("\n") == ["measuring: 4 of 9", "measuring: 9 of 9", ""]


def test_measuring_that_is_short_is_not_told(capfd):
    with progress.ProgressBars() as watch:
        for done in range(10):
            watch.measured(done, 9)
    assert capfd.readouterr().err == ""
