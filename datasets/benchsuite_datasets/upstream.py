"""Where a set's files come from: names, checksums, and the places to fetch them."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from benchsuite_tables.card_parts import Inside, Strict

_SHA256 = re.compile(r"[0-9a-f]{64}")


def _sum(text: str) -> str:
    """Accept 64 hex digits, or nothing for a file whose sum nobody knows yet."""
    if text and not _SHA256.fullmatch(text):
        raise ValueError("a sha256 has 64 lower-case hex digits")
    return text


Sum = Annotated[str, AfterValidator(_sum)]
Positive = Annotated[int, Field(gt=0)]


class File(Strict):
    """One file a layout needs.

    Attributes:
        name: path relative to the set's folder.
        sha256: of its bytes; empty where upstream may change it, then the sum seen first is remembered.
        git: the file's object name in a git repository, where a second copy with other bytes but the same rows is
            known only by that.
        bytes: its size, which bounds what is read from a mirror.
    """

    name: Inside
    sha256: Sum = ""
    git: Annotated[str, Field(pattern="^([0-9a-f]{40})?$")] = ""
    bytes: Positive | None = None


class Mirror(Strict):
    """One place to fetch all files of a layout from.

    Attributes:
        kind: ``zip`` or ``tar`` (an archive at ``url``, a tar perhaps compressed), ``wheel`` (a package that pip
            downloads), ``file`` (each file by itself, at ``url`` + its name).
        url: address of an archive, or the common beginning of the files' addresses.
        requirement: what to ask pip for, e.g. ``"recbole==1.2.1"``.
        folder: folder inside the archive or wheel that holds the files.
        names: what a file is called there, by our name, where it is called otherwise.
        limit: how many bytes at most are downloaded.
    """

    kind: Literal["zip", "tar", "wheel", "file"]
    url: str = ""
    requirement: str = ""
    folder: Inside | Literal[""] = ""
    names: dict[str, Inside] = Field(default_factory=dict)
    limit: Positive = 2**34

    def there(self, name: str) -> str:
        """Return where a file lies in the archive, or below the address."""
        called = self.names.get(name, name)
        return f"{self.folder}/{called}" if self.folder else called

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind == "wheel" and not re.fullmatch(
            r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9.+!_-]+", self.requirement
        ):
            raise ValueError("a wheel mirror needs requirement = 'name==version'")
        if self.kind != "wheel" and not self.url.startswith(("https://", "http://")):
            raise ValueError(f"a {self.kind} mirror needs a url that begins with https://")
        return self
