"""The page as a file: self-contained, harmless, and with every digit in it before any script runs."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from benchsuite.data import Comparison, DatasetInfo, MetricInfo, ModelInfo, Row, SplitInfo
from benchsuite_reports.model.comparison_index import ComparisonIndex
from benchsuite_reports.model.sections import tables
from benchsuite_reports.model.verdict import verdicts
from benchsuite_reports.render.html import Html
from benchsuite_reports.render.html_data import payload


class Page(HTMLParser):
    """Reads tables, scripts and every attribute of the page."""

    def __init__(self):
        super().__init__()
        self.tables, self.tags, self.scripts, self.styles, self.policy = {}, [], [], [], ""
        self._figure, self._cell, self._skip, self._inside = None, None, 0, None

    def handle_starttag(self, tag, attrs):
        known = dict(attrs)
        self.tags.append((tag, known))
        if tag == "figure" and "data-kind" in known:
            self._figure = {"kind": known["data-kind"], "caption": "", "rows": []}
            self.tables[known["id"]] = self._figure
        elif tag == "tr" and self._figure is not None:
            self._figure["rows"].append([])
        elif tag in ("td", "th"):
            self._cell = [int(known.get("colspan", 1)), "", known.get("data-v"), known.get("class", "")]
        elif tag in ("sup", "abbr"):
            self._skip += 1
        elif tag == "h4" and "caption" in known.get("class", ""):
            self._inside = "caption"
        elif tag in ("script", "style"):
            self._inside = tag
        elif tag == "meta" and known.get("http-equiv"):
            self.policy = known["content"]

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self._figure["rows"][-1].append(self._cell)
            self._cell = None
        elif tag in ("sup", "abbr"):
            self._skip -= 1
        elif tag == "figure":
            self._figure = None
        elif tag in ("h4", "script", "style"):
            self._inside = None

    def handle_data(self, data):
        if self._inside == "script":
            self.scripts.append(data)
        elif self._inside == "style":
            self.styles.append(data)
        elif self._inside == "caption":
            self._figure["caption"] += data
        elif self._cell is not None and not self._skip:
            self._cell[1] += data


def read(comparison):
    page = Page()
    page.feed(Html().render(comparison)["report.html"].decode())
    page.close()
    return page


@pytest.fixture(scope="module")
def page(invented):
    return read(invented)


def places_of(comparison):
    return {f"{row.dataset}, {row.split_label}" for row in comparison.rows}


def test_every_digit_is_the_stores(invented, page):
    by_heading = {about.heading: about.label for about in invented.metrics}
    rows = {(f"{row.dataset}, {row.split_label}", row.model, row.metric): row for row in invented.rows}
    seen = set()
    for table in page.tables.values():
        if table["kind"] not in ("all", "ranking", "classification", "cost"):
            continue
        place = re.split(r" Simulated data", table["caption"].partition(": ")[2])[0]
        head = [cell[1].removesuffix(" ↓") for cell in table["rows"][0]]
        for cells in table["rows"][1:]:
            if len(cells) != len(head):
                continue
            for name, (_, text, value, _) in zip(head[1:], cells[1:], strict=True):
                if name not in by_heading:
                    continue
                row = rows[place, cells[0][1].strip(), by_heading[name]]
                if row.mean is None:
                    assert value is None
                    continue
                assert float(value) == row.mean
                number, _, margin = re.sub(r" [▲▼]", "", text).partition(" ±")
                digits = len(number.rstrip("%").partition(".")[2])
                scale = 100 if number.endswith("%") else 1
                assert float(number.rstrip("%").replace(",", "")) == float(f"{scale * row.mean:.{digits}f}")
                if row.ci_low is not None:
                    half = max(row.mean - row.ci_low, row.ci_high - row.mean)
                    assert float(margin) == float(f"{half:.{digits}f}")
                seen.add((place, row.model, row.metric))
    assert seen == {key for key, row in rows.items() if row.mean is not None}


def test_every_table_is_there_with_every_model(invented, page):
    expected = {f"t-{table.key}": sorted(line.model for line in table.lines()) for table in tables(invented)}
    found = {
        key: sorted(cells[0][1].strip() for cells in table["rows"][1:] if not cells[0][1].startswith("ceiling"))
        for key, table in page.tables.items()
    }
    assert found == expected


def test_simulated_data_says_so_in_every_table(page):
    for key, table in page.tables.items():
        assert ("Simulated data" in table["caption"]) == ("invented-real" not in key), key


def test_nothing_is_loaded_from_anywhere(page):
    for tag, attributes in page.tags:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base", "form"), tag
        for name, value in attributes.items():
            assert name not in ("src", "srcset", "action", "data", "poster", "background"), (tag, name)
            assert name != "style", (tag, value)
            if name == "href":
                assert value.startswith("#")
            assert not name.startswith("on"), (tag, name)
    assert not re.search(r"url\(|@import", "".join(page.styles))
    code = page.scripts[1]
    assert not re.search(
        r"\bfetch\(|XMLHttpRequest|innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", code
    )


def test_the_policy_allows_this_script_and_style_only(page):
    def digest(text):
        return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    assert page.policy.startswith("default-src 'none'")
    assert f"script-src '{digest(page.scripts[1])}'" in page.policy
    assert f"style-src '{digest(''.join(page.styles))}'" in page.policy


def test_data_of_the_script_are_the_comparisons(invented, page):
    data = json.loads(page.scripts[0])
    assert data == json.loads(json.dumps(payload(ComparisonIndex(invented))))
    metrics = [one["label"] for one in data["metrics"]]
    models = [one["label"] for one in data["models"]]
    assert models == [about.label for about in invented.models]
    for index, place in enumerate(data["places"]):
        for key, column in data["values"][index].items():
            for model, entry in zip(models, column, strict=True):
                row = invented.row(place["dataset"], place["base"], model, metrics[int(key)], place["group"])
                if row is None or row.mean is None:
                    assert not isinstance(entry, list)
                else:
                    assert entry[0] == pytest.approx(row.mean, rel=1e-6)


def test_names_do_no_harm(naughty):
    page = read(naughty)
    assert len(page.scripts) == 2
    assert {tag for tag, _ in page.tags} <= {
        "html", "head", "meta", "title", "style", "body", "a", "header", "div", "h1", "h2", "h3", "h4", "p", "button",
        "main", "ul", "li", "section", "label", "select", "input", "figure", "table", "thead", "tbody", "tr", "th",
        "td", "span", "bdi", "abbr", "sup", "small", "b", "u", "figcaption", "details", "summary", "dl", "dt", "dd",
        "pre", "noscript", "script", "article", "ol", "svg", "line", "circle", "fieldset", "legend",
        "option", "textarea",
    }  # fmt: skip
    shown = {cells[0][1].strip() for table in page.tables.values() for cells in table["rows"][1:]}
    assert shown == {about.label for about in naughty.models}
    assert "</script" not in page.scripts[0]


def test_titles_do_no_harm(page):
    titles = {text for one in json.loads(page.scripts[0])["people"] for text in one["texts"]}
    assert {"<script>alert(1)</script>", "</script><b>x</b>"} <= titles


def test_a_page_without_results(invent):
    page = read(invent(models=(), datasets=()))
    assert page.tables == {}


def test_chart_cards_triangles_and_tables_name_one_reference():
    """A reference that reads with a language model is one, too; costs have none."""
    values = {
        "popular": (0.9, 0.30), "content-tfidf": (0.335, 0.61), "als-content": (0.405, 0.58), "flm": (0.457, 0.64),
    }  # fmt: skip
    models = tuple(
        ModelInfo(name, name, uses_language_model=name in ("als-content", "flm"), is_candidate=name == "flm")
        for name in values
    )
    metrics = (
        MetricInfo("ndcg@10", "ndcg", title="nDCG@10"),
        MetricInfo("accuracy", "accuracy", task="classification"),
        MetricInfo("rmse", "rmse", task="rating", higher_is_better=False),
        MetricInfo("fit_seconds", "fit_seconds", task="cost", higher_is_better=False),
        MetricInfo("fallback_share", "fallback_share", task="cost", unit="share", higher_is_better=False),
    )
    rows = []
    for number, (name, (ndcg, accuracy)) in enumerate(values.items()):
        told = (ndcg, accuracy, 1 - accuracy, 1.0 + number, float(name == "popular"))
        rows += [
            Row("d", "item-cold", name, metric.label, value, None, None, 9, "ok")
            for metric, value in zip(metrics, told, strict=True)
        ]
    comparison = Comparison(
        "one", tuple(rows), (DatasetInfo("d", "d"),), (SplitInfo("item-cold", "item-cold"),), models, metrics
    )
    view = ComparisonIndex(comparison)
    (place,) = view.places
    data = payload(view)
    named = {data["metrics"][int(m)]["label"]: data["models"][i]["label"] for m, i in data["references"][0].items()}
    assert named == {"ndcg@10": "als-content", "accuracy": "content-tfidf", "rmse": "content-tfidf"}
    assert all(view.reference(place, metric) == model for metric, model in named.items())
    (card, *_) = verdicts(view)
    assert "the best reference is als-content with .405" in card.text
    assert "flm has 112.8% of the reference" in card.text
    assert "Did not compete: popular (mostly fallback)." in card.text
    notes = [note.text for table in tables(comparison) for note in table.notes]
    assert "100% is als-content, the best reference here." in notes
    script = read(comparison).scripts[1]
    assert "bestClassic" not in script
    assert ".lm &&" not in script
