"""Ways to damage one file of a store: cut, emptied, replaced, and changed so that it still reads well."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

Change = Callable[[Path, random.Random], None]

EVIDENCE = "code-was-run"
"""The name of the file that a pickled array makes beside the store when somebody unpickles it."""


class _Runs:
    """Unpickled, it makes a file."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self._path,)


def _text(content: str) -> Change:
    def change(path: Path, _: random.Random) -> None:
        path.write_text(content, "utf-8")

    return change


def _not_utf8(path: Path, _: random.Random) -> None:
    path.write_bytes(path.read_bytes().replace(b'"', b'"\xff\xfe', 1))


def _truncate(path: Path, draw: random.Random) -> None:
    raw = path.read_bytes()
    path.write_bytes(raw[: draw.randrange(len(raw))] if raw else raw)


def _junk(path: Path, draw: random.Random) -> None:
    path.write_bytes(draw.randbytes(200))


def _flip(path: Path, draw: random.Random) -> None:
    """Flip a bit in the second half, where the data is."""
    raw = bytearray(path.read_bytes())
    if raw:
        raw[draw.randrange(len(raw) // 2, len(raw))] ^= 1 << draw.randrange(8)
    path.write_bytes(bytes(raw))


def _append(path: Path, draw: random.Random) -> None:
    path.write_bytes(path.read_bytes() + draw.randbytes(30))


def _folder(path: Path, _: random.Random) -> None:
    path.unlink()
    path.mkdir()


def _entry(path: Path, _: random.Random) -> None:
    """Delete the whole folder of the file."""
    shutil.rmtree(path.parent)


def _dangling(path: Path, _: random.Random) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def _swap(path: Path, draw: random.Random) -> None:
    """Put the file of the same name of another entry in its place."""
    others = [one for one in sorted(_kind_folder(path).rglob(path.name)) if one != path and not _same(one, path)]
    path.write_bytes(draw.choice(others).read_bytes() if others else b"alone")


def _kind_folder(path: Path) -> Path:
    """Return the store's folder that holds all entries of the file's kind."""
    parents = [parent for parent in path.parents if len(parent.name) == 64]
    return parents[-1].parent.parent if parents else path.parent


def _same(one: Path, other: Path) -> bool:
    return one.read_bytes() == other.read_bytes()


ANY: dict[str, Change] = {
    "deleted": lambda path, _: path.unlink(),
    "entry deleted": _entry,
    "truncated": _truncate,
    "empty": _text(""),
    "junk": _junk,
    "appended": _append,
    "a folder": _folder,
    "a dangling link": _dangling,
    "swapped with another": _swap,
}


def _leaves(value: Any, where: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield the place and value of everything in a JSON value that holds nothing else."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from _leaves(inner, (*where, key))
    if not isinstance(value, dict | list) and where:
        yield where, value


def _edit(change: Callable[[Any, Any, random.Random], None], *kinds: type) -> Change:
    """Return a change of one leaf of these kinds: it gets what holds the leaf and its key there."""

    def apply(path: Path, draw: random.Random) -> None:
        value = json.loads(path.read_text("utf-8"))
        places = [where for where, leaf in _leaves(value) if not kinds or type(leaf) in kinds]
        if not places:
            path.write_text("[]", "utf-8")
            return
        *way, last = draw.choice(places)
        holder = value
        for key in way:
            holder = holder[key]
        change(holder, last, draw)
        path.write_text(json.dumps(value, indent=1), "utf-8")

    return apply


def _drop_top(path: Path, draw: random.Random) -> None:
    value = json.loads(path.read_text("utf-8"))
    if isinstance(value, dict) and value:
        value.pop(draw.choice(sorted(value)))
    path.write_text(json.dumps(value, indent=1), "utf-8")


def _set(value: Any) -> Callable[[Any, Any, random.Random], None]:
    def change(holder: Any, key: Any, _: random.Random) -> None:
        holder[key] = value

    return change


def _other_number(holder: Any, key: Any, draw: random.Random) -> None:
    number = holder[key]
    holder[key] = number + draw.choice([-1, 1]) if type(number) is int else number * draw.uniform(1.01, 2) + 0.001


def _other_text(holder: Any, key: Any, draw: random.Random) -> None:
    holder[key] = holder[key][:-1] + draw.choice("0123456789abcdef")


def _raw_number(path: Path, draw: random.Random) -> None:
    """Write a number that no machine type holds."""
    marked = _edit(_set("@"), int, float)
    marked(path, draw)
    huge = draw.choice(["1e999", "-1e999", "1" * 5000, "NaN", "1e308"])
    path.write_text(path.read_text("utf-8").replace('"@"', huge, 1), "utf-8")


JSON: dict[str, Change] = {
    "[]": _text("[]"),
    "5": _text("5"),
    "{}": _text("{}"),
    "null": _text("null"),
    "deep": _text('{"a":' + "[" * 100_000 + "]" * 100_000 + "}"),
    "not UTF-8": _not_utf8,
    "without a key": _edit(lambda holder, key, _: holder.pop(key)),
    "without a top key": _drop_top,
    "a wrong type": _edit(
        lambda holder, key, draw: holder.__setitem__(key, draw.choice([None, [], {}, "x", -7, True]))
    ),
    "another number": _edit(_other_number, int, float),
    "another text": _edit(_other_text, str),
    "a lone surrogate": _edit(_set("\ud800 and more"), str),
    "a name with a way out": _edit(_set("../../../../etc/hostname"), str),
    "a huge number": _raw_number,
}


def _array(change: Callable[[np.ndarray, random.Random], np.ndarray]) -> Change:
    """Return a change of one array in an ``npy`` or ``npz`` file, which stays well formed."""

    def apply(path: Path, draw: random.Random) -> None:
        if path.suffix == ".npy":
            np.save(path, change(np.load(path), draw), allow_pickle=False)
            return
        with np.load(path) as stored:
            named = {name: stored[name] for name in stored.files}
        name = draw.choice(sorted(named))
        named[name] = change(named[name], draw)
        np.savez_compressed(path, allow_pickle=False, **named)

    return apply


def _other_values(array: np.ndarray, _: random.Random) -> np.ndarray:
    """Exchange values, or change all where they are the same from both sides: the array stays plausible."""
    changed: np.ndarray = array.ravel()[::-1].reshape(array.shape)
    if changed.tobytes() == array.tobytes():
        changed = ~array if array.dtype == bool else (array + 1).astype(array.dtype)
    return changed


def _huge_codes(array: np.ndarray, draw: random.Random) -> np.ndarray:
    changed = array.copy()
    if changed.size:
        place = draw.randrange(changed.size)
        changed.flat[place] = True if changed.dtype == bool else np.array(10**4).astype(changed.dtype)
    return changed


def _pickled(path: Path, _: random.Random) -> None:
    """Put an array of objects there that runs code when it is unpickled."""
    evidence = _Runs(str(_root(path).parent / EVIDENCE))
    held = np.array([evidence], dtype=object)
    if path.suffix == ".npy":
        np.save(path, held, allow_pickle=True)
    else:
        np.savez(path, allow_pickle=True, item=held, score=held)


def _root(path: Path) -> Path:
    kind = _kind_folder(path)
    return kind.parent


def _lying_header(path: Path, _: random.Random) -> None:
    """Say that the array has far more rows than there are bytes."""
    raw = np.lib.format.magic(1, 0) + b""
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }"
    header += b" " * (118 - len(header) - 1) + b"\n"
    path.write_bytes(raw + len(header).to_bytes(2, "little") + header + b"\0" * 64)


ARRAY: dict[str, Change] = {
    "a flipped bit": _flip,
    "other values": _array(_other_values),
    "a huge code": _array(_huge_codes),
    "cut by a row": _array(lambda array, _: array[:-1] if array.ndim else array),
    "another type": _array(lambda array, _: array.astype(np.complex128)),
    "objects": _pickled,
    "a lying header": _lying_header,
}


def ways(path: Path) -> dict[str, Change]:
    """Return every way to damage a file, by name."""
    special = JSON if path.suffix == ".json" else ARRAY if path.suffix in (".npy", ".npz") else {}
    return ANY | special
