"""File lookup: a set's files in the folders the user named, in the cache, then from the mirrors, in this order."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchsuite.api import DataLocations
from benchsuite.errors import DataError
from benchsuite_datasets.card import Card, Layout
from benchsuite_datasets.fetch import Unreachable, fetch, matches, sha256, take_from_archive
from benchsuite_datasets.upstream import Mirror

_PINNED = "first-seen.json"

_SMALLEST_PART = 0.01
"""A file that no card names may be a part of the rows from so many bytes on, as a share of the largest file of rows;
below lie notes and lists of words."""


class FilesNotFound(DataError):  # noqa: N818 - an answer to "is it here?" as much as a failure
    """The files are neither in a named folder nor in the cache, and may not be fetched."""


@dataclass(frozen=True)
class LocatedFiles:
    """A set's files, complete and checked.

    Attributes:
        layout: how they are laid out.
        folder: where they lie.
        origin: where they came from, for people.
    """

    layout: Layout
    folder: Path
    origin: str

    def path(self, name: str) -> Path:
        """Return the path of one of the files."""
        return self.folder / name


def locate_files(card: Card, place: DataLocations) -> LocatedFiles:
    """Return a set's files from the first location that has them.

    Raises:
        DataError: when they are nowhere, incomplete, or damaged in a folder the user named.
    """
    return _in_folders(card, place) or _in_cache(card, place) or _from_mirrors(card, place)


def _in_folders(card: Card, place: DataLocations) -> LocatedFiles | None:
    """Look into each folder and its sub-folder with the set's name, for loose files, then for an archive."""
    for named in place.folders:
        for folder in (named / card.name, named):
            for layout in card.layouts:
                there = [file for file in layout.files if (folder / file.name).is_file()]
                if len(there) == len(layout.files):
                    check_files(layout, folder)
                    return LocatedFiles(layout, folder, str(folder))
                # a single common file name is no proof that the set was meant to lie here
                if there and (folder != named or 2 * len(there) > len(layout.files)):
                    lacking = next(file.name for file in layout.files if file not in there)
                    raise DataError(f"{card.name} is incomplete: {lacking} is missing", where=str(folder))
            found = _in_archive(card, folder, place)
            if found:
                return found
    return None


def _in_archive(card: Card, folder: Path, place: DataLocations) -> LocatedFiles | None:
    """Unpack an upstream archive that lies in a folder into the cache."""
    for layout in card.layouts:
        for mirror, archive in _archives(layout, folder):
            if not archive.is_file():
                continue
            target = _cache_folder(card, layout, place)
            if not _is_intact(layout, target):
                try:
                    take_from_archive(layout, mirror, archive, target)
                except Unreachable as error:
                    remedy = "replace it, or remove it to have it fetched"
                    raise DataError(str(error), where=str(archive), remedy=remedy) from None
                except OSError as error:
                    remedy = "free some space or name another cache"
                    what = f"cannot be written: {error.strerror or error}"
                    raise DataError(what, where=str(target), remedy=remedy) from None
                _pin_checksums(layout, target, place.say)
            return LocatedFiles(layout, target, str(archive))
    return None


def _archives(layout: Layout, folder: Path) -> Iterator[tuple[Mirror, Path]]:
    """Yield the paths at which a mirror's archive would lie in a folder."""
    for mirror in layout.mirrors:
        if mirror.kind in {"zip", "tar"}:
            yield mirror, folder / mirror.url.rpartition("/")[2]
        elif mirror.kind == "wheel":
            package, _, version = mirror.requirement.partition("==")
            yield mirror, folder / f"{package.replace('-', '_')}-{version}-py3-none-any.whl"


def row_files(card: Card, place: DataLocations) -> Iterator[Path]:
    """Yield the files that hold a set's rows, in every location where a copy may lie.

    In a folder of the set's own that is also what no card names and is large enough, such as a published test part;
    tables of users and items, features and code are not among them.
    """
    rows = {name for layout in card.layouts for name in _event_files(layout)}
    others = {name for layout in card.layouts for name in _other_files(layout)} - rows
    own = [named / card.name for named in place.folders]
    cached = place.cache / "files" / card.name
    for folder in (*own, *(cached / layout.name for layout in card.layouts)):
        yield from (folder / name for name in sorted(rows))
        with contextlib.suppress(OSError):  # there is none, or nobody may look
            sizes = {path: path.stat().st_size for path in sorted(folder.iterdir()) if path.is_file()}
            least = _SMALLEST_PART * max((size for path, size in sizes.items() if path.name in rows), default=0)
            unnamed = (path for path in sizes if path.name not in rows | others and path.suffix != ".py")
            yield from (path for path in unnamed if sizes[path] >= least)
    for named in place.folders:
        for layout in card.layouts:
            yield from (archive for folder in (named / card.name, named) for _, archive in _archives(layout, folder))
            with contextlib.suppress(OSError):
                if all((named / file.name).is_file() for file in layout.files):  # one common name alone is no proof
                    yield from (named / name for name in _event_files(layout))


def _event_files(layout: Layout) -> Iterator[str]:
    """Yield the names of the files with a layout's events, and of those that say whose they are."""
    for table in layout.interactions:
        yield from (part.file for part in (table, *((table.lookup.table,) if table.lookup else ())) if part.file)


def _other_files(layout: Layout) -> Iterator[str]:
    """Yield the names of files that hold no events: tables about users and items, links, features and their ids."""
    yield from (table.file for table in (*layout.users, *layout.items, *layout.links) if table.file)
    for features in filter(None, (layout.item_features, layout.user_features)):
        yield from (features, str(Path(features).with_suffix(".ids")))


def checksums(found: LocatedFiles) -> str:
    """Say how many of a set's files were checked against a sum in the card, and how many against the one first seen."""
    files = found.layout.files
    known = sum(bool(file.sha256 or file.git) for file in files)
    if known == len(files):
        return f"{known} of {known} known"
    seen = len(_first_seen(found.folder).keys() & {file.name for file in files if not (file.sha256 or file.git)})
    return f"{known} of {len(files)} known" + (f", {seen} first seen" if seen else "")


def check_files(layout: Layout, folder: Path) -> None:
    """Check every file against the card.

    Raises:
        DataError: for the first that differs.
    """
    for file in layout.files:
        if not matches(file, folder / file.name):
            found = sha256(folder / file.name)
            what = f"checksum mismatch: sha256 is {found[:12]}..., the card says {file.sha256[:12]}..."
            remedy = "the file is damaged or another version; replace it, or remove it to have it fetched"
            raise DataError(what, where=str(folder / file.name), remedy=remedy)


def _cache_folder(card: Card, layout: Layout, place: DataLocations) -> Path:
    return place.cache / "files" / card.name / layout.name


def _is_intact(layout: Layout, folder: Path) -> bool:
    """Return whether all files are there and match the card, or what was seen first where the card knows no sum."""
    if not all((folder / file.name).is_file() for file in layout.files):
        return False
    seen = _first_seen(folder)
    return all(
        matches(file, folder / file.name) and seen.get(file.name) in {None, sha256(folder / file.name)}
        for file in layout.files
    )


def _first_seen(folder: Path) -> dict[str, str]:
    """Return the sums, by file name, that were seen when files without a known sum came for the first time."""
    try:
        seen: dict[str, str] = json.loads((folder / _PINNED).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return seen


def _pin_checksums(layout: Layout, folder: Path, say: Callable[[str], None]) -> None:
    """Pin the sums of files for which the card knows none.

    Raises:
        DataError: when such a file is not the one that was seen first.
    """
    seen = _first_seen(folder)
    for file in layout.files:
        if file.sha256 or file.git:
            continue
        found = sha256(folder / file.name)
        if seen.get(file.name, found) != found:
            what = (
                f"is another file than the one first seen here (sha256 {seen[file.name][:12]}..., now {found[:12]}...)"
            )
            remedy = f"delete {folder / _PINNED} to accept the new one"
            raise DataError(what, where=str(folder / file.name), remedy=remedy)
        if file.name not in seen:
            say(f"{file.name}: upstream tells no checksum; sha256 {found} first seen now and pinned")
            seen[file.name] = found
    if seen:
        (folder / _PINNED).write_text(json.dumps(seen, indent=1), "utf-8")


def _in_cache(card: Card, place: DataLocations) -> LocatedFiles | None:
    for layout in card.layouts:
        folder = _cache_folder(card, layout, place)
        if not folder.is_dir():
            continue
        if _is_intact(layout, folder):
            return LocatedFiles(layout, folder, f"the cache ({folder})")
        if any((folder / file.name).exists() for file in layout.files):
            place.say(f"{card.name}: the copy in the cache ({folder}) is damaged or incomplete, fetching it again")
    return None


def _from_mirrors(card: Card, place: DataLocations) -> LocatedFiles:
    """Try every mirror of every layout.

    Raises:
        DataError: when none gives the files.
    """
    names = ", ".join(file.name for file in card.layouts[0].files)
    remedy = f"put {names} (see {card.url}) into a folder and pass --data DIR"
    if place.offline:
        raise FilesNotFound(f"{card.name} is neither in a named folder nor in the cache, and offline", remedy=remedy)
    reasons = []
    for layout in card.layouts:
        for mirror in layout.mirrors:
            origin = mirror.url or mirror.requirement
            folder = _cache_folder(card, layout, place)
            try:
                fetch(layout, mirror, folder, place.say)
            except Unreachable as error:
                place.say(f"{card.name}: cannot be had from {origin}: {error}")
                reasons.append(f"{origin}: {error}")
                continue
            _pin_checksums(layout, folder, place.say)
            return LocatedFiles(layout, folder, origin)
    why = f"cannot be had ({'; '.join(reasons)})" if reasons else "cannot be downloaded by a program"
    raise DataError(f"{card.name} {why}", remedy=remedy)
