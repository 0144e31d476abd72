"""The base of everything that a card says, and paths that stay in their folder."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict


def is_inside(path: str) -> bool:
    """Return whether a path stays in the folder it is put in, on any system."""
    pure = PurePosixPath(path)
    return bool(path) and not (pure.is_absolute() or ".." in pure.parts or "\\" in path or ":" in path)


def _inside(path: str) -> str:
    """Refuse a path that could leave the folder it is put in."""
    if not is_inside(path):
        raise ValueError(f"{path!r} is not a plain relative path")
    return path


Inside = Annotated[str, AfterValidator(_inside)]


class Strict(BaseModel):
    """Base of all parts of a card: no unknown key, no silent conversion, no change after reading."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
