"""Every table of every format is read back, cell by cell, and each digit compared with the comparison's own values.

What is expected is worked out here from the rows and contrasts alone, not from the tables of the reports.
"""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from benchsuite_reports.render.html import Html
from benchsuite_reports.render.latex import Latex
from benchsuite_reports.render.markdown import Markdown
from benchsuite_reports.render.paper import Paper

_PLAIN = {"html": "h4", "markdown": "strong"}


class Read(HTMLParser):
    """Collects (title, rows) of tables: texts without footnote letters, marks kept as ``*`` and ``_``."""

    def __init__(self, title):
        super().__init__()
        self.tables, self._tag, self._title, self._cell, self._skip = [], title, "", None, 0
        self._said = False

    def handle_starttag(self, tag, attrs):
        if tag == self._tag and self._cell is None:
            self._title, self._said = "", True
        elif tag == "table":
            self.tables.append((self._title.strip(), []))
        elif tag == "tr":
            self.tables[-1][1].append([])
        elif tag in ("td", "th"):
            self._cell, self._wide = "", int(dict(attrs).get("colspan", 1))
        elif tag in ("sup", "abbr"):
            self._skip += 1
        elif self._cell is not None and tag in ("b", "strong"):
            self._cell += "*"
        elif self._cell is not None and tag in ("u", "ins"):
            self._cell += "_"
        elif tag == "span" and self._said:
            self._said = False

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.tables[-1][1][-1].append((re.sub(r"[ ↓]+$", "", self._cell.strip()), self._wide))
            self._cell = None
        elif tag in ("sup", "abbr"):
            self._skip -= 1
        elif tag == self._tag and self._cell is None:
            self._said = False

    def handle_data(self, data):
        if self._skip:
            return
        if self._cell is not None:
            self._cell += data
        elif self._said:
            self._title += data


def spread(rows):
    """Return rows of texts; what spans several columns stands in each of them."""
    wide = len(rows[0])
    found = []
    for row in rows:
        texts = [text for text, times in row for _ in range(times)]
        if len(texts) == wide and not all(text == texts[0] for text in texts):
            found.append(texts)
    return found


def from_html(comparison):
    page = Read("h4")
    page.feed(Html().render(comparison)["report.html"].decode())
    return [(title, spread(rows)) for title, rows in page.tables]


def from_markdown(comparison):
    text = Markdown().render(comparison)["results.md"].decode()
    page = Read("strong")
    page.feed(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))
    return [(title, spread([[(cell.removesuffix(" (ceiling)"), n) for cell, n in row] for row in rows]))
            for title, rows in page.tables]  # fmt: skip


def _untex(text):
    text = text.replace("\\allowbreak{}", "").replace("-{}", "-")
    text = re.sub(r"\\textsuperscript\{[^}]*\}", "", text)
    text = re.sub(r"\\shortstack\[r\]\{(.*) \\\\ (.*)\}", r"\1 \2", text)
    text = text.replace("{\\scriptsize$\\pm$}", " ±").replace("\\,$\\downarrow$", "").replace("\\textless{}", "<")
    text = text.replace("$^{+}$", " ▲").replace("$^{-}$", " ▼").replace("$-$", "-").replace("--", "\N{EN DASH}")
    text = re.sub(r"\{\\scriptsize ([^}]*)\}", r"\1", text)
    text = re.sub(r"\\textbf\{([^}]*)\}", r"*\1", text)
    text = re.sub(r"\\underline\{([^}]*)\}", r"_\1", text)
    text = re.sub(r"\\emph\{([^}]*)\}", r"\1", text)
    return text.replace("\\,", "").replace("\\%", "%").replace("\\_", "_").strip()


def _tex_tables(text):
    for fragment in text.split("\\begin{table}")[1:]:
        title = _untex(re.search(r"\\caption\{(.*)\}\n", fragment)[1])
        title = re.sub(r"\.$", "", re.split(r"\. ", title + " ")[0].strip())
        body = fragment.split("\\toprule")[1].split("\\bottomrule")[0]
        rows = []
        for line in body.strip().split("\n"):
            cells = re.split(r"(?<!\\) & ", line.strip().removesuffix(" \\\\"))
            wide = re.search(r"\\multicolumn\{(\d+)\}\{[^}]*\}+\{(.*)\}$", cells[-1])
            cells = [*cells[:-1], *([wide[2]] * int(wide[1]))] if wide else cells
            if "\\midrule" not in cells[0] and len(cells) > 1:
                rows.append([_untex(cell) for cell in cells])
        yield re.sub(r" \(\d+ of \d+\)$", "", title), [row for row in rows if len(row) == len(rows[0])]


def from_latex(comparison):
    return list(_tex_tables(Latex().render(comparison)["results.tex"].decode()))


def from_paper(comparison):
    files = Paper().render(comparison)
    found = [one for name, text in files.items() if name.startswith("tables/") for one in _tex_tables(text.decode())]
    # the overview with columns in groups has tests of its own, and settings are words
    return [(title, rows) for title, rows in found if title not in {"nDCG@10", "Models and their settings"}]


NUMBER = re.compile(
    r"^[*_]*(?P<number>[+-]?[\d,]*\.?\d+)(?P<percent>%?)[*_]*(?: ?±(?P<margin><?\d*\.?\d+))?(?: [▲▼])?$"
)


class Expected:
    """Says what must stand in a cell, from a table's title, the model and the column's heading."""

    def __init__(self, comparison):
        self.rows = {(row.dataset, row.split_label, row.model, row.metric): row for row in comparison.rows}
        self.rows |= {(r.dataset, r.split_label, r.model, r.metric): r for one in comparison.strata for r in one.rows}
        self.names = {about.heading: about.label for about in comparison.metrics}
        self.contrasts = {(c.dataset, c.split_label, c.model, c.metric): c for c in comparison.contrasts}
        self.models = {about.label: about for about in comparison.models}
        self.standings = {(one.split, one.metric): one for one in comparison.standings}
        self.place = {f"{row.dataset}, {row.split_label}": (row.dataset, row.split_label) for row in comparison.rows}

    def value(self, title, model, column, before):  # noqa: C901, PLR0911 - one return for each kind of table
        """Return ("row", row) or ("value", float), or None where there must be no number."""
        head, _, tail = title.partition(": ")
        if tail.startswith("difference from the best reference"):
            return self._against(*self.place[column], model, self.names[head], "difference")
        if head == "Overview":
            return self._row(*self.place[column], model, self.names[tail])
        if head == "Warm against cold":
            metric, dataset = tail.split(", ", 1)
            if column == "rank":
                return self._rank(dataset, before, model, self.names[metric])
            return self._row(dataset, column, model, self.names[metric])
        if head.endswith(", warm and cold"):
            dataset, split = self.place[tail]
            metric = self.names[head.removesuffix(", warm and cold")]
            return self._row(dataset, split if column == "all" else f"{split}/{column}", model, metric)
        metric = self.names.get(head.split(" by ")[0].split(" against ")[0])
        if " by data set" in head:
            if column == "mean rank":
                one = self.standings[tail, metric]
                return ("value", one.ranks[one.models.index(model)]) if model in one.models else None
            return self._row(column, tail, model, metric)
        if " by " in head:
            dataset, split = self.place[tail]
            return self._row(dataset, split if column == "all" else f"{split}/{column}", model, metric)
        dataset, split = self.place[tail]
        if " against " in head:
            return self._against(dataset, split, model, metric, column)
        if column == "% of best reference":
            return self._share(dataset, split, model, self.names[before])
        if column == "rank":
            return self._rank(dataset, split, model, "ndcg@10")
        return self._row(dataset, split, model, self.names[column])

    def _row(self, dataset, split, model, metric):
        row = self.rows.get((dataset, split, model, metric))
        return None if row is None or row.mean is None else ("row", row)

    def _competing(self, dataset, split, metric):
        found = {m: self._row(dataset, split, m, metric) for m, info in self.models.items() if not info.is_oracle}
        return {m: one[1] for m, one in found.items() if one}

    def _rank(self, dataset, split, model, metric):
        shown = self._competing(dataset, split, metric)
        if model not in shown:
            return None
        # As many decimals as the table shows decide what is equal; all values here differ in the third.
        return "value", 1 + sum(round(row.mean, 3) > round(shown[model].mean, 3) for row in shown.values())

    def _share(self, dataset, split, model, metric):
        row = self._row(dataset, split, model, metric)
        references = [one.mean for m, one in self._competing(dataset, split, metric).items()
                    if not self.models[m].is_candidate]  # fmt: skip
        return ("value", row[1].mean / max(references)) if row and references else None

    def _against(self, dataset, split, model, metric, column):
        one = self.contrasts.get((dataset, split, model, metric))
        if one is None or self.models[model].is_oracle:
            return None
        return {
            "difference": ("interval", one.difference, one.ci_low, one.ci_high),
            "effect size": ("interval", one.effect, one.effect_low, one.effect_high),
            "p (Holm)": ("p", one.p_holm),
            "users +/=/-": ("words", f"{one.wins}/{one.ties}/{one.losses}"),
        }[column]


def same(text, wanted):
    """Check that a cell's text is the wanted value under the stated rounding; return its decimals where they count."""
    kind, *value = wanted
    if kind == "words":
        assert text == value[0]
        return None
    if kind == "p":
        assert text == ("<.001" if value[0] < 0.0005 else f"{value[0]:.3f}".removeprefix("0"))
        return None
    match = NUMBER.match(text)
    assert match, (text, wanted)
    number = match["number"].replace(",", "")
    digits = len(number.partition(".")[2])
    mean, low, high = (value[0].mean, value[0].ci_low, value[0].ci_high) if kind == "row" else [*value, None, None][:3]
    scale = 100 if match["percent"] else 1
    assert float(number) == float(f"{scale * mean:.{digits}f}"), (text, wanted)
    assert (match["margin"] is None) == (low is None), (text, wanted)
    if low is not None:
        half = max(mean - low, high - mean)
        assert float(match["margin"]) == float(f"{half:.{digits}f}"), (text, wanted)
    return None if match["percent"] else digits


@pytest.fixture(scope="module")
def invented(invent):
    """The invented comparison with parts of warm and cold items and users too."""
    plain = invent()
    parts = [
        _renamed(one, family, name)
        for family, names in {
            "item novelty": ("warm items", "cold items"),
            "user novelty": ("warm users", "cold users"),
        }.items()
        for one, name in zip([one for one in plain.strata if one.family == "user activity"], names * 9, strict=False)
    ]
    return dataclasses.replace(plain, strata=(*parts, *plain.strata))


def _renamed(one, family, name):
    step = 0.01 * len(name + family)  # other numbers than the part it is made of
    rows = tuple(
        dataclasses.replace(
            row,
            group=name,
            mean=row.mean + step,
            ci_low=row.ci_low + step,
            ci_high=row.ci_high + step,
        )
        if row.mean is not None and row.ci_low is not None and row.ci_high is not None
        else dataclasses.replace(row, group=name)
        for row in one.rows
    )
    return dataclasses.replace(one, family=family, name=name, rows=rows)


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("read", [from_html, from_markdown, from_latex, from_paper], ids=lambda read: read.__name__)
def test_every_cell_of_every_table_is_the_comparisons(read, invented):
    expected = Expected(invented)
    decimals = defaultdict(set)
    seen, kinds = set(), set()
    tables = read(invented)
    assert any(title.startswith("nDCG@10, warm and cold") for title, _ in tables)
    for title, (head, *body) in tables:
        for cells in body:
            model = cells[0]
            assert model in expected.models, (title, model)
            for index, (column, text) in enumerate(zip(head[1:], cells[1:], strict=True), start=1):
                wanted = expected.value(title, model, column, head[index - 1])
                if wanted is None:
                    assert not NUMBER.match(text), (title, model, column, text)
                    assert text, (title, model, column)
                    continue
                digits = same(text, wanted)
                if digits is not None:
                    decimals[title, column, index].add(digits)
                kinds.add(wanted[0])
                if wanted[0] == "row":
                    seen.add(id(wanted[1]))
    assert all(len(several) == 1 for several in decimals.values()), "a column keeps its decimals"
    assert kinds == {"row", "value", "interval", "p", "words"}
    main = {row.mean for one in invented.strata for row in one.rows if row.metric == "ndcg@10" and row.mean is not None}
    assert {row.mean for row in invented.rows if row.mean is not None} | main <= {
        row.mean for row in expected.rows.values() if id(row) in seen
    }


@pytest.mark.parametrize(
    "text", [".335 ±.019", ".334 ±.018", ".334", ".33 ±.019", "-.334 ±.019", "\N{EN DASH}", ".3340 ±.0190"]
)
def test_a_wrong_digit_is_noticed(text):
    assert same(".334 ±.019 ▼", ("interval", 0.3342, 0.3153, 0.3501)) == 3
    with pytest.raises(AssertionError):
        same(text, ("interval", 0.3342, 0.3153, 0.3501))
