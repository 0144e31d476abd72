"""The page in a real browser: picking, sorting, filtering, keyboard, colours, small screens, accessibility."""

from __future__ import annotations

import re
from importlib import resources

import pytest
from invented import MODELS  # beside this file: tests are no package

from benchsuite_reports.model.series import joined
from benchsuite_reports.render.html import Html


def models_in(page, figure):
    return [name for name in page.locator(f"#{figure} tbody tr[data-i] th bdi").all_text_contents() if name]


def column(page, figure, index):
    cells = page.locator(f"#{figure} tbody:first-of-type tr[data-i]")
    values = [cells.nth(k).locator("td").nth(index).get_attribute("data-v") for k in range(cells.count())]
    return [float(value) for value in values if value is not None]


RANKING = "t-invented-real-random-holdout-ranking"


def test_only_the_chosen_place_is_shown(visit):
    page = visit()
    assert page.locator(f"#{RANKING}").is_visible()
    assert not page.locator("#t-invented-demo-item-cold-ranking").is_visible()
    page.select_option("#dataset", label="invented-demo (simulated)")
    page.select_option("#split", label="item-cold")
    assert page.locator("#t-invented-demo-item-cold-ranking").is_visible()
    assert not page.locator(f"#{RANKING}").is_visible()
    assert "invented-demo, item-cold (simulated): 10 of 10 models shown." in page.inner_text("#status")
    page.check("#all")
    assert page.locator(f"#{RANKING}").is_visible()


def test_the_cold_view_belongs_to_every_group(visit):
    page = visit()
    for split in ("user-cold", "user-cold/k=0", "user-cold/k=5"):
        page.select_option("#split", label=split)
        assert page.locator("#t-invented-real-user-cold-cold").is_visible()
        assert page.locator("#c-cold svg path").count() >= 8


def test_the_metric_drives_charts_and_marks_its_column(visit):
    page = visit()
    page.select_option("#metric", label="Recall@10")
    assert page.inner_text("#c-quality h3") == "Recall@10 of each model"
    assert "Higher is better; 95% intervals." in page.inner_text("#c-quality p >> nth=0")
    assert "Recall@10" in page.text_content(f"#{RANKING} thead th.on")
    page.select_option("#metric", label="Fit (s)")
    assert page.inner_text("#c-quality p >> nth=0").endswith("Lower is better."), "costs have no intervals"
    assert page.locator("#c-quality line.ref").count() == 0, "costs have no best reference"
    assert page.locator("#c-cost").count() == 0


def test_charts_say_what_the_store_says(visit, invented):
    page = visit()
    shown = page.locator("#c-quality svg text").all_text_contents()
    for row in invented.rows:
        if (row.dataset, row.split, row.metric) == ("invented-real", "random-holdout", "ndcg@10"):
            assert row.model in shown
            if row.mean is not None:
                assert any(text.startswith(f"{row.mean:.3f}".removeprefix("0") + " ±") for text in shown)
    assert "failed: out of memory" in shown


def test_sorting_by_click_and_back(visit):
    page = visit()
    first = models_in(page, RANKING)
    assert first[:3] == ["knn", "flm-frozen", "flm"], "a table is sorted by place"
    head = page.locator(f"#{RANKING} thead th").nth(1)
    head.locator("button").click()
    values = column(page, RANKING, 0)
    assert head.get_attribute("aria-sort") == "descending"
    assert values == sorted(values, reverse=True)
    assert models_in(page, RANKING)[-1] == "oracle", "a ceiling stays apart"
    head.locator("button").click()
    values = column(page, RANKING, 0)
    assert values == sorted(values)
    page.locator(f"#{RANKING} thead th").nth(0).locator("button").click()
    assert models_in(page, RANKING) == [name for name in MODELS if name in first]


def test_costs_put_the_smallest_on_top_first(visit):
    page = visit()
    figure = "t-invented-real-random-holdout-cost"
    values = column(page, figure, 0)
    assert values == sorted(values), "the first cost sorts the table at first"
    for head in (3, 2):
        page.focus(f"#{figure} thead th:nth-child({head}) button")
        page.keyboard.press("Enter")
    values = column(page, figure, 0)
    assert values == sorted(values)


def test_cells_without_a_value_stay_last(visit):
    page = visit(fragment="#d=invented-real&s=item-cold&m=ndcg%4010")
    figure = "t-invented-real-item-cold-ranking"
    for _ in range(2):
        page.locator(f"#{figure} thead th").nth(1).locator("button").click()
        assert set(models_in(page, figure)[-3:-1]) == {"svd", "knn"}


def test_filter_and_chips_take_models_out_everywhere(visit):
    page = visit()
    page.fill("#filter", "FLM")
    assert page.locator(f"#{RANKING} tr[data-i]:visible").count() == 2
    assert page.locator("#chips button:visible").count() == 2
    assert page.locator("#c-quality svg text", has_text="popular").count() == 0
    page.locator("#chips button", has_text="flm-frozen").click()
    assert page.locator(f"#{RANKING} tr[data-i]:visible").count() == 1
    assert "1 of 10 models shown." in page.inner_text("#status")
    page.fill("#filter", "")
    assert page.locator(f"#{RANKING} tr[data-i]:visible").count() == 9


def test_the_address_keeps_the_choice(visit):
    page = visit(fragment="#d=invented-demo&s=item-cold&m=auc")
    assert page.input_value("#dataset") == "invented-demo"
    assert page.inner_text("#c-quality h3") == "AUC of each model"
    page.select_option("#metric", label="F1")
    assert "m=f1" in page.url


def test_a_strange_address_is_ignored(visit):
    page = visit(fragment="#d=%3Cscript%3E&s=nowhere&m=__proto__")
    assert page.inner_text("#c-quality h3") == "nDCG@10 of each model"


def test_everything_works_from_the_keyboard(visit):
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.focus("#split")
    page.keyboard.press("ArrowDown")
    assert "invented-real, item-cold" in page.inner_text("#status")
    assert page.evaluate("document.activeElement.id") == "split"
    page.focus("#t-invented-real-item-cold-ranking thead th:nth-child(2) button")
    page.keyboard.press("Enter")
    head = page.locator("#t-invented-real-item-cold-ranking thead th").nth(1)
    assert head.get_attribute("aria-sort") == "descending"
    page.focus("#chips button >> nth=0")
    page.keyboard.press("Space")
    assert page.locator("#chips button").nth(0).get_attribute("aria-pressed") == "false"


def test_arrow_keys_read_a_chart_aloud(visit):
    page = visit(fragment="#d=invented-real&s=item-cold")
    page.focus("#c-quality [role=group]")
    page.keyboard.press("ArrowDown")
    assert re.fullmatch(
        r"flm: nDCG@10 \.273 ±\.016, better than the best reference", page.inner_text("#c-quality .readout")
    )
    page.keyboard.press("ArrowDown")
    assert page.inner_text("#c-quality .readout").startswith("flm-frozen: ")


def test_the_pointer_gets_a_tip(visit):
    page = visit()
    page.locator("#c-quality svg").scroll_into_view_if_needed()
    box = page.locator("#c-quality svg").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 14)
    assert page.locator("#tip").is_visible()
    assert "nDCG@10" in page.inner_text("#tip")


def test_light_and_dark(visit):
    def ground(page):
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    light, dark = visit(scheme="light"), visit(scheme="dark")
    assert ground(light) == "rgb(247, 247, 245)"
    assert ground(dark) == "rgb(16, 19, 23)"
    dark.click("#theme")
    assert ground(dark) == "rgb(247, 247, 245)"
    assert dark.inner_text("#theme") == "Dark"


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
@pytest.mark.parametrize("fragment", ["", "#d=invented-real&s=user-cold"])
def test_nothing_is_wider_than_the_screen(visit, width, fragment):
    page = visit(width=width, height=844, fragment=fragment)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for svg in page.locator(".chart svg").all():
        box = svg.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


def test_chart_text_can_be_read_on_a_phone(visit):
    page = visit(width=390, height=844, fragment="#d=invented-real&s=user-cold")
    sizes = page.evaluate(
        "[...document.querySelectorAll('.chart svg text')].map((node) => node.getBoundingClientRect().height)"
    )
    assert min(sizes) >= 10
    outside = page.evaluate(
        "[...document.querySelectorAll('.chart svg text')]"
        ".map((node) => [node.textContent, node.getBoundingClientRect()])"
        ".filter(([, box]) => box.left < 0 || box.right > innerWidth).map(([text]) => text)"
    )
    assert outside == []


def test_one_user_can_be_looked_at(visit, invented):
    page = visit()
    case = invented.per_user[0].shown[1]
    page.select_option("#user", label=case.user)
    lists = page.locator("#cases .case")
    assert lists.count() == 2 + len(case.lists)
    assert page.locator("#cases .case").nth(0).locator("li").all_inner_texts() == list(case.history)
    flm = page.locator("#cases .case", has=page.locator("h3", has_text=re.compile("^flm$")))
    assert [text.removesuffix(" ✓") for text in flm.locator("li").all_inner_texts()] == list(case.lists["flm"])
    hits = [title for title in case.lists["flm"] if title in case.truth]
    assert [text.removesuffix(" ✓") for text in flm.locator("li.right").all_inner_texts()] == hits
    assert page.evaluate("document.activeElement.id") == "user"


def test_differences_of_two_models_are_counted(visit, invented):
    page = visit()
    page.select_option("#pair-a", label="als")
    page.select_option("#pair-b", label="ease")
    values = invented.per_user[0].values
    gaps = [a - b for a, b in zip(values["als"], values["ease"], strict=True)]
    note = page.text_content("#c-gaps svg text >> nth=-1")
    assert note.startswith(f"mean {sum(gaps) / len(gaps):+.3f}")
    assert page.inner_text("#c-gaps p >> nth=0").startswith(
        "nDCG@10 of als minus ease, invented-real, random-holdout, 200"
    )


def test_tuning_and_ranks_are_drawn_where_they_belong(visit):
    page = visit()
    assert page.locator("#c-tuning svg path").count() == 3
    assert page.locator("#c-ranks-0").count() == 1
    page.select_option("#split", label="item-cold")
    assert page.locator("#c-tuning").count() == 0
    assert page.locator("#c-ranks-0").count() == 0


def test_bars_join_what_the_test_does_not_separate(visit, invented):
    page = visit()
    ranks = invented.standings[0].ranks
    runs = joined(invented.standings[0])
    bars = page.locator("#c-ranks-0 line.joined")
    assert bars.count() == len(runs) > 1
    first = [float(bars.nth(k).get_attribute("y1")) // 24 for k in range(len(runs))]
    assert first == [start for start, _ in runs]
    assert page.locator("#c-ranks-0 svg text").all_text_contents()[-1] == f"{ranks[-1]:.2f}"
    page.select_option("#metric", label="AUC")
    assert page.locator("#c-ranks-0").count() == 1, (
        "where the chosen metric has no ranks, the first that has some is shown"
    )


def test_parts_of_a_test_can_be_picked(visit, invented):
    page = visit()
    assert page.inner_text("#c-parts h3") == "Parts of the test: item popularity"
    assert page.locator("#family option").all_text_contents() == ["item popularity", "user activity"]
    page.select_option("#family", label="user activity")
    assert page.evaluate("document.activeElement.id") == "family"
    shown = page.locator("#c-parts svg text").all_text_contents()
    assert {"all", "short", "long"} <= set(shown)
    page.focus("#c-parts [role=group]")
    said = []
    for _ in range(3):
        page.keyboard.press("ArrowDown")
        said.append(page.inner_text("#c-parts .readout"))
    row = next(row for row in invented.strata[2].rows if (row.model, row.metric) == ("random", "ndcg@10"))
    assert said[1].startswith(f"random, short: nDCG@10 {row.mean:.3f}".replace(" 0.", " ."))
    page.select_option("#metric", label="AUC")
    assert page.inner_text("#c-parts p >> nth=0").startswith("AUC on invented-real, random-holdout")
    page.select_option("#metric", label="MAP@10")
    assert page.inner_text("#c-parts p >> nth=0").startswith("nDCG@10 on invented-real, random-holdout")
    page.select_option("#split", label="item-cold")
    assert page.locator("#c-parts").count() == 0


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 1280)])
def test_axe_finds_nothing_serious(visit, scheme, width):
    page = visit(width=width, scheme=scheme, fragment="#d=invented-real&s=random-holdout")
    page.evaluate("for (const node of document.querySelectorAll('details')) node.open = true")
    axe = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    page.evaluate(axe)
    found = page.evaluate("axe.run(document).then((result) => result.violations)")
    told = [
        (one["impact"], one["id"], [node["html"][:160] for node in one["nodes"][:3]])
        for one in found
        if one["impact"] in ("serious", "critical", "moderate")
    ]
    assert told == []


def test_without_script_every_table_is_there(visit):
    page = visit(java_script_enabled=False)
    assert page.locator("figure.table:visible").count() == page.locator("figure.table").count() > 20
    assert page.locator("#explore").is_hidden()


def test_naughty_names_are_shown_and_run_nothing(visit, naughty, tmp_path):
    path = tmp_path / "naughty.html"
    path.write_bytes(Html().render(naughty)["report.html"])
    page = visit(url=path.as_uri())
    page.on("dialog", lambda dialog: pytest.fail(f"a name ran: {dialog.message}"))
    labels = [about.label for about in naughty.models]
    assert page.locator("#chips button span:last-child").all_text_contents() == labels
    for index in range(page.locator("#split option").count()):
        page.select_option("#split", index=index)
    assert page.locator("script").count() == 2
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
