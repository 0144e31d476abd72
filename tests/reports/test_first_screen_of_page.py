"""The first screen of the page and its print: who leads and how sure that is, with nothing clipped."""

from __future__ import annotations


def test_the_first_screen_says_who_leads_and_whether_that_is_sure(visit):
    for width in (1400, 390):
        page = visit(width=width, height=900)
        card = page.locator("#says .card").nth(0)
        for part, words in ((".big", ".334"), (".who bdi", "knn"), (".how", "Not sure: not separated from flm-frozen")):
            shown = card.locator(part)
            assert shown.inner_text() == words
            box = shown.bounding_box()
            assert box["y"] + box["height"] < 900
        assert card.locator(".mini li").count() == 5
        assert card.locator(".mini").is_visible() == (width > 640), "of many places, a phone shows first who leads each"
        assert not page.locator("#notes li").first.is_visible()


def test_tables_are_read_on_a_phone_without_scrolling_sideways(visit):
    page = visit(width=390, height=844)
    page.check("#all")
    found = page.evaluate(
        "[...document.querySelectorAll('figure.table')].map((one) => {"
        " const table = one.querySelector('.scroll');"
        " return [one.id, one.querySelectorAll('thead th').length, table.scrollWidth - table.clientWidth]; })"
    )
    assert {count for _, count, _ in found} >= {4, 5, 8}, "few columns and many"
    assert [one for one in found if one[2] > 0] == []
    assert page.locator("#says .card").first.bounding_box()["y"] < page.locator("#tables").bounding_box()["y"]
    cell = page.locator("#t-overview td[data-h]").first
    heading = cell.evaluate("(node) => getComputedStyle(node, '::before').content")
    assert heading.strip('"') == page.locator("#t-overview thead th").nth(1).inner_text().strip()


def test_nothing_is_clipped_in_print(visit):
    page = visit(width=703, height=994)  # an A4 sheet within its margins, 96 dots per inch
    page.emulate_media(media="print")
    wide = page.evaluate(
        "[...document.querySelectorAll('figure.table:not(.wide) table, .card, .says')]"
        ".filter((node) => node.getBoundingClientRect().right > innerWidth + 1).map((node) => node.textContent)"
    )
    assert wide == []
    page.set_viewport_size({"width": 1032, "height": 703})
    assert page.evaluate("document.documentElement.scrollWidth") <= 1032
