"""The pages of a leaderboard: whole, without a network, and safe whatever a model is called."""

import dataclasses
import re

import pytest

import benchsuite
from benchsuite.benchmark.board import read_board
from benchsuite.benchmark.places import benchmark_names
from benchsuite.errors import UsageError
from benchsuite_site.pages import pages


@pytest.fixture(scope="module")
def board():
    return read_board("demo.v1")


def test_each_model_has_a_page_and_every_link_leads_somewhere(board):
    made = pages([board])
    assert len(made) == 2 + len(board.rows)
    for name, content in made.items():
        folder = name.rpartition("/")[0]
        for link in re.findall(r'href="([^"]+)"', content.decode()):
            target = f"{folder}/{link}" if folder and not link.startswith("../") else link.removeprefix("../")
            assert target in made, (name, link)
        assert "http" not in re.sub(r"<pre>.*?</pre>", "", content.decode(), flags=re.DOTALL)


def test_the_first_lines_say_who_leads(board):
    text = re.sub("<[^>]+>", " ", pages([board])["demo.v1.html"].decode().partition("<main>")[2])
    assert board.rows[0].model in text[:400]
    assert f"{board.rows[0].headline:.3f}" in text[:400]


def test_every_row_and_score_is_shown(board):
    page = pages([board])["demo.v1.html"].decode()
    for row in board.rows:
        assert f">{row.model}</a></th>" in page
        for score in row.scores:
            assert f"{score.mean:.3f}".lstrip("0") in page


def test_a_hostile_name_stays_text(board):
    name = '<script>alert("x")</script>'
    row = dataclasses.replace(board.rows[0], model=name)
    entrants = {**board.entrants, name: dataclasses.replace(board.entrants[board.rows[0].model], label=name)}
    hostile = dataclasses.replace(board, rows=(row, *board.rows[1:]), entrants=entrants)
    for content in pages([hostile]).values():
        assert "<script>alert" not in content.decode()


def test_it_is_written_where_it_is_asked_for(tmp_path):
    found = benchsuite.leaderboard("demo.v1", site=tmp_path / "site")
    assert str(tmp_path / "site" / "index.html") in found.written
    assert (tmp_path / "site" / "demo.v1" / "als.html").is_file()


def test_a_board_whose_rows_have_no_score_yet_has_pages(board):
    """The first rows of a benchmark may be the fallback's alone in a split: then nothing is drawn of it."""

    def without(row):
        scores = tuple(dataclasses.replace(score, ratio=None) for score in row.scores)
        return dataclasses.replace(row, headline=None, scores=scores)

    bare = dataclasses.replace(board, rows=tuple(without(row) for row in board.rows))
    page = pages([bare])["demo.v1.html"].decode()
    assert "Warm against cold" not in page
    assert board.rows[0].model in page


def test_one_site_holds_all_benchmarks_and_says_what_is_not_run_yet(tmp_path):
    found = benchsuite.leaderboard("all", site=tmp_path)
    first = (tmp_path / "index.html").read_text("utf-8")
    for name in benchmark_names():
        assert str(tmp_path / f"{name}.html") in found.written
        assert f'<a href="{name}.html">' in first
    empty = (tmp_path / "fields.v1.html").read_text("utf-8")
    assert "not run yet" in empty
    with pytest.raises(UsageError, match="--site DIR"):
        benchsuite.leaderboard("all")


def test_the_short_form_has_pages_of_its_own(board):
    short = dataclasses.replace(board, lite=True)
    both = pages([board, short])
    assert {"demo.v1.html", "demo.v1-lite.html", "demo.v1/als.html", "demo.v1-lite/als.html"} <= set(both)
