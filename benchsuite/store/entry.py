"""An entry of the store, and a draft: an entry that is being written."""

from __future__ import annotations

import functools
import io
import math
import os
import struct
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from benchsuite.errors import StoreError
from benchsuite.keys import file_digest
from benchsuite.store.json_files import AGAIN, SUM, read_json, sum_of, to_text, unreadable, with_sum
from benchsuite.store.shapes import arrays_fault, manifest_fault

MANIFEST = "manifest.json"
_ARRAYS = "arrays.npz"
_MEMBER = ".npy"
_LEVEL = 1
"""Scores hardly shrink: the usual level 6 takes more than three times as long and saves 3% of a cell."""

_SAMPLE = 1 << 16
_WORTH = 0.8
"""An array is compressed when so many of its bytes shrink to less than this share, which those of scores seldom do."""

_WHEN_READ = frozenset({_ARRAYS, "log.txt"})
"""Files that are checked when they are read, not when the entry is opened."""

_sound: set[tuple[str, str, int, int, int]] = set()
"""What this process has checked against its sum: path, sha256, size, time of change (ns), inode."""


class Entry:
    """A complete entry of the store.

    Attributes:
        folder: where it lies.
        manifest: its fields; what they hold is shared by all entries of this process and never changed.
        signed: whether the manifest has a sum of itself; older ones have none.
    """

    def __init__(self, folder: Path) -> None:
        """Read and check the manifest.

        Raises:
            StoreError: when it cannot be read, has changed, or lacks what its kind must have.
        """
        self.folder = folder
        path = folder / MANIFEST
        try:
            now = path.stat()
        except OSError as error:
            raise unreadable(path, error) from None
        self.manifest: dict[str, Any] = dict(_manifest(path, now.st_size, now.st_mtime_ns, now.st_ino))
        self.signed = SUM in self.manifest

    def arrays(self, *names: str) -> dict[str, NDArray[Any]]:
        """Return the stored arrays by name: all of them, or only some, which is faster where others are large.

        Raises:
            StoreError: when they are not there, cannot be read, or have changed.
        """
        path = self.path(_ARRAYS)
        try:
            with path.open("rb") as file, zipfile.ZipFile(file) as archive:
                there = names or [name.removesuffix(_MEMBER) for name in archive.namelist()]
                arrays = {name: _array(_bytes(file, archive, f"{name}{_MEMBER}")) for name in there}
        except (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
            raise unreadable(path, error) from None
        if not names and self.manifest.get("state") == "ok" and (fault := arrays_fault(self.manifest["kind"], arrays)):
            raise unreadable(path, fault)
        return arrays

    def path(self, name: str) -> Path:
        """Return the path of a file, checked against its sum once by each process.

        Raises:
            StoreError: when it is not there, cannot be read, or has changed.
        """
        self._check([name])
        return self.folder / name

    def check(self, *, whole: bool = False) -> None:
        """Check the files against their sums, once by each process.

        Args:
            whole: check the arrays and the log, too, which are otherwise checked when they are read.

        Raises:
            StoreError: when a file is gone, cannot be read, or has changed.
        """
        self._check([name for name in self.manifest["files"] if whole or name not in _WHEN_READ])

    def _check(self, names: Collection[str]) -> None:
        for name in names:
            path = self.folder / name
            wanted = self.manifest["files"].get(name)
            try:
                now = path.stat()
                mark = (str(path), str(wanted), now.st_size, now.st_mtime_ns, now.st_ino)
                if mark in _sound:
                    continue
                found = file_digest(path)
            except OSError as error:
                raise unreadable(path, error) from None
            if found != wanted:
                what = "it has changed since it was written" if wanted else f"{MANIFEST} does not name it"
                raise StoreError(what, where=str(path), remedy=AGAIN)
            _sound.add(mark)

    def damaged(self) -> list[str]:
        """Return the names of files that are missing or no longer have the recorded sha256, all read now."""
        return [name for name, digest in self.manifest["files"].items() if not _fits(self.folder / name, digest)]


class Draft:
    """A folder being written; it becomes an entry when the ``with`` block of :meth:`Store.write` ends without error.

    Args:
        folder: exists.
        compressed: whether its arrays are; means of draws, which are most of what reports keep, hardly shrink.
    """

    def __init__(self, folder: Path, *, compressed: bool = True) -> None:
        self.folder = folder
        self._compressed = compressed
        self.manifest: dict[str, Any] = {}

    def arrays(self, **arrays: NDArray[Any]) -> None:
        """Write arrays without pickle; each is compressed where that pays, as ``np.load`` reads either."""
        with zipfile.ZipFile(self.folder / _ARRAYS, "w", compresslevel=_LEVEL) as archive:
            for name, array in arrays.items():
                pays = self._compressed and _shrinks(np.asanyarray(array))
                archive.compression = zipfile.ZIP_DEFLATED if pays else zipfile.ZIP_STORED
                with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                    np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=False)

    def seal(self, kind: str, key: str, *, durable: bool = True) -> None:
        """Write the manifest last, naming every file with its sha256.

        Args:
            kind: of the thing.
            key: of the thing.
            durable: flush everything to the disk, and write the manifest for people. A cache needs neither: its sums
                show the damage of a power cut.
        """
        files = sorted(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file())
        self.manifest |= {"kind": kind, "key": key, "files": {n: file_digest(self.folder / n) for n in files}}
        path = self.folder / MANIFEST
        path.write_text(to_text(with_sum(self.manifest), indented=durable), "utf-8")
        for name in (*files, MANIFEST) if durable else ():
            sync(self.folder / name)


_SIMPLE = b"\x93NUMPY\x01\x00"
_PREFIX = 10
_ENCRYPTED, _LENGTHS = 1, 26
"""In the zip format: a flag, and where the lengths of name and extra field stand, both followed by the content."""

_KEPT = 4096
"""So many manifests are kept in memory, a few kB each."""


@functools.lru_cache(maxsize=_KEPT)
def _manifest(path: Path, _size: int, _changed: int, _inode: int) -> dict[str, Any]:
    """Return the checked fields of a manifest; read once by each process, as long as the file does not change.

    Raises:
        StoreError: when it cannot be read, has changed, or lacks what its kind must have.
    """
    table: dict[str, Any] = read_json(path)
    if fault := manifest_fault(path.parents[2].name, path.parent.name, table):
        raise unreadable(path, fault)
    if SUM in table and table[SUM] != sum_of(table):
        raise StoreError("it has changed since it was written", where=str(path), remedy=AGAIN)
    return table


def _shrinks(array: NDArray[Any]) -> bool:
    """Return whether bytes from the beginning, the middle and the end of an array shrink."""
    flat = array.ravel()
    size = max(1, _SAMPLE // 3 // max(flat.itemsize, 1))
    places = [slice(None)] if len(flat) <= 3 * size else [slice(at, at + size) for at in (0, len(flat) // 2, -size - 1)]
    sample = b"".join(flat[place].tobytes() for place in places)
    return len(zlib.compress(sample, _LEVEL)) < _WORTH * len(sample)


def _bytes(file: BinaryIO, archive: zipfile.ZipFile, name: str) -> bytes:
    """Return the content of an archive's member as ``archive.read`` does; of many small ones, in a fifth of its time.

    Raises:
        KeyError: when there is none of this name.
        ValueError: when it is not as long as the archive says, or its check sum is another one.
    """
    member = archive.getinfo(name)
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or member.flag_bits & _ENCRYPTED:
        return archive.read(name)
    file.seek(member.header_offset + _LENGTHS)
    file.seek(sum(struct.unpack("<HH", file.read(4))), os.SEEK_CUR)
    raw = file.read(member.compress_size)
    if member.compress_type == zipfile.ZIP_DEFLATED:
        raw = zlib.decompressobj(-zlib.MAX_WBITS).decompress(raw, member.file_size + 1)
    if len(raw) != member.file_size or zlib.crc32(raw) != member.CRC:
        raise ValueError(f"{name} is not as it was written")
    return raw


def _array(raw: bytes) -> NDArray[Any]:
    """Return an array from the bytes of an npy file, as ``np.load`` does; many small ones take a third of its time.

    Raises:
        ValueError: when it is no array, or one of Python objects.
    """
    start = _PREFIX + int.from_bytes(raw[8:_PREFIX], "little")
    shape, by_column, dtype = _header(raw[:start]) if raw.startswith(_SIMPLE) else ((), True, np.dtype(object))
    if by_column or dtype.hasobject or 0 in shape:
        array: NDArray[Any] = np.lib.format.read_array(io.BytesIO(raw), allow_pickle=False)
        return array
    if math.prod(shape) * dtype.itemsize != len(raw) - start:
        raise ValueError(f"{len(raw) - start} bytes are no array of shape {shape}")
    return np.frombuffer(raw, dtype, -1, start).reshape(shape).copy()


@functools.lru_cache(maxsize=_KEPT)
def _header(raw: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, order and type from the first bytes of an npy file of version 1.0; equal ones are parsed once."""
    file = io.BytesIO(raw)
    np.lib.format.read_magic(file)
    return np.lib.format.read_array_header_1_0(file)


def sync(path: Path) -> None:
    """Flush a file or folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _fits(path: Path, digest: str) -> bool:
    try:
        return file_digest(path) == digest
    except OSError:
        return False
