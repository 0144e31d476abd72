from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import benchsuite_external
from benchsuite_external.external import External

PROGRAMS = Path(benchsuite_external.__file__).parent / "programs"


@pytest.fixture(scope="session")
def compiled(tmp_path_factory) -> str:
    """The example in C++, compiled."""
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("no g++ here")
    program = tmp_path_factory.mktemp("cpp") / "together"
    words = [compiler, "-O1", "-Wall", "-Wextra", "-Werror", "-o", str(program), str(PROGRAMS / "example_program.cpp")]
    subprocess.run(words, check=True)
    return str(program)


@pytest.fixture
def example() -> list[str]:
    """The command of the example in Python."""
    return [sys.executable, str(PROGRAMS / "example_program.py")]


@pytest.fixture
def written(tmp_path) -> Callable[..., External]:
    """A function that writes a program and returns the model that runs it."""

    def write(code: str, **settings) -> External:
        (tmp_path / "program.py").write_text(code)
        return External(command=[sys.executable, str(tmp_path / "program.py")], **settings)

    return write
