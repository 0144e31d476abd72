"""Invented comparisons and one place for compiled papers, each made once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from benchsuite.data import Comparison

sys.path.insert(0, str(Path(__file__).parent))
from invented import NAUGHTY, build  # beside this file: tests are no package
from papers import Compiled, compile_once

Build = Callable[..., Comparison]
Compile = Callable[[Mapping[str, bytes], Sequence[Sequence[str]]], Compiled]

_MARKS = {"browser": "browser", "compiled": "latex"}
"""What a test is, by the fixture that it asks for; both kinds are slow."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they ask for, so that no mark is forgotten."""
    for item in items:
        for fixture, mark in _MARKS.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(mark)
                item.add_marker("slow")


@pytest.fixture(scope="session")
def compiled(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Compile:
    """Compile each distinct source once: all workers share a folder, and so does the next run."""
    cache = getattr(pytestconfig, "cache", None)
    workers = hasattr(pytestconfig, "workerinput")
    base = tmp_path_factory.getbasetemp()
    folder = cache.mkdir("papers") if cache is not None else (base.parent if workers else base) / "papers"

    def compile_(files: Mapping[str, bytes], commands: Sequence[Sequence[str]]) -> Compiled:
        return compile_once(folder, files, commands)

    return compile_


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the figures of a paper empty: most of its time goes into them, and what is said here stands in its text."""
    from benchsuite_reports.figures import mpl_style

    monkeypatch.setattr(mpl_style, "write", lambda _figure, _form: b"%PDF-")


@pytest.fixture(scope="session")
def invent() -> Build:
    return build


@pytest.fixture(scope="session")
def invented() -> Comparison:
    return build()


@pytest.fixture(scope="session")
def naughty() -> Comparison:
    models = (
        NAUGHTY,
        "=1+1",
        "@SUM(A1)",
        "<script>alert(1)</script>",
        "\u540d\u5b57",
        "\u05e9\u05dc\u05d5\u05dd",
        "fl\xf6m",
    )
    return build(
        models=models,
        metrics=("ndcg@10", "recall@10", "fit_seconds"),
        datasets=(f"data {NAUGHTY}", "invented-demo"),
        splits=("random_holdout|x", "=cmd"),
    )


@pytest.fixture(scope="module")
def address(invented: Comparison, tmp_path_factory: pytest.TempPathFactory) -> str:
    from benchsuite_reports.render.html import Html

    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_bytes(Html().render(invented)["report.html"])
    return path.as_uri()


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Callable[..., Any]]:
    """Open the page; every error in it, and every request beyond the file, fails the test."""
    opened: list[Any] = []
    faults: list[str] = []

    def go(
        width: int = 1280,
        height: int = 900,
        scheme: str = "light",
        fragment: str = "",
        url: str | None = None,
        **settings: Any,
    ) -> Any:
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme, **settings)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None
        )
        page.on("request", lambda request: None if request.url.startswith("file:") else faults.append(request.url))
        page.goto((url or address) + fragment)
        opened.append(page)
        return page

    yield go
    for page in opened:
        page.close()
    assert faults == []
