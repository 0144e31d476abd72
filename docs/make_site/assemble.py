"""Puts the site together: hand-written pages, generated ones, what examples print, and the configuration."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import yaml

from benchsuite.errors import DataError
from make_site import interface_pages, metric_pages, model_pages, reference, result_picture, split_pages
from make_site.blocks import Block, blocks_of
from make_site.desk import Desk
from make_site.held import PLACE
from make_site.markdown import output, stacked
from make_site.places import REPOSITORY
from make_site.plugin_pages import entries, slug
from make_site.stage import copied, write

RESULTS = REPOSITORY / "reports" / "results"
MAIN_JOB = REPOSITORY / "reports" / "published" / "quick"
_MARK = re.compile(r"^<!-- (?:shown|needed|not run: .*) -->\n", re.MULTILINE)
_FILE = re.compile(r"^<!-- file: (.*) -->\n```(\w+)", re.MULTILINE)
_STACKED = re.compile(r"^<!-- stacked -->\n\|(.*)\|\n\|[-|: ]+\|\n((?:\|.*\n)+)", re.MULTILINE)
"""A table of words, whose rows become blocks on a phone."""

_BAR = re.compile(r"(?<!\\)\|")

FIRST_PAGE = "five-minutes.md"
"""Where the experiment that all pages share is run."""

_WIDE = {"index.md", "metrics.md", "models.md", "data-sets.md"}
"""Pages with cards or wide tables, which need the place of the contents beside them."""

_HIDE = "---\nhide:\n  - toc\n---\n\n"
_SHIM = "https://unpkg.com/iframe-worker/shim"
"""What the theme loads so that the search works without a server."""

INSERTS: dict[str, Callable[[], str]] = {
    "data-sets": reference.data_sets,
    "experiment-keys": reference.experiment_keys,
    "split-table": split_pages.overview,
    "splits": split_pages.sections,
    "metrics": metric_pages.overview,
    "models": lambda: model_pages.overview(RESULTS),
    "result-numbers": lambda: result_picture.numbers(MAIN_JOB),
    "result-picture": lambda: result_picture.picture(MAIN_JOB),
    "template-metric": lambda: reference.template("metric"),
    "template-model": lambda: reference.template("model"),
    "template-report": lambda: reference.template("report"),
    "template-source": lambda: reference.template("source"),
    "template-split": lambda: reference.template("split"),
}
"""What stands in a hand-written page where ``<!-- generated: NAME -->`` stands."""


def generated() -> dict[str, str]:
    """Return the text of every page that is made from the code, by its path in the site."""
    pages = {f"models/{slug(name)}.md": model_pages.page(name, RESULTS) for name in entries("models")}
    pages |= {f"metrics/{slug(name)}.md": metric_pages.page(name) for name in metric_pages.examples()}
    pages |= {"verbs.md": reference.verbs(), "reports.md": reference.reports()}
    return pages | {"cite.md": reference.cite(REPOSITORY)} | interface_pages.api_pages()


def pages(desk: Desk | None) -> dict[str, str]:
    """Return the text of all pages, what their examples print included.

    Args:
        desk: where examples are run; without one, what they print is left out.

    Raises:
        ExampleError: when a shown example fails.
    """
    texts = copied(REPOSITORY)
    told = {name: filled(with_outputs(texts[name], desk) if desk else texts[name]) for name in in_order(texts)}
    return {name: _HIDE * (name in _WIDE) + text for name, text in told.items()} | generated()


def in_order(names: Iterable[str]) -> list[str]:
    """Return the pages in the order in which their examples are run: the first shows what a first run prints."""
    return sorted(names, key=lambda name: name != FIRST_PAGE)


def filled(text: str) -> str:
    """Return a page with its generated parts in their places, and without the marks of its blocks."""
    named = _STACKED.sub(_table, _FILE.sub(r'```\2 title="\1"', text))
    return _MARK.sub("", PLACE.sub(lambda match: INSERTS[match[1]](), named))


def _table(match: re.Match[str]) -> str:
    head, *rows = ([cell.strip().replace(r"\|", "|") for cell in _BAR.split(line)] for line in _lines(match))
    return stacked(head, rows)


def _lines(match: re.Match[str]) -> list[str]:
    """Return the heads and the rows of a table, without the bars at their ends."""
    return [match[1], *(line.removeprefix("|").rstrip().removesuffix("|") for line in match[2].splitlines())]


def _on_site(printed: str, _: Sequence[Block]) -> str:
    return f"\n{output(printed)}"


def with_outputs(text: str, desk: Desk, show: Callable[[str, Sequence[Block]], str] = _on_site) -> str:
    """Return a page with what its shown blocks print below them; files that they need are written first.

    Args:
        text: the page, without what it holds.
        desk: where the blocks are run.
        show: makes the part of the page of what was printed, and of what was run until then.
    """
    desk.names.clear()
    parts, place = [], 0
    shown = [block for block in blocks_of(text) if block.mark in {"shown", "needed", "file"}]
    for number, block in enumerate(shown if any(block.mark == "shown" for block in shown) else [], 1):
        printed = desk.run(block)
        parts.append(text[place : block.end])
        if block.mark == "shown" and printed.strip():
            parts.append(show(printed, shown[:number]))
        place = block.end
    return "".join(parts) + text[place:]


def build(folder: Path, desk: Desk | None) -> Path:
    """Write pages and configuration into a folder, and return the path of the configuration.

    Args:
        folder: what earlier builds left there is replaced.
        desk: as for :func:`pages`.
    """
    import benchsuite

    write(pages(desk), folder / "pages")
    found = benchsuite.leaderboard("all", site=folder / "pages" / "leaderboard")
    if not found.ok:
        raise DataError(
            "a row of a leaderboard is damaged", where=str(RESULTS), remedy="benchsuite leaderboard names it"
        )
    assets = Path(__file__).with_name("assets")
    shutil.copytree(assets, folder / "pages" / "assets", dirs_exist_ok=True)
    settings = yaml.safe_load((REPOSITORY / "docs" / "mkdocs.yml").read_text("utf-8"))
    settings["nav"] = [_expanded(one) for one in settings["nav"]]
    path = folder / "mkdocs.yml"
    path.write_text(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True), "utf-8")
    return path


def render(settings: Path) -> None:
    """Make the site of pages and configuration, strictly: a warning, such as a dead link, is an error.

    Args:
        settings: what :func:`build` returned; the site is made in the folder ``site`` beside it.

    Raises:
        CalledProcessError: when something is wrong with a page; what is printed says where.
    """
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean", "--config-file", str(settings)]
    subprocess.run(command, cwd=settings.parent, check=True)  # noqa: S603 - our own words
    settle(settings.parent / "site")


def settle(site: Path) -> None:
    """Let the pages load a script of ours where the theme would load one from a server.

    Args:
        site: the folder of the site.
    """
    for path in site.rglob("*.html"):
        root = "../" * len(path.relative_to(site).parents[:-1])
        text = path.read_text("utf-8")
        path.write_text(text.replace(_SHIM, f"{root}assets/worker.js"), "utf-8")


def _expanded(part: object) -> object:
    """Return a part of the navigation with ``models/*`` and ``metrics/*`` replaced by their pages."""
    if isinstance(part, dict):
        return {title: _expanded(inner) for title, inner in part.items()}
    if isinstance(part, list):
        return [one for inner in part for one in _several(inner)]
    return part


def _several(part: object) -> list[object]:
    if part == "models/*":
        return [{name: f"models/{slug(name)}.md"} for name in entries("models")]
    if part == "metrics/*":
        return [{name: f"metrics/{slug(name)}.md"} for name in metric_pages.examples()]
    return [_expanded(part)]
