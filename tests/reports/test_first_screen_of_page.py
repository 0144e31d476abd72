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
        assert not page.locator("#notes li").first.is_visible()


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
