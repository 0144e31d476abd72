from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import pytest

from benchsuite.cli import console
from benchsuite.cli.console import guarded
from benchsuite.errors import BenchsuiteError, DataError, NotApplicable
from benchsuite.interface import prose, table


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
    drawn = table(("key", "value"), [("1e5", "007"), ("x", True)])
    assert "1e5" in drawn
    assert "007" in drawn
    assert "True" in drawn


def test_json_is_json(capsys):
    console.print_json({"a": [1, None, "ä"], "path": sys})
    assert json.loads(capsys.readouterr().out)["a"] == [1, None, "ä"]
    with pytest.raises(ValueError, match="JSON compliant"):
        console.print_json(float("nan"))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            OSError(28, "No space left on device", "/place/x"),
            "/place/x: the system refuses: No space left on device; free",
        ),
        (PermissionError(13, "Permission denied"), "the system refuses: Permission denied; free"),
        (FileNotFoundError(2, "No usable temporary directory found"), "the system refuses: No usable temporary dir"),
        (MemoryError(), "there is not enough memory; take less data"),
        (SystemExit(0), "a plugin ended the program (SystemExit(0)); find out which with: benchsuite check NAME"),
        (GeneratorExit(), "a plugin ended the program (GeneratorExit())"),
    ],
)
def test_what_the_system_or_a_plugin_does_is_one_line_and_exit_2(error, said, capsys):
    assert guarded(fail(error)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"error: {said}")
    assert err.count("\n") == 1


def shell(words, **more):
    """Run a line of shell in which ``benchsuite`` is the command."""
    line = words.replace("benchsuite", f"{sys.executable} -m benchsuite.cli.main", 1)
    return subprocess.run(  # noqa: S602 - redirections are what is tested
        line, shell=True, capture_output=True, text=True, timeout=120, check=False, **more
    )


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")  # noqa: PTH110
@pytest.mark.parametrize("verb", ["list models", "show ease", "--help", "list --json", "--version"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_output_is_one_line_and_exit_2(verb, unbuffered):
    done = shell(f"benchsuite {verb} >/dev/full", env={**os.environ, "PYTHONUNBUFFERED": unbuffered})
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: ")
    assert "No space left on device; free some space" in done.stderr
    assert done.stderr.count("\n") == 1


def test_closed_streams():
    done = shell("benchsuite list >&-")
    assert done.returncode == 2
    assert done.stderr == "error: standard output is closed; send it to a file or to /dev/null\n"
    for closed in ("2>&-", "<&-", "2>&- <&-"):
        assert shell(f"benchsuite list models {closed}").returncode == 0
    assert shell("benchsuite list modles 2>&-").returncode == 2
    assert shell("benchsuite list >&- 2>&-").returncode == 2


def test_a_reader_that_has_seen_enough():
    done = shell("benchsuite list | head -1")
    assert (done.returncode, done.stderr) == (0, "")


def test_no_folder_for_temporary_files(tmp_path):
    """Where $TMPDIR is missing Python looks elsewhere; where nothing can be written, the line says so."""
    done = shell("benchsuite show ease", env={**os.environ, "TMPDIR": str(tmp_path / "missing")})
    assert done.returncode == 0, done.stderr


def test_a_wide_table_wraps_where_the_terminal_ends():
    rows = [("short", "a long text of many words that says more than fits", "\x1b[31mred\x1b[0m")] * 2
    free = table(("name", "about", "state"), rows)
    assert "a long text of many words that says more than fits" in free, "files and pipes get whole lines"
    narrow = table(("name", "about", "state"), rows, width=40)
    assert max(map(console_width, narrow.splitlines())) <= 40
    assert " ".join(narrow.split()).count("words") == 2
    assert "\x1b[31mred\x1b[0m" in narrow
    assert table((), [("a", "b" * 60)], width=30).count("\n") > 2
    assert "100,000" in table(("a", "b"), [("100,000", "b " * 60)], width=30)
    assert table(("a" * 30,), [("b",)], width=10) == table(("a" * 30,), [("b",)]), "what cannot fit stays as it is"
    assert table(("a", "b"), [], width=10) == table(("a", "b"), [])


def console_width(line):
    return len(line.replace("\x1b[31m", "").replace("\x1b[0m", "").rstrip())


def test_prose_wraps_on_a_terminal_only(monkeypatch, terminal):
    text = "One line of :class:`words` and ``code``\nand more.\n\nAttributes:\n    a: stays\n        as it is."
    assert prose(text).splitlines()[0] == "One line of words and code"
    monkeypatch.setattr(console.sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "20")
    assert max(map(len, prose(text).partition("\n\n")[0].splitlines())) <= 20
    assert prose(text).endswith("    a: stays\n        as it is.")


def test_an_interruption_after_the_end_changes_nothing() -> None:
    code = (
        "import os, signal, sys\n"
        "from benchsuite.cli.main import main\n"
        "sys.argv = ['benchsuite', '--version']\n"
        "code = main()\n"
        "os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
