"""The one table inside a zip."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

from benchsuite.errors import DataError
from benchsuite_tables.card_parts import is_inside
from benchsuite_tables.recognition import refuse_workbook
from benchsuite_tables.text_file import FETCH, shorten


def only_member(path: Path) -> str:
    """Return the one file inside a zip, or "" for a file that is none.

    Raises:
        DataError: when it holds another number of files, or the one is a link or leads outside.
    """
    if path.suffix != ".zip":
        return ""
    refuse_workbook(path)
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise DataError(f"cannot be read: {error}", where=str(path), remedy=FETCH) from None
    if len(infos) != 1:
        remedy = "unpack it, or write a card that names the member"
        raise DataError(f"holds {len(infos)} files", where=str(path), remedy=remedy)
    (info,) = infos
    if stat.S_ISLNK(info.external_attr >> 16) or not is_inside(info.filename):
        what = f"its file {shorten(info.filename)} is a link or leads outside"
        raise DataError(what, where=str(path), remedy="pack the table itself, under a plain name")
    return info.filename
