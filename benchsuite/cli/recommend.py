"""``benchsuite recommend``: ask a saved model what follows from a history, and why."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchsuite.cli.console import OK, say, say_json, table, tell
from benchsuite.cli.options import add_json, add_verb
from benchsuite.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchsuite.saved import Answer, Reason, Saved

_REASONS = 3  # items of the history that are printed beside a recommended one


def register(subparsers: _SubParsersAction[Any]) -> None:
    """Add the verb."""
    parser = add_verb(subparsers, "recommend", run, "ask a saved model what to recommend after a history, and why")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="made by benchsuite train")
    text = "the title of an item that was taken, oldest first; may be repeated"
    parser.add_argument("--history", dest="titles", action="append", default=[], metavar="TITLE", help=text)
    text = "the same by id; ids come after titles"
    parser.add_argument("--history-id", dest="ids", action="append", default=[], metavar="ID", help=text)
    parser.add_argument("-k", type=int, default=10, metavar="N", help="how many items (default: 10)")
    add_json(parser)


def run(args: Namespace) -> int:
    """Run the verb."""
    if args.k < 1:
        raise UsageError("must be 1 or more", where=f"-k {args.k}")
    from benchsuite.saved import find_id, find_title, open_folder, recommend

    saved = open_folder(args.folder)
    shown = [find_title(saved, title) for title in args.titles] + [find_id(saved, name) for name in args.ids]
    for title, code in zip(args.titles, shown, strict=False):
        if title.casefold().strip() != saved.titles[code].casefold():
            tell(f'"{title}" is read as "{saved.titles[code]}"')
    answers = recommend(saved, shown, args.k)
    if args.json:
        about = {"folder": str(args.folder), "model": saved.about["model"]["name"], "data": saved.about["data"]["name"]}
        history = [_named(saved, code) for code in dict.fromkeys(shown)]
        say_json(about | {"history": history, "items": [_item(saved, *one) for one in enumerate(answers, 1)]})
        return OK
    if answers:
        say(table(("", "title", "score", "because of"), _rows(saved, answers)))
    if len(answers) < args.k:
        tell(
            f"{saved.about['model']['name']} has an opinion on {len(answers)} items after this history, not on {args.k}"
        )
    return OK


def _rows(saved: Saved, answers: Sequence[Answer]) -> list[tuple[Any, ...]]:
    return [
        (rank, saved.titles[one.item], f"{one.score:.3f}", _because(saved, one.because) or "no single item")
        for rank, one in enumerate(answers, 1)
    ]


def _because(saved: Saved, reasons: Sequence[Reason]) -> str:
    """Name the items without which the score would be lower, and by how much."""
    mattered = [one for one in reasons if one.fall is None or one.fall > 0][:_REASONS]
    return ", ".join(saved.titles[one.item] + ("" if one.fall is None else f" {one.fall:+.3f}") for one in mattered)


def _named(saved: Saved, code: int) -> dict[str, Any]:
    return {"id": saved.items.ids[code], "title": saved.titles[code]}


def _item(saved: Saved, rank: int, one: Answer) -> dict[str, Any]:
    because = [{**_named(saved, reason.item), "fall": reason.fall} for reason in one.because]
    return {"rank": rank, **_named(saved, one.item), "score": one.score, "because": because}
