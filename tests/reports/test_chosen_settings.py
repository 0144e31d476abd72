"""What the search chose is told by every form; nothing changes where nothing was searched."""

from __future__ import annotations

import dataclasses
import json

import pytest
from invented import build

from benchsuite.data import Comparison, Row, Trials
from benchsuite.registry import load_report
from benchsuite_reports.model import chosen_settings

FORMS = ("terminal", "markdown", "html", "paper", "json")


def tuned(values: dict[tuple[str, str], tuple[float, ...]]) -> Comparison:
    """Return an invented comparison in which the factors of als were searched, a fold for each value."""
    studies = [
        Trials(dataset, split, "als", 1, str(fold), "ndcg@10", {"trials": 2}, ("factors",),
               ({"factors": 64, "learning_rate": 0.05}, {"factors": value, "learning_rate": 0.05}),
               (0.1, 0.2), (1.0, 1.0), ("a", "b"), 1, ())
        for (dataset, split), several in values.items()
        for fold, value in enumerate(several)
    ]  # fmt: skip
    small = build(datasets=("invented-demo",), splits=("item-cold",))
    return dataclasses.replace(small, tuning=tuple(studies))


def rendered(form: str, given: Comparison) -> str:
    files = load_report(form)().render(given)
    return "\n".join(
        content.decode() for name, content in files.items() if name.endswith(("txt", "md", "html", "json", "tex"))
    )


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("form", FORMS)
def test_every_form_tells_what_was_chosen(form: str) -> None:
    text = rendered(form, tuned({("shop", "warm"): (1448.7,)}))
    assert "1448.7" in text


def test_ranges_places_and_defaults() -> None:
    given = tuned({("shop", "warm"): (16.0, 48.0), ("shop", "cold"): (1448.7,)})
    (line,) = chosen_settings.lines(given)
    assert line == (
        "als: factors = 16 to 48 on shop, warm, 1448.7 on shop, cold (chosen by search; default 64); "
        "learning_rate = 0.05 (not searched)"
    )


def test_a_run_without_a_search_tells_settings_as_before() -> None:
    given = dataclasses.replace(build(), tuning=())
    about = next(one for one in given.models if one.label == "als")
    assert chosen_settings.lines(given) == []
    assert chosen_settings.settings(given, about) == "factors = 64, learning_rate = 0.05"
    assert "chosen" not in json.loads(rendered("json", given))["models"][0]
    assert "chosen by search" not in rendered("markdown", given)


def test_cells_of_an_interrupted_run_say_so_under_every_split() -> None:
    given = build()
    splits = list(dict.fromkeys(row.split for row in given.rows))
    rows = tuple(
        Row(row.dataset, row.split, row.model, row.metric, None, None, None, 0, "missing", "not run yet", row.group)
        if row.model == "ease"
        else row
        for row in given.rows
    )
    text = rendered("terminal", dataclasses.replace(given, rows=rows, contrasts=()))
    assert len(splits) > 1
    table = text.partition("Overview")[2].partition("Overview")[0]
    (line,) = [line for line in table.splitlines() if line.startswith("ease")][:1]
    assert line.count("not run yet") >= len(splits), line
