"""What befalls a machine: a disk runs full, a permission is withdrawn, a stored file is not what it was."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
from attack.breakage import ways

DISKS = ("disk of the store full", "disk of temporary files full", "limit on the size of files")
RIGHTS = ("right to write withdrawn", "right to read withdrawn")
DAMAGE = "stored file damaged"
TROUBLES = (*DISKS, *RIGHTS, DAMAGE)

SAID = tuple(os.strerror(number) for number in (errno.ENOSPC, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS))
"""What a system says of disks and rights; no model's failure may come from it."""

_ENTRIES = ("cell", "data", "fold", "truth", "split", "tune", "plan")
_DISK = 96 * 2**20
_LARGEST = 2000
_KEY = 64
_LACKING = "-dac_override,-dac_read_search"


def small_disk(folder: Path) -> bool:
    """Put a file system of 96 MB in the memory under a folder; return False where this process may not."""
    folder.mkdir(parents=True, exist_ok=True)
    words = ["mount", "-t", "tmpfs", "-o", f"size={_DISK},mode=0700", "attack", str(folder)]
    try:
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def no_disk(folder: Path) -> None:
    """Take the file system away again; nothing where there is none."""
    while folder.is_mount():
        words = ["umount", "--lazy", str(folder)]
        if subprocess.run(words, capture_output=True, check=False).returncode:
            return


def bound_by_rights() -> list[str] | None:
    """Return the words before a command that make rights count for it, None where they cannot: root ignores them."""
    if os.getuid():
        return []
    words = ["setpriv", "--bounding-set", _LACKING, "--inh-caps", _LACKING]
    if shutil.which("setpriv") and not subprocess.run([*words, "true"], capture_output=True, check=False).returncode:
        return words
    return None


def possible(disk: bool) -> list[str]:
    """Return the troubles that this machine allows."""
    return [*(DISKS if disk else DISKS[2:]), *(RIGHTS if bound_by_rights() is not None else ()), DAMAGE]


@contextlib.contextmanager
def trouble(name: str, runner: int, store: Path, temporary: Path, draw: random.Random) -> Iterator[str]:
    """Make a trouble for a ``with`` block, and end it; damage stays. Yield the key of the entry it has damaged, or "".

    Args:
        name: which.
        runner: the process.
        store: its store.
        temporary: its folder of temporary files.
        draw: where and how much.
    """
    if name == DAMAGE:
        yield damage(store, draw)
    elif name in DISKS[:2]:
        filler = (store if name == DISKS[0] else temporary).parent / "filler"
        with contextlib.suppress(OSError):
            _fill(filler)
        try:
            yield ""
        finally:
            filler.unlink(missing_ok=True)
    elif name == DISKS[2]:
        with contextlib.suppress(psutil.Error):
            psutil.Process(runner).rlimit(psutil.RLIMIT_FSIZE, (_LARGEST, resource.RLIM_INFINITY))
        yield ""  # with the process its limit ends
        with contextlib.suppress(psutil.Error):
            psutil.Process(runner).rlimit(psutil.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    else:
        with _without_right(store, draw, write=name == RIGHTS[0]):
            yield ""


def damage(store: Path, draw: random.Random) -> str:
    """Damage one file of an entry, or delete the entry; return its key, "" where there is none yet."""
    files = [path for kind in _ENTRIES for path in sorted((store / kind).glob("*/*/**/*")) if path.is_file()]
    if not files:
        return ""
    path = draw.choice(files)
    known = ways(path)
    way = draw.choice(sorted(known))
    with contextlib.suppress(OSError):  # a run has replaced it meanwhile
        known[way](path, draw)
    return path.relative_to(store).parts[2]


def _fill(path: Path) -> None:
    """Write until nothing more fits."""
    size = 2**20
    with path.open("wb", buffering=0) as file:
        while size:
            try:
                file.write(bytes(size))
            except OSError:
                size //= 2


@contextlib.contextmanager
def _without_right(store: Path, draw: random.Random, *, write: bool) -> Iterator[None]:
    """Forbid to write anywhere in the store, or to read one entry, and allow it again."""
    folders = [path for path in (store, *store.rglob("*")) if path.is_dir()]
    entries = sorted(path for path in folders if len(path.name) == _KEY)
    chosen = folders if write else [draw.choice(entries)] if entries else []
    before = [(path, path.stat().st_mode) for path in chosen if path.exists()]
    for path, mode in before:
        with contextlib.suppress(OSError):
            path.chmod(mode & ~0o222 if write else mode & ~0o777)
    try:
        yield
    finally:
        for path, mode in before:
            with contextlib.suppress(OSError):
                path.chmod(mode)
