"""Bars where bars can be shown: a terminal, or a notebook that has widgets; silence where it was asked for."""

from __future__ import annotations

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
