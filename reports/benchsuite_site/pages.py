"""The pages of leaderboards: one for all benchmarks, one for each, and one for each model in each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files
from itertools import groupby

from benchsuite.benchmark.board import Board
from benchsuite.benchmark.board_text import (
    by_split,
    interval_text,
    left_out_text,
    marks_of,
    number_text,
    own_tasks,
    verdict,
)
from benchsuite.benchmark.entrants import Entrant
from benchsuite.benchmark.scores import Standing
from benchsuite.html_text import element
from benchsuite.interface import count
from benchsuite.plan.benchmark_rules import slug
from benchsuite_site.charts import Point, headline_chart, scatter
from benchsuite_site.elements import board_name, checked_text, heat, scrolled_table
from benchsuite_site.explanations import legend, notes, sentence
from benchsuite_site.model_page import model_page

KINDS = ("classic", "deep", "reads text", "language model, frozen", "language model, fine-tuned", "chance")


def pages(boards: Sequence[Board]) -> Mapping[str, bytes]:
    """Return the pages by relative file name.

    Args:
        boards: of which benchmarks.
    """
    started = sorted(boards, key=lambda board: not board.rows)
    made = {"index.html": _page("Leaderboards", "<h1>Leaderboards</h1>" + "".join(map(_card, started)), "")}
    for board in boards:
        made[f"{board_name(board)}.html"] = _page(board_name(board), _benchmark(board), "")
        for row in board.rows:
            title = f"{row.model} in {board_name(board)}"
            made[_link(board, row)] = _page(title, model_page(board, row, board.entrants[row.model]), "../")
    return {name: page.encode() for name, page in made.items()}


def _page(title: str, body: str, root: str) -> str:
    folder = files("benchsuite_site")
    style = (folder / "style.css").read_text("utf-8")
    script = (folder / "filters.js").read_text("utf-8")
    return (
        f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{escape(title)}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<style>\n{style}</style></head>\n'
        f'<body>\n<header><a href="{root}index.html">benchsuite</a></header>\n<main>\n{body}\n</main>\n'
        f"<script>\n{script}</script>\n</body>\n</html>\n"
    )


def _card(board: Board) -> str:
    lost = [f"Left out: {count(len(board.left_out), 'damaged row')}."] if board.left_out else []
    told = "".join(f"<p>{escape(line)}</p>" for line in [*verdict(board), *lost])
    return (
        f'<section class="card"><h2><a href="{escape(board_name(board))}.html">{escape(board_name(board))}</a></h2>'
        f'<p class="soft">{escape(sentence(board.title))}</p>{told}</section>'
    )


def _benchmark(board: Board) -> str:
    form = " (short form)" if board.lite else ""
    lines = list(verdict(board))
    ranked = [row for row in board.rows if row.headline is not None]
    parts = [f"<h1>{escape(board.name)}{form}</h1>", f'<p class="soft">{escape(sentence(board.title))}</p>']
    if ranked:
        leader = ranked[0]
        parts.append(
            f'<p class="answer"><span class="big">{number_text(leader.headline)}</span> '
            f'<span><b><a href="{_link(board, leader)}">{escape(leader.model)}</a></b> leads; times the best reference '
            f"of each task, 95% of draws: {interval_text(leader)}</span></p>"
        )
    parts += [f"<p>{escape(line)}</p>" for line in lines]
    if ranked:
        parts.append(headline_chart([(row, board.entrants[row.model].kind) for row in ranked]))
    parts += [_filters(board)] if board.rows else []
    parts += [_standings(board), *legend(board)]
    parts += ["<h2>Task by task</h2>", _heat_map(board), *_scatters(board)] if board.rows else []
    parts += ["<h2>How to read this</h2>", *notes(board)]
    return "\n".join(parts)


def _filters(board: Board) -> str:
    kinds = [kind for kind in KINDS if any(entrant.kind == kind for entrant in board.entrants.values())]
    boxes = "".join(
        f'<label><input type="checkbox" checked value="{escape(kind)}"> {escape(kind)}</label>' for kind in kinds
    )
    if any(map(_needs_gpu, board.entrants.values())):
        boxes += '<label><input type="checkbox" checked class="gpu"> needs a GPU</label>'
    return f'<fieldset class="filters"><legend>Show</legend>{boxes}</fieldset>'


def _needs_gpu(entrant: Entrant) -> bool:
    return "gpu" in entrant.needs


def _standings(board: Board) -> str:
    splits = list(dict.fromkeys(task.split for task in board.tasks))
    checked = any(entrant.verified for entrant in board.entrants.values())
    heads = [
        "",
        "model",
        "kind",
        "headline",
        "95% of draws",
        "without one task",
        "own answers",
        "better",
        "same",
        "worse",
        *splits,
        "CPU s",
    ]
    heads += ["checked"] if checked else []
    lines = []
    for number, row in enumerate(board.rows, 1):
        entrant = board.entrants[row.model]
        same = row.count("not separated") + row.count("reference")
        headline = number_text(row.headline) + marks_of(row)
        cells = [_place(number, row), "", entrant.kind, headline]
        cells += [interval_text(row), left_out_text(row), own_tasks(row)]
        cells += [str(row.count("better")), str(same), str(row.count("worse"))]
        cells += [number_text(by_split(row, board.tasks, split)) for split in splits]
        cells += ["-" if row.cpu_seconds is None else f"{row.cpu_seconds:.1f}"]
        cells += [checked_text(entrant)] if checked else []
        filled = [element("td", escape(cell)) for cell in cells]
        filled[1] = element("th", f'<a href="{_link(board, row)}">{escape(row.model)}</a>', scope="row")
        gpu = {"data_gpu": "yes"} if _needs_gpu(entrant) else {}
        lines.append(element("tr", "".join(filled), data_kind=entrant.kind, **gpu))
    absent = element("td", "not run yet", colspan=len(heads) - 2)
    lines += [
        element("tr", element("td") + element("th", escape(label), scope="row") + absent, class_="soft")
        for label in board.absent
    ]
    return scrolled_table("Standings", heads, lines)


def _place(number: int, row: Standing) -> str:
    return str(number) if row.headline is not None else ""


def _heat_map(board: Board) -> str:
    heads = ["model", *(f"{task.split}{f' {task.group}' if task.group else ''}" for task in board.tasks)]
    above = [("", 1), *((name, len(list(tasks))) for name, tasks in groupby(task.dataset for task in board.tasks))]
    lines = []
    for row in board.rows:
        cells = "".join(heat(score) for score in row.scores)
        head = element("th", escape(row.model), scope="row")
        lines.append(element("tr", head + cells, data_kind=board.entrants[row.model].kind))
    return scrolled_table(f"{board.metric} of each task; colour: by that of its best reference", heads, lines, above)


def _scatters(board: Board) -> Iterator[str]:
    """Yield quality against cost, and warm against cold where there are both."""
    told = {
        row.model: (_place(number, row), board.entrants[row.model].kind) for number, row in enumerate(board.rows, 1)
    }
    points = [
        Point(row.model, *told[row.model], row.cpu_seconds, row.headline)
        for row in board.rows
        if row.headline is not None and row.cpu_seconds
    ]
    if points:
        yield "<h2>Quality against cost</h2>"
        yield scatter(points, "processor seconds to fit and answer, mean", "headline", logarithmic=True)
    splits = {task.split for task in board.tasks}
    cold = next((split for split in ("item-cold", "user-cold") if split in splits), "")
    warm = next((split for split in ("random-holdout", "leave-last-out") if split in splits), "")
    if cold and warm:
        both = [
            Point(row.model, *told[row.model], one, two)
            for row in board.rows
            if (one := by_split(row, board.tasks, warm)) is not None
            and (two := by_split(row, board.tasks, cold)) is not None
        ]
        if both:
            yield "<h2>Warm against cold</h2>"
            yield scatter(both, f"{warm}, by the best reference", f"{cold}, by the best reference")


def _link(board: Board, row: Standing) -> str:
    return f"{escape(board_name(board))}/{slug(row.model)}.html"
