"""Draw papers once and quickly, and compile each distinct one once, however many tests and processes ask for it."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from matplotlib.figure import Figure

from support.shared import made_once

_DONE = "done.json"
_KEPT = 64
"""How many compiled papers stay; the oldest go first."""


@contextlib.contextmanager
def blank_figures() -> Iterator[None]:
    """Leave figures empty, as large on the page: most of a paper's time goes into drawing them."""
    from benchsuite_reports.figures import mpl_style

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mpl_style, "write", _blank)
        yield


def _blank(figure: Figure, form: str) -> bytes:
    buffer = io.BytesIO()
    Figure(figsize=figure.get_size_inches()).savefig(buffer, format=form, metadata={"CreationDate": None})
    return buffer.getvalue()


def rendered_once(
    factory: pytest.TempPathFactory, name: str, render: Callable[[], Mapping[str, bytes]]
) -> dict[str, bytes]:
    """Return the files of a report, rendered once for all worker processes."""
    folder = made_once(factory, name, lambda folder: _write(folder, render()))
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


class Compiled(NamedTuple):
    """What came of it: TeX's log, the text of the pages, and what each program printed."""

    log: str
    text: str
    printed: tuple[str, ...]


def compile_once(cache: Path, files: Mapping[str, bytes], commands: Sequence[Sequence[str]]) -> Compiled:
    """Run the commands in a folder that holds the files, or return what they came to before.

    A result lies under the sha256 of all sources, the commands and the engine's version; a lock lets one process make
    it while the others wait. What fails is not kept.

    Args:
        cache: a folder that processes share.
        files: content by relative path, ``main.tex`` among them.
        commands: programs with their arguments, in order; the first is the engine.
    """
    programs = {command[0]: shutil.which(command[0]) for command in (*commands, ("pdftotext",))}
    absent = [name for name, path in programs.items() if path is None]
    if absent:
        pytest.skip(f"no {', '.join(absent)} here: install texlive-latex-recommended and poppler-utils")
    version = subprocess.run([str(programs[commands[0][0]]), "--version"], capture_output=True, check=True).stdout
    digest = hashlib.sha256(repr((version, [list(command) for command in commands])).encode())
    for name in sorted(files):
        digest.update(f"{name} {len(files[name])}\n".encode() + files[name])
    cache.mkdir(parents=True, exist_ok=True)
    done = cache / digest.hexdigest() / _DONE
    with (cache / f"{digest.hexdigest()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.is_file():
            _compile(done.parent, files, [[str(programs[name]), *rest] for name, *rest in commands])
            _forget(cache)
        content = json.loads(done.read_text("utf-8"))
    return Compiled(content["log"], content["text"], tuple(content["printed"]))


def _compile(folder: Path, files: Mapping[str, bytes], commands: Sequence[Sequence[str]]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _write(folder, files)
    printed = []
    for command in commands:
        ran = subprocess.run(command, cwd=folder, capture_output=True, check=False)
        printed.append(ran.stdout.decode(errors="replace"))
        assert ran.returncode == 0, printed[-1][-2000:]
    reader = str(shutil.which("pdftotext"))
    pages = subprocess.run([reader, "-layout", "main.pdf", "-"], cwd=folder, capture_output=True, check=True)
    log = (folder / "main.log").read_text(errors="replace")
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / "draft").write_text(json.dumps({"log": log, "text": pages.stdout.decode(), "printed": printed}), "utf-8")
    (folder / "draft").rename(folder / _DONE)


def _forget(cache: Path) -> None:
    kept = sorted(cache.glob(f"*/{_DONE}"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in kept[_KEPT:]:
        shutil.rmtree(path.parent, ignore_errors=True)
