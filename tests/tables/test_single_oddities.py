"""A plain table with one thing that is not plain: a clear one is read right, any other right or not at all."""

from __future__ import annotations

from random import Random

import pytest

from support.messy_cells import EXTRA_NAMES, IDS, RATING_NAMES, TIMES, VALUE_NAMES, VALUES
from support.messy_content import FOREIGN, USUAL, content_of
from support.messy_text import HEADERS, ODDITIES, write_text
from support.table_verdicts import judge

PLAIN = {"user": "words", "item": "ints", "value": "ratings", "time": "s", "extra": "none"}
NAMES = {"user": "user_id", "item": "item_id", "value": "rating", "time": "timestamp"}
CELLS = [
    *(("user", kind) for kind in (*IDS, "latin")),
    *(("item", kind) for kind in (*IDS, "latin")),
    *(("value", kind) for kind in ("none", *VALUES)),
    *(("time", kind) for kind in ("none", *TIMES)),
    *(("extra", kind) for kind in EXTRA_NAMES),
]
WRITTEN = [
    *(("separator", one) for one in (",", ";", "\t", "|", "::", " ", "blanks")),
    *(("encoding", one) for one in ("utf-8-sig", "latin-1", "cp1252", "utf-16")),
    *(("header", one) for one in dict.fromkeys(HEADERS)),
    *(("quoting", one) for one in ("all", "raw")),
    *(("end", one) for one in ("\n", "\r\n")),
    *(("ending", one) for one in ("csv", "txt", "tsv", "dat", "data")),
    *(("oddities", one) for one in ODDITIES),
]


def judged(kinds, folder, names=NAMES, **written):
    content = content_of(dict(kinds), Random(19))  # noqa: S311 - a test's cells, no secret
    table = write_text(content, names, rng=Random(19), **written)  # noqa: S311 - same
    found = judge(table, folder)
    wanted = ("right",) if table.clear else ("right", "refused")
    assert found.verdict in wanted, f"{found.verdict}: {found.why}\n{table.data[:300]!r}"


@pytest.mark.parametrize(("respect", "kind"), CELLS)
def test_one_kind_of_cells(respect, kind, tmp_path):
    names = NAMES | ({"value": VALUE_NAMES[kind][0]} if kind in VALUE_NAMES else {})
    judged(PLAIN | {respect: kind}, tmp_path, names | ({"time": "Time"} if kind == "words" else {}))


@pytest.mark.parametrize("separator", ["|", "\t", ";"])
@pytest.mark.parametrize("kind", ["title with quotes", "one title is a quote", "titles are quotes"])
def test_quotes_that_are_written_as_they_are(kind, separator, tmp_path):
    judged(PLAIN | {"extra": kind}, tmp_path, separator=separator, quoting="raw")


@pytest.mark.parametrize(("respect", "one"), WRITTEN)
def test_one_way_to_write(respect, one, tmp_path):
    given = {respect: (one,) if respect == "oddities" else one}
    if one == "RecBole":
        given |= {"separator": "\t", "ending": "inter"}
    elif one == "foreign":
        given["foreign"] = FOREIGN[0]
    elif one in {" ", "blanks"} or respect == "ending":
        given["quoting"] = "raw"
    kinds = {"latin-1": "latin", "cp1252": "cp1252"}
    judged(PLAIN | ({"user": kinds[one]} if one in kinds else {}), tmp_path, **given)


@pytest.mark.parametrize("names", USUAL, ids=" ".join)
def test_usual_names_of_users_items_and_times(names, tmp_path):
    dates = "iso dates" if "date" in names[2].lower() else "s"
    judged(
        PLAIN | {"time": dates}, tmp_path, dict(zip(("user", "item", "time"), names, strict=True)) | {"value": "rating"}
    )


@pytest.mark.parametrize("kind", VALUE_NAMES)
@pytest.mark.parametrize("at", range(4))
def test_usual_names_of_counts_and_labels(kind, at, tmp_path):
    judged(PLAIN | {"value": kind}, tmp_path, NAMES | {"value": VALUE_NAMES[kind][at]})


@pytest.mark.parametrize("name", RATING_NAMES)
def test_usual_names_of_ratings(name, tmp_path):
    judged(PLAIN, tmp_path, NAMES | {"value": name})
