"""The site is built strictly, links lead somewhere, and nothing is fetched when a page is read."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from make_site.assemble import INSERTS, build, filled, render, with_outputs
from make_site.desk import Desk
from make_site.places import REPOSITORY
from make_site.stage import copied, pages_of, rewritten
from support.shared import made_once

pytestmark = pytest.mark.process


def make(folder: Path) -> None:
    """Build the site without what examples print, which other tests run."""
    render(build(folder, None))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "site", make) / "site"


class Page(HTMLParser):
    """What a page points to, what it loads by itself, and where one can point to in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.anchors |= {value for name in ("id", "name") if (value := told.get(name))}
        if tag == "a" and told.get("href"):
            self.links.append(told["href"] or "")
        elif tag in {"script", "img", "iframe", "source"} and told.get("src"):
            self.loaded.append(told["src"] or "")
        elif tag == "link" and told.get("href") and told.get("rel") in {"stylesheet", "icon", "preload", "preconnect"}:
            self.loaded.append(told["href"] or "")


@pytest.fixture(scope="module")
def read(site: Path) -> dict[Path, Page]:
    return {path: Page(path.read_text("utf-8")) for path in site.rglob("*.html") if path.name != "404.html"}


@pytest.mark.slow
def test_every_link_leads_to_a_page_and_a_place_in_it(read, site):
    dead = []
    for path, page in read.items():
        for link in page.links:
            target, _, anchor = link.partition("#")
            if "://" in target or target.startswith("mailto:"):
                continue
            found = (path.parent / unquote(target)).resolve() if target else path
            if found not in read or (anchor and unquote(anchor) not in read[found].anchors):
                dead.append((path.relative_to(site).as_posix(), link))
    assert dead == []


@pytest.mark.slow
def test_a_page_loads_nothing_from_elsewhere(read, site):
    assert {one for page in read.values() for one in page.loaded if "://" in one or one.startswith("//")} == set()
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//|@import", style.read_text("utf-8")), style.name


def test_search_needs_no_server(site, browser):
    """Pages opened from a folder may fetch nothing and start no worker."""
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((site / "metrics" / "ndcg-at-k.html").as_uri())
    box = page.locator("input:focus")
    for _ in range(60):  # until the page listens to its keys
        page.keyboard.press("Control+k")
        page.wait_for_timeout(300)
        if box.count():
            break
    box.type("thinned")
    page.get_by_text(re.compile(r"[1-9]\d* results?")).first.wait_for(timeout=90_000)
    page.close()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


@pytest.mark.parametrize("width", [1400, 390])
def test_no_page_is_wider_than_the_screen(site, browser, width):
    """Wide tables and code scroll by themselves, on a phone, too."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    for name in ("index.html", "models.html", "metrics/ndcg-at-k.html", "models/item-knn.html", "splits.html"):
        page.goto((site / name).as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    page.close()


@pytest.mark.slow
def test_every_page_has_one_title(read):
    for path in read:
        assert len(re.findall(r"<h1\b", path.read_text("utf-8"))) == 1, path.name


@pytest.mark.slow
def test_every_page_is_reached_from_the_navigation(site, read):
    reached = {site / "index.html"}
    home = read[site / "index.html"]
    waiting = [(site / "index.html", home)]
    while waiting:
        path, page = waiting.pop()
        for link in page.links:
            found = (path.parent / link.partition("#")[0]).resolve()
            if found in read and found not in reached:
                reached.add(found)
                waiting.append((found, read[found]))
    assert set(read) - reached == set()


def test_links_out_of_the_site_become_names():
    pages = pages_of(REPOSITORY)
    text = "[a](../CONTRIBUTING.md) [b](glossary.md#data) [c](../benchmarks/data.py) `[e](f.md)`\n"
    told = rewritten(text, "docs/data.md", pages)
    assert told == "[a](contributing.md) [b](glossary.md#data) c (`benchmarks/data.py`) `[e](f.md)`\n"
    assert rewritten("[x](../docs/glossary.md)", "benchsuite/README.md", pages) == "[x](glossary.md)"


def test_a_file_stands_for_a_page_that_only_the_site_has():
    pages = pages_of(REPOSITORY)
    text = "[`edlae`](../plugins/benchsuite_classic/ease.py) [words](../benchsuite/api) [who](../README.md#who-leads)"
    told = rewritten(text, "docs/data.md", pages)
    assert told == "[`edlae`](models/edlae.md) [words](api/contracts.md) [who](leaderboard/index.html)"
    other = "[the file](../plugins/benchsuite_classic/ease.py)"
    assert rewritten(other, "docs/data.md", pages) == "the file (`plugins/benchsuite_classic/ease.py`)"
    assert "](../../models/edlae.md)" not in rewritten(text, "reports/published/README.md", pages)


def test_every_place_for_generated_text_is_filled():
    asked = {name for text in copied(REPOSITORY).values() for name in re.findall(r"<!-- generated: ([\w-]+) -->", text)}
    assert asked == set(INSERTS)
    assert "generated" not in filled("<!-- generated: experiment-keys -->\n<!-- not run: it is only a test -->\n")


def test_what_a_shown_example_prints_stands_below_it(tmp_path):
    page = "<!-- file: a.txt -->\n```text\n41\n```\n\n<!-- shown -->\n```python\n"
    page += "from pathlib import Path\n\nint(Path('a.txt').read_text()) + 1\n```\nEnd.\n"
    told = with_outputs(page, Desk(tmp_path))
    assert told.index("read_text") < told.index("``` { .text") < told.index("42") < told.index("End.")
