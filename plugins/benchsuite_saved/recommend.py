"""Ask a saved model what follows from a history, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from benchsuite.errors import UsageError
from benchsuite.interface import (
    Frames,
    FunctionResult,
    Option,
    PathLike,
    Style,
    Words,
    count,
    frame,
    plain,
    several,
    table,
)

if TYPE_CHECKING:
    from benchsuite_saved.folder import Saved
    from benchsuite_saved.recommending import Reason, RecommendedItem

_REASONS = 3
"""Items of the history that are printed beside a recommended one."""


class Recommendations(FunctionResult):
    """What a saved model recommends after a history.

    Attributes:
        folder: of the model.
        history: item codes, oldest first.
        answers: the recommended items, best first; fewer than asked for where the model scores no more items.
    """

    def __init__(
        self, folder: str, saved: Saved, history: Sequence[int], answers: Sequence[RecommendedItem], told: Sequence[str]
    ) -> None:
        self.folder, self._saved, self._told = folder, saved, tuple(told)
        self.history, self.answers = tuple(history), tuple(answers)

    @property
    def ok(self) -> bool:
        """False when nothing is recommended."""
        return bool(self.answers)

    def text(self, style: Style = plain) -> str:
        """Return a line for each recommended item."""
        if not self.answers:
            return "nothing is recommended"
        rows = [
            (rank, self._saved.titles[one.item], f"{one.score:.3f}", self._because(one.because) or "no single item")
            for rank, one in enumerate(self.answers, 1)
        ]
        return table(("", "title", "score", "because of"), rows)

    def advice(self) -> Sequence[str]:
        """Return how titles were read, and why there are fewer items than asked for."""
        return self._told

    def to_dict(self) -> dict[str, Any]:
        """Return history and items as plain values."""
        about = self._saved.about
        head = {"folder": self.folder, "model": about["model"]["name"], "data": about["data"]["name"]}
        history = [self._named(code) for code in dict.fromkeys(self.history)]
        return head | {"history": history, "items": [self._item(*one) for one in enumerate(self.answers, 1)]}

    def frames(self) -> Frames:
        """Return ``items`` (rank, id, title, score) and ``reasons`` (rank, id, title, fall)."""
        items = self.to_dict()["items"]
        reasons = [{"rank": one["rank"], **reason} for one in items for reason in one["because"]]
        return {
            "items": frame(({k: v for k, v in one.items() if k != "because"} for one in items), _ITEM),
            "reasons": frame(reasons, ("rank", "id", "title", "fall")),
        }

    def _because(self, reasons: Sequence[Reason]) -> str:
        """Name the items without which the score would be lower, and by how much."""
        mattered = [one for one in reasons if one.fall is None or one.fall > 0][:_REASONS]
        titles = self._saved.titles
        return ", ".join(titles[one.item] + ("" if one.fall is None else f" {one.fall:+.3f}") for one in mattered)

    def _named(self, code: int) -> dict[str, Any]:
        return {"id": self._saved.items.ids[code], "title": self._saved.titles[code]}

    def _item(self, rank: int, one: RecommendedItem) -> dict[str, Any]:
        because = [{**self._named(reason.item), "fall": reason.fall} for reason in one.because]
        return {"rank": rank, **self._named(one.item), "score": one.score, "because": because}


_ITEM = ("rank", "id", "title", "score")


def recommend(
    folder: PathLike,
    *,
    history: Annotated[Words, Option(metavar="TITLE")] = (),
    history_id: Annotated[Words, Option(metavar="ID")] = (),
    k: Annotated[int, Option("-k", metavar="N")] = 10,
) -> Recommendations:
    """Ask a saved model what to recommend after a history, and why.

    Args:
        folder: made by benchsuite train.
        history: the title of an item that was taken, oldest first; may be repeated.
        history_id: the same by id; ids come after titles.
        k: how many items.

    Raises:
        UsageError: when an item is unknown or ambiguous, or ``k`` is less than 1.
    """
    if k < 1:
        raise UsageError("must be 1 or more", where=f"-k {k}")
    from pathlib import Path

    from benchsuite_saved.folder import open_folder
    from benchsuite_saved.recommending import find_id, find_title
    from benchsuite_saved.recommending import recommend as ask

    saved = open_folder(Path(folder))
    titles = several(history)
    shown = [find_title(saved, title) for title in titles] + [find_id(saved, name) for name in several(history_id)]
    told = [
        f'"{title}" is read as "{saved.titles[code]}"'
        for title, code in zip(titles, shown, strict=False)
        if title.casefold().strip() != saved.titles[code].casefold()
    ]
    answers = ask(saved, shown, k)
    if not shown:
        told.append("no history is named: add --history TITLE or --history-id ID")
    if len(answers) < k:
        told.append(f"{saved.about['model']['name']} scores {count(len(answers), 'item')} after this history, not {k}")
    return Recommendations(str(folder), saved, shown, answers, told)
