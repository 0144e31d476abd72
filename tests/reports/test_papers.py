"""A paper is compiled once for each distinct source."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from papers import compile_once


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a TeX on the path that writes what it was given, and counts."""
    programs = tmp_path / "bin"
    programs.mkdir()
    count = tmp_path / "count"
    engine = f"""#!{sys.executable}
import pathlib, sys
if sys.argv[1] == "--version":
    print("1")
else:
    with open({str(count)!r}, "a") as file:
        file.write("x")
    pathlib.Path("main.log").write_text("log of " + pathlib.Path("main.tex").read_text())
    print("said")
    sys.exit(pathlib.Path("main.tex").read_text() == "broken")
"""
    for name, text in (("tex", engine), ("pdftotext", f"#!{sys.executable}\nprint('pages')\n")):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    return count


def test_each_source_is_compiled_once(fake: Path, tmp_path: Path) -> None:
    cache, command = tmp_path / "cache", (("tex", "main"),)
    first = compile_once(cache, {"main.tex": b"one"}, command)
    assert first == ("log of one", "pages\n", ("said\n",))
    assert compile_once(cache, {"main.tex": b"one"}, command) == first
    assert fake.read_text() == "x"
    assert compile_once(cache, {"main.tex": b"two"}, command).log == "log of two"
    assert compile_once(cache, {"main.tex": b"one", "more.tex": b""}, command).log == "log of one"
    assert fake.read_text() == "xxx"


def test_a_failure_is_not_kept(fake: Path, tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(AssertionError, match="said"):
            compile_once(tmp_path / "cache", {"main.tex": b"broken"}, (("tex", "main"),))
    assert fake.read_text() == "xx"
