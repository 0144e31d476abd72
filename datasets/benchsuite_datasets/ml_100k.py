"""MovieLens 100K: the card says almost everything; here the two ways it comes are made one."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from benchsuite_datasets.card_loader import read_card
from benchsuite_datasets.card_source import source_class
from benchsuite_datasets.dataset_builder import Tables
from benchsuite_datasets.file_lookup import LocatedFiles
from benchsuite_datasets.title_controls import TitledSource

if TYPE_CHECKING:
    import pandas as pd

_YEAR = re.compile(r"\((\d{4})\)")
_NAMELESS = {"unknown", "unkonwn (unkonwn)"}
_AGES = ((18, "under 18"), (25, "18 to 24"), (35, "25 to 34"), (45, "35 to 44"), (50, "45 to 49"), (56, "50 to 55"))


class _MovieLens100K(TitledSource):
    """Reads both layouts into the same tables."""

    def read(self, found: LocatedFiles) -> Tables:
        """Read, give titles their year in the same way, and replace ages by age groups."""
        tables = super().read(found)
        if tables.items is None or tables.users is None:
            raise AssertionError("the card describes users and items")
        users = tables.users.assign(age=[f"{_age_group(int(age))} years old" for age in tables.users["age"]])
        return dataclasses.replace(tables, items=_films(tables.items), users=users)


def _films(items: pd.DataFrame) -> pd.DataFrame:
    """Return columns title (with its year), genres, year; film 267 has no name upstream, so it gets no text."""
    full = items["title"]
    if "year" in items:
        # the package cut the last bracket off upstream's title, whatever was in it
        full = full + " (" + items["year"] + ")"
    title = full.where(~full.isin(_NAMELESS), "")
    years = [_YEAR.findall(name) for name in title]
    return items.assign(title=title, year=[found[-1] if found else "" for found in years])[["title", "genres", "year"]]


def _age_group(age: int) -> str:
    """Return the age group that later MovieLens sets use."""
    return next((name for bound, name in _AGES if age < bound), "56 or more")


MovieLens100K = source_class(read_card("ml-100k"), _MovieLens100K)
