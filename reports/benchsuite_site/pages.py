"""The pages of leaderboards: one for all benchmarks, one for each, and one for each model in each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files
from itertools import groupby
from shlex import quote
from typing import Any

from benchsuite.benchmark.board import Board
from benchsuite.benchmark.board_text import (
    by_split,
    interval_text,
    left_out_text,
    marks_of,
    number_text,
    own_tasks,
    task_label,
    verdict,
)
from benchsuite.benchmark.entrants import Entrant
from benchsuite.benchmark.places import read_benchmark
from benchsuite.benchmark.scores import Standing, TaskScore
from benchsuite.html_text import element, table_element
from benchsuite.interface import count
from benchsuite.plan.benchmark_rules import LITE, slug
from benchsuite_site.charts import Point, headline_chart, scatter
from benchsuite_site.explanations import BORROWED, MARKS, legend, notes, sentence

KINDS = ("classic", "deep", "reads text", "language model, frozen", "language model, fine-tuned", "chance")


def pages(boards: Sequence[Board]) -> Mapping[str, bytes]:
    """Return the pages by relative file name.

    Args:
        boards: of which benchmarks.
    """
    started = sorted(boards, key=lambda board: not board.rows)
    made = {"index.html": _page("Leaderboards", "<h1>Leaderboards</h1>" + "".join(map(_card, started)), "")}
    for board in boards:
        made[f"{_name(board)}.html"] = _page(_name(board), _benchmark(board), "")
        for row in board.rows:
            entrant = board.entrants[row.model]
            made[_link(board, row)] = _page(f"{row.model} in {_name(board)}", _model(board, row, entrant), "../")
    return {name: page.encode() for name, page in made.items()}


def _name(board: Board) -> str:
    """Return the name of the benchmark or its short form: both may lie in one folder."""
    return f"{board.name}-{LITE}" if board.lite else board.name


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
        f'<section class="card"><h2><a href="{escape(_name(board))}.html">{escape(_name(board))}</a></h2>'
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
        cells += [_checked(entrant)] if checked else []
        filled = [element("td", escape(cell)) for cell in cells]
        filled[1] = element("th", f'<a href="{_link(board, row)}">{escape(row.model)}</a>', scope="row")
        gpu = {"data_gpu": "yes"} if _needs_gpu(entrant) else {}
        lines.append(element("tr", "".join(filled), data_kind=entrant.kind, **gpu))
    absent = element("td", "not run yet", colspan=len(heads) - 2)
    lines += [
        element("tr", element("td") + element("th", escape(label), scope="row") + absent, class_="soft")
        for label in board.absent
    ]
    return _table("Standings", heads, lines)


def _runs(board: Board, entrant: Entrant) -> str:
    """Return what stands behind ``--model`` to run a row again: its label where the benchmark has it, else a plugin."""
    own = {spec.label for spec in read_benchmark(board.name)[0].expanded("models")}
    return quote(entrant.label) if entrant.label in own else entrant.plugin


def _place(number: int, row: Standing) -> str:
    return str(number) if row.headline is not None else ""


def _heat_map(board: Board) -> str:
    heads = ["model", *(f"{task.split}{f' {task.group}' if task.group else ''}" for task in board.tasks)]
    above = [("", 1), *((name, len(list(tasks))) for name, tasks in groupby(task.dataset for task in board.tasks))]
    lines = []
    for row in board.rows:
        cells = "".join(_heat(score) for score in row.scores)
        head = element("th", escape(row.model), scope="row")
        lines.append(element("tr", head + cells, data_kind=board.entrants[row.model].kind))
    return _table(f"{board.metric} of each task; colour: by that of its best reference", heads, lines, above)


def _heat(score: TaskScore) -> str:
    if score.mean is None:
        return element("td", escape(score.state), class_="soft", title=score.reason)
    mark = {"better": " &#9650;", "worse": " &#9660;", "reference": " &#9679;"}.get(score.verdict, "")
    told = score.verdict if score.competes else BORROWED
    shade = None if score.ratio is None else f"h{_shade(score.ratio)}"
    own = "" if score.competes else " ~"
    return element("td", f"{score.mean:.3f}".lstrip("0") + mark + own, class_=shade, title=told)


def _shade(ratio: float) -> int:
    """Return 0 (a quarter of the best reference or less) to 8 (a quarter above it or more)."""
    return max(0, min(8, round((ratio - 0.25) * 8)))


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


def _model(board: Board, row: Standing, entrant: Entrant) -> str:
    settings = "".join(
        element("tr", element("th", escape(name), scope="row") + element("td", escape(_value(value))))
        for name, value in entrant.settings.items()
    )
    scores = [
        element(
            "tr",
            element("th", escape(task_label(task)), scope="row")
            + _heat(score)
            + element("td", _interval(score))
            + element("td", number_text(score.ratio))
            + element("td", escape(score.verdict if score.mean is not None else score.reason)),
        )
        for task, score in zip(board.tasks, row.scores, strict=True)
    ]
    heads = ("task", board.metric, "95% interval", "by reference", "test")
    tuned = "as given" if entrant.tuned is None else f"tuned, {_words(entrant.tuned)}"
    weights = entrant.facts.get("weights", entrant.facts.get("backbone"))
    about = (
        f'<p class="soft">{escape(entrant.summary)} ({escape(entrant.kind)}) in '
        f'<a href="../{escape(_name(board))}.html">{escape(_name(board))}</a></p>'
    )
    answer = (
        f'<p class="answer"><span class="big">{number_text(row.headline)}</span> <span>times the best reference of '
        f"each task, 95% of draws: {interval_text(row)}</span></p>"
    )
    history = (
        f"<h2>History</h2><p>version {escape(entrant.version)} of {escape(entrant.plugin)}, finished "
        f"{escape(entrant.finished[:10] or 'at an unknown time')} on {escape(_machine(entrant.machine))}; "
        f"{escape(_checked(entrant) or 'nobody has fitted it again yet')}</p>"
    )
    parts = [
        f"<h1>{escape(row.model)}</h1>",
        about,
        answer,
        _table("Scores", heads, scores),
        f'<p class="soft">{MARKS}</p>',
        f"<h2>Settings</h2><p>{escape(tuned)}</p>{_box('Settings', f'<table>{settings}</table>')}" if settings else "",
        f"<h2>Run it</h2><pre>benchsuite run {escape(board.name)} --model {escape(_runs(board, entrant))}</pre>",
        f"<h2>Pretrained weights</h2><p>{escape(_words(weights))}</p>" if weights else "",
        history,
        "".join(f"<h2>Paper</h2><pre>{escape(cite.strip())}</pre>" for cite in entrant.cite[:1]),
    ]
    return "\n".join(part for part in parts if part)


def _machine(machine: Mapping[str, Any]) -> str:
    """Return a machine in words."""
    known = {"cpu", "cores", "memory_gib"}
    parts = [str(machine.get("cpu") or "a processor that is not known")]
    parts += [count(machine["cores"], "core")] if "cores" in machine else []
    parts += [f"{machine['memory_gib']:g} GiB of memory"] if "memory_gib" in machine else []
    rest = {name: value for name, value in machine.items() if name not in known}
    return ", ".join([*parts, *([_words(rest)] if rest else [])])


def _words(table: Any) -> str:
    """Return names and their values, in one line."""
    if not isinstance(table, Mapping):
        return _value(table)
    return ", ".join(f"{str(name).replace('_', ' ')} {_value(value)}" for name, value in table.items())


def _value(value: Any) -> str:
    """Return a text as it is, and anything else as one would give it in a shell."""
    return value if isinstance(value, str) else json.dumps(value)


def _interval(score: TaskScore) -> str:
    return "-" if score.low is None or score.high is None else f"{score.low:.3f} to {score.high:.3f}"


def _checked(entrant: Entrant) -> str:
    found = entrant.verified
    return f"{found['cells']} cells fitted again, {found['date']}" if found else ""


def _table(title: str, heads: Sequence[str], lines: Sequence[str], above: Sequence[tuple[str, int]] = ()) -> str:
    """Return a table in a box that scrolls.

    Args:
        title: of it.
        heads: of the columns.
        lines: its rows.
        above: heads above these, each with the number of columns that it is of.
    """
    head = element("tr", "".join(element("th", escape(name), scope="col") for name in heads))
    if above:
        over = [
            element("th", escape(name), scope="colgroup", colspan=width) if name else element("td")
            for name, width in above
        ]
        head = element("tr", "".join(over)) + head
    drawn = table_element(head, element("tbody", "\n".join(lines)), element("caption", escape(title)))
    return _box(title, drawn)


def _box(title: str, content: str) -> str:
    """Return a box that scrolls where what it holds is too wide."""
    return element("div", content, class_="wide", tabindex=0, role="region", aria_label=title)


def _link(board: Board, row: Standing) -> str:
    return f"{escape(_name(board))}/{slug(row.model)}.html"
