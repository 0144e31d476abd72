"""The largest page that must open at once does, and still answers."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchsuite_reports.render.html import Html

sys.path.insert(0, str(Path(__file__).parent))
from large import DATASETS, MODELS, USERS, large  # beside this file: tests are no package

SECONDS = 2.0


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    path = tmp_path_factory.mktemp("large") / "report.html"
    path.write_bytes(Html().render(large())["report.html"])
    return path.as_uri()


@pytest.mark.slow
def test_a_large_page_opens_at_once(browser, address, capsys):
    """The processor time of the page's main thread is bounded: unlike wall time, other programs do not change it."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(address)
    page.wait_for_function("performance.getEntriesByType('navigation')[0].loadEventEnd > 0")
    data = json.loads(page.text_content("#data"))
    assert sum(len(values) for one in data["people"] for values in one["values"].values()) == MODELS * DATASETS * USERS
    assert (len(data["models"]), len(data["metrics"]), len(data["people"])) == (MODELS, 30, DATASETS)
    assert page.locator("#charts figure").count() >= 3
    busy = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}["TaskDuration"]
    loaded = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd") / 1000
    with capsys.disabled():
        print(f"\nlarge page: loaded after {loaded:.2f} s of wall time, {busy:.2f} s of the main thread's own time")
    assert busy < SECONDS
    page.select_option("#dataset", label="data-7")
    page.select_option("#metric", label="F1@20")
    assert page.inner_text("#c-quality h3") == "F1@20 of each model"
    assert page.locator("#t-data-7-split-0-ranking").is_visible()
    page.close()
