"""Datasets: interactions, and the tables of users and items."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchsuite.data.arrays import Float32, Int8, Int32, Int64, check_codes, lock, same_length
from benchsuite.errors import DataError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass(frozen=True, eq=False)
class Interactions:
    """Which user took which item. One row per event; all columns have the same length n and are read-only.

    Attributes:
        user: int32[n] user codes.
        item: int32[n] item codes.
        value: float32[n] rating, count or amount; 1 where the data has no such thing. 0 or below says no: a row that
            was seen and not taken, or a dislike.
        label: int8[n], 1 liked and 0 disliked, or None where the data has no dislikes.
        timestamp: int64[n] UTC seconds, or None where the data has no time.
        behaviour: int8[n] index into ``behaviours``.
        behaviours: what can happen, e.g. ``("view", "cart", "purchase")``.
        part: int8[n] index into ``parts``, or None where the data was published without a split.
        parts: the parts of a published split, e.g. ``("train", "test")``.
    """

    user: Int32
    item: Int32
    value: Float32
    label: Int8 | None
    timestamp: Int64 | None
    behaviour: Int8
    behaviours: tuple[str, ...]
    part: Int8 | None = None
    parts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Lock the columns and check that they agree."""
        for name, dtype in _COLUMNS.items():
            column = getattr(self, name)
            if column is not None:
                object.__setattr__(self, name, lock(column, dtype, name))
        same_length("interactions", **self.columns)
        if len(self) and not np.isfinite(self.value).all():
            raise DataError("interactions: value holds NaN or infinity")
        if self.label is not None and len(self) and not np.isin(self.label, (0, 1)).all():
            raise DataError("interactions: label holds something other than 0 and 1")
        if len(self) and (self.behaviour.min() < 0 or self.behaviour.max() >= len(self.behaviours)):
            raise DataError("interactions: behaviour points outside behaviours")
        if (self.part is None) == bool(self.parts):
            raise DataError("interactions: part and parts are given together or not at all")
        if self.part is not None and len(self) and (self.part.min() < 0 or self.part.max() >= len(self.parts)):
            raise DataError("interactions: part points outside parts")

    @property
    def columns(self) -> dict[str, NDArray[Any] | None]:
        """The columns by name; absent ones are None."""
        return {name: getattr(self, name) for name in _COLUMNS}

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.user)

    @cached_property
    def digest(self) -> str:
        """sha256 (hex) of these rows in this order: the same rows have the same digest."""
        digest = hashlib.sha256(repr(self.behaviours).encode())
        for name, column in self.columns.items():
            if name == "part" and column is None:
                continue  # data without a published split keeps the digest it had before there was this column
            digest.update(f"{name}:".encode())
            if column is not None:
                digest.update(f"{column.dtype.str}{column.shape}".encode())
                digest.update(np.ascontiguousarray(column).data)
        if self.parts:
            digest.update(repr(self.parts).encode())
        return digest.hexdigest()

    def take(self, rows: ArrayLike) -> Interactions:
        """Return the rows that an index array or a boolean mask picks, in that order."""
        chosen = np.asarray(rows)
        columns = {name: None if column is None else column[chosen] for name, column in self.columns.items()}
        return Interactions(behaviours=self.behaviours, parts=self.parts, **columns)  # type: ignore[arg-type]  # names are the fields

    def matrix(self, users: int, items: int, values: ArrayLike | None = None) -> csr_matrix:
        """Return float32 csr[users, items]; repeated pairs count once (1.0), or sum to ``values`` (float[n])."""
        from scipy.sparse import csr_matrix

        data = np.ones(len(self), np.float32) if values is None else np.asarray(values, np.float32)
        matrix = csr_matrix((data, (self.user, self.item)), shape=(users, items), dtype=np.float32)
        matrix.sum_duplicates()
        if values is None:
            matrix.data[:] = 1.0
        return matrix


_COLUMNS: dict[str, type[np.generic]] = {
    "user": np.int32,
    "item": np.int32,
    "value": np.float32,
    "label": np.int8,
    "timestamp": np.int64,
    "behaviour": np.int8,
    "part": np.int8,
}


@dataclass(frozen=True, eq=False)
class Entities:
    """The users or the items: code j is row j.

    Attributes:
        ids: raw ids, unique.
        text: one text per entity to read, built from ``columns``; None where there is none. An unknown text is "".
        columns: named text columns, e.g. ``{"title": (...), "genres": (...)}``, each as long as ``ids``.
        features: float32[m, f] or None.
        feature_names: f names, empty without features.
        derived: what of this table was computed from who took what (a user's favourite items, an item's number of
            buyers), by the name of the text column, or ``"text"`` or ``"features"``, with the ``digest`` of the
            interactions it was computed from. A fold may show it only if these are the fold's training rows. What
            describes an entity whoever takes it is not derived, even if the files repeat it in every row.
    """

    ids: tuple[str, ...]
    text: tuple[str, ...] | None = None
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    features: Float32 | None = None
    feature_names: tuple[str, ...] = ()
    derived: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Lock everything and check that lengths agree."""
        object.__setattr__(self, "ids", tuple(self.ids))
        object.__setattr__(self, "columns", MappingProxyType({k: tuple(v) for k, v in self.columns.items()}))
        object.__setattr__(self, "derived", MappingProxyType(dict(self.derived)))
        if self.text is not None:
            object.__setattr__(self, "text", tuple(self.text))
        if self.features is not None:
            object.__setattr__(self, "features", lock(self.features, np.float32, "features", ndim=2))
        lengths = {name: len(column) for name, column in self.columns.items()}
        lengths |= {} if self.text is None else {"text": len(self.text)}
        lengths |= {} if self.features is None else {"features": len(self.features)}
        for name, length in lengths.items():
            if length != len(self.ids):
                raise DataError(f"{name} has {length} rows for {len(self.ids)} ids")
        if len(set(self.ids)) != len(self.ids):
            raise DataError("ids are not unique")
        if self.features is not None and len(self.feature_names) != self.features.shape[1]:
            raise DataError(f"{len(self.feature_names)} feature names for {self.features.shape[1]} features")
        if not set(self.derived) <= set(lengths):
            raise DataError(f"derived names {sorted(set(self.derived) - set(lengths))}, which is not in the table")

    def __len__(self) -> int:
        """Return the number of entities."""
        return len(self.ids)

    @property
    def titles(self) -> tuple[str, ...]:
        """Each entity's title: of the columns that make up the texts the one they begin with, else the whole text.

        Without texts, the first column; nothing where there is none.
        """
        texts = self.text or ()
        for column in self.columns.values():
            if any(column) and all(text.startswith(name) for text, name in zip(texts, column, strict=False)):
                return column
        return texts


@dataclass(frozen=True)
class Step:
    """One counted step of preparation, so that no row disappears silently.

    Attributes:
        name: what was done, e.g. ``"drop duplicate pairs, keep the last"``.
        before: interaction rows before.
        after: interaction rows after.
        note: anything else worth telling.
    """

    name: str
    before: int
    after: int
    note: str = ""


@dataclass(frozen=True, eq=False)
class Dataset:
    """A prepared data set, or the training part of one (then ``interactions`` is cut, the tables stay whole).

    Attributes:
        name: what to call it.
        interactions: who took what.
        users: the user table.
        items: the item table.
        links: int32[l, 2] user pairs (friends, trust), or None.
        preferences: float32[users, items] true preferences of a *simulated* data set, or None. Only the harness and
            models that declare the need for it get it.
        simulated: True when no row comes from the real world.
        steps: how the rows were prepared, in order.
        ordered: True when the rows of each user stand in the order of time although no times are known. Nothing is
            known about which of two users' rows came first.
    """

    name: str
    interactions: Interactions
    users: Entities
    items: Entities
    links: Int32 | None = None
    preferences: Float32 | None = None
    simulated: bool = False
    steps: tuple[Step, ...] = ()
    ordered: bool = False

    def __post_init__(self) -> None:
        """Lock the arrays and check that codes stay inside the tables."""
        if self.links is not None:
            object.__setattr__(self, "links", lock(self.links, np.int32, "links", ndim=2))
        if self.preferences is not None:
            object.__setattr__(self, "preferences", lock(self.preferences, np.float32, "preferences", ndim=2))
            if self.preferences.shape != (len(self.users), len(self.items)):
                raise DataError(f"{self.name}: preferences do not fit the tables")
        check_codes(self.name, "user codes", self.interactions.user, "user", len(self.users))
        check_codes(self.name, "item codes", self.interactions.item, "item", len(self.items))

    def matrix(self, values: ArrayLike | None = None) -> csr_matrix:
        """Return the interactions as float32 csr[users, items]; see :meth:`Interactions.matrix`."""
        return self.interactions.matrix(len(self.users), len(self.items), values)

    def cut(self, rows: ArrayLike) -> Dataset:
        """Return the same data set with only these interaction rows (index array or boolean mask)."""
        return dataclasses.replace(self, interactions=self.interactions.take(rows))

    @cached_property
    def fingerprint(self) -> str:
        """sha256 (hex) of every number, id and text. Name and steps do not count, the content does."""
        digest = hashlib.sha256()

        def add(name: str, array: NDArray[Any] | None) -> None:
            digest.update(f"{name}:".encode())
            if array is not None:
                digest.update(f"{array.dtype.str}{array.shape}".encode())
                digest.update(np.ascontiguousarray(array).data)

        for name, column in self.interactions.columns.items():
            if name != "part":
                add(name, column)
        if self.interactions.parts:
            add("part", self.interactions.part)
            digest.update(repr(self.interactions.parts).encode())
        add("links", self.links)
        add("preferences", self.preferences)
        digest.update(repr(self.interactions.behaviours).encode())
        for table in (self.users, self.items):
            for texts in (table.ids, table.text, *(c for pair in sorted(table.columns.items()) for c in pair)):
                digest.update(repr(texts).encode())
            add("features", table.features)
            digest.update(repr(table.feature_names).encode())
            if table.derived:
                digest.update(repr(sorted(table.derived.items())).encode())
        if self.ordered:  # data without this keeps the fingerprint it had before
            digest.update(b"ordered")
        return digest.hexdigest()
