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
def compile_cpp(tmp_path_factory) -> Callable[[Path], str]:
    """A function that compiles a program in C++, with the header beside it or ours, and returns the program's path."""
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("no g++ here")

    def compile_it(source: Path) -> str:
        program = tmp_path_factory.mktemp("cpp") / source.stem
        strict = ["-std=c++11", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", f"-I{PROGRAMS}"]
        subprocess.run([compiler, *strict, "-o", str(program), str(source)], check=True)
        return str(program)

    return compile_it


@pytest.fixture(scope="session")
def compiled(compile_cpp) -> str:
    """The example in C++, compiled."""
    return compile_cpp(PROGRAMS / "example_program.cpp")


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
