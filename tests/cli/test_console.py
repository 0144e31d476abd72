from __future__ import annotations

import io
import json
import sys

import pytest

from benchsuite.cli import console
from benchsuite.cli.console import guarded
from benchsuite.errors import BenchsuiteError, DataError, NotApplicable


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    return Terminal()


def fail(error):
    def work():
        raise error

    return work


@pytest.mark.parametrize("code", [0, 1])
def test_the_work_decides_when_nothing_goes_wrong(code, capsys):
    assert guarded(lambda: code) == code
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "error", [DataError("is empty", where="rows.csv", remedy="add rows"), NotApplicable("no text")]
)
def test_foreseen_mistakes_are_one_line_and_exit_2(error, capsys):
    assert guarded(fail(error)) == 2
    assert capsys.readouterr() == ("", f"error: {error}\n")


@pytest.mark.parametrize("error", [ZeroDivisionError("by\nzero"), BenchsuiteError("a model broke its contract")])
def test_our_mistakes_are_one_line_exit_3_and_leave_the_traceback_in_a_file(error, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(console.tempfile, "tempdir", str(tmp_path))
    assert guarded(fail(error)) == 3
    out, line = capsys.readouterr()
    assert out == ""
    assert line.count("\n") == 1
    assert line.startswith(f"error: {type(error).__name__}: {' '.join(str(error).split())}; ")
    (file,) = tmp_path.iterdir()
    assert str(file) in line
    assert "Traceback (most recent call last)" in file.read_text()


def test_a_full_disk_does_not_hide_the_error(capsys, monkeypatch):
    monkeypatch.setattr(console.tempfile, "tempdir", "/no/such/folder")
    assert guarded(fail(ValueError("x"))) == 3
    assert "the traceback could not be written" in capsys.readouterr().err


def test_ctrl_c_is_no_error_of_ours(capsys):
    assert guarded(fail(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err.count("\n") == 1


def test_colours_only_on_terminals(terminal, monkeypatch):
    assert console.style("x", "red", terminal) == "\x1b[31mx\x1b[0m"
    assert console.style("x", "red", io.StringIO()) == "x"
    monkeypatch.setenv("NO_COLOR", "1")
    assert console.style("x", "red", terminal) == "x"


def test_a_dumb_terminal_gets_no_colours(terminal, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    assert not console.coloured(terminal)


def test_tables_take_no_text_for_a_number():
    drawn = console.table(("key", "value"), [("1e5", "007"), ("x", True)])
    assert "1e5" in drawn
    assert "007" in drawn
    assert "True" in drawn


def test_json_is_json(capsys):
    console.say_json({"a": [1, None, "ä"], "path": sys})
    assert json.loads(capsys.readouterr().out)["a"] == [1, None, "ä"]
    with pytest.raises(ValueError, match="JSON compliant"):
        console.say_json(float("nan"))
