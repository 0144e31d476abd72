"""The pages of leaderboards in a browser: readable by everybody, on a desktop and a phone, light and dark."""

from importlib import resources

import pytest

import benchsuite


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    benchsuite.leaderboard("demo.v1", site=folder)
    return folder


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
@pytest.mark.parametrize("name", ["index.html", "demo.v1.html", "demo.v1/ease.html"])
def test_axe_finds_nothing_serious(visit, site, name, scheme, width):
    page = visit(url=(site / name).as_uri(), width=width, scheme=scheme)
    page.evaluate(resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8"))
    found = page.evaluate("axe.run(document).then((result) => result.violations)")
    told = [
        (one["impact"], one["id"], [node["html"][:160] for node in one["nodes"][:3]])
        for one in found
        if one["impact"] in ("serious", "critical", "moderate")
    ]
    assert told == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_filters_hide_rows_of_a_kind(visit, site):
    page = visit(url=(site / "demo.v1.html").as_uri())
    row = page.locator("tr[data-kind='reads text']").first
    assert row.is_visible()
    page.locator("input[value='reads text']").uncheck()
    assert row.is_hidden()
    page.locator("input[value='reads text']").check()
    assert row.is_visible()
