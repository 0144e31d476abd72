"""The pages of a leaderboard: whole, without a network, and safe whatever a model is called."""

import dataclasses
import html
import re
import shutil

import pytest

import benchsuite
from benchsuite.benchmark.board import read_board
from benchsuite.benchmark.places import benchmark_names, results_root
from benchsuite.errors import UsageError
from benchsuite_content import smollm2
from benchsuite_content.backbone_files import DEFAULT_BACKBONE, DEFAULT_SHA256
from benchsuite_site import charts
from benchsuite_site.charts import Point, scatter
from benchsuite_site.labels import Box, place_labels
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


def test_without_a_name_the_site_holds_every_benchmark_that_has_results(tmp_path):
    benchsuite.leaderboard(site=tmp_path / "all")
    first = (tmp_path / "all" / "index.html").read_text("utf-8")
    assert first.count('class="card"') == len(benchmark_names())
    (tmp_path / "results").mkdir()
    shutil.copytree(results_root() / "demo.v1", tmp_path / "results" / "demo.v1")
    benchsuite.leaderboard(site=tmp_path / "one", results=tmp_path / "results")
    assert (tmp_path / "one" / "index.html").read_text("utf-8").count('class="card"') == 1


def test_a_row_that_lets_the_fallback_answer_is_marked(board):
    page = pages([board])["demo.v1.html"].decode()
    assert any(not score.competes for score in board.rows[1].scores)
    for row in board.rows:
        marked = any(not score.competes for score in row.scores)
        assert (f"<td>{row.headline:.3f} ~</td>" in page) == marked
    assert "~ in some task" in page


def test_what_was_checked_is_a_column_only_where_something_was(board):
    nobody = {label: dataclasses.replace(entrant, verified={}) for label, entrant in board.entrants.items()}
    assert ">checked<" not in pages([dataclasses.replace(board, entrants=nobody)])["demo.v1.html"].decode()
    label = board.rows[0].model
    verified = dataclasses.replace(board.entrants[label], verified={"cells": 2, "date": "2026-01-02"})
    page = pages([dataclasses.replace(board, entrants={**nobody, label: verified})])["demo.v1.html"].decode()
    assert '<th scope="col">checked</th>' in page
    assert "<td>2 cells fitted again, 2026-01-02</td>" in page
    assert "checked: somebody" in page


def test_titles_and_machines_are_told_in_words(board):
    made = pages([board])
    assert "Question" not in made["demo.v1.html"].decode()
    assert ">A simulated shop, warm and with new items: it shows" in made["demo.v1.html"].decode()
    page = made["demo.v1/als.html"].decode()
    machine = board.entrants["als"].machine
    assert f"{machine['cores']} cores, {machine['memory_gib']:g} GiB of memory" in page
    assert "memory_gib" not in page
    assert "{&quot;" not in page


def test_the_heads_of_tasks_name_each_data_set_once():
    page = pages([read_board("films.v1")])["films.v1.html"].decode()
    assert '<th scope="colgroup" colspan="6">ml-100k</th><th scope="colgroup" colspan="6">ml-latest-small</th>' in page


def test_a_label_stands_on_nothing_and_a_line_leads_to_it_where_it_is_apart():
    spots = [(100.0 + 9 * (number % 5), 100.0 + 9 * (number // 5)) for number in range(25)]
    texts = [[f"model-{number}", str(number)] for number in range(25)]
    inside, kept = Box(0, 0, 240, 240), Box(0, 90, 90, 110)
    labels = [label for label in place_labels(spots, texts, inside, [kept]) if label is not None]
    assert any(label.line for label in labels)
    assert len(labels) > 4
    for number, label in enumerate(labels):
        assert not label.box.meets(kept)
        assert not any(label.box.meets(other.box) for other in labels[:number])
        assert not any(label.box.holds(spot) for spot in spots)


def test_charts_have_numbers_at_their_axes(board):
    drawn = scatter(
        [Point("a", "1", "classic", 0.1, 0.5), Point("b", "2", "chance", 100.0, 1.0)], "x", "y", logarithmic=True
    )
    ticks = re.findall(r'<text class="tick"[^>]*>([^<]+)<', drawn)
    assert {"0.1", "1", "10", "100", "0.2", "0.8"} <= set(ticks)
    page = pages([board])["demo.v1.html"].decode()
    assert page.count('<svg class="broad"') == page.count('<svg class="narrow"') == 3


@pytest.mark.parametrize("y", [0.0, 1.0])
def test_a_chart_of_one_point_is_drawn(y):
    drawn = scatter([Point("alone", "", "classic", 3.0, y)], "x", "y")
    assert drawn.count(">alone</text>") == 2
    assert "nan" not in drawn


def test_the_command_of_a_row_runs_that_row():
    """A row with settings of its own is named by its label, not by the plugin that it shares with another row."""
    page = pages([read_board("sequences.v1")])["sequences.v1/flm-seq-frozen.html"].decode()
    assert "benchsuite run sequences.v1 --model flm-seq-frozen</pre>" in page


def test_the_command_of_a_row_of_somebodys_own_has_its_settings(board):
    label = board.rows[0].model
    settings = {"factors": 64, "loss": "a b", "alpha": 5.0}
    own = dataclasses.replace(
        board.entrants[label], plugin="benchsuite/als", label="als (factors=64, loss=a b)", settings=settings
    )
    page = pages([dataclasses.replace(board, entrants={**board.entrants, label: own})])[
        f"demo.v1/{label}.html"
    ].decode()
    command = html.unescape(page.partition("<h2>Run it</h2><pre>")[2].partition("</pre>")[0])
    assert command == "benchsuite run demo.v1 --model benchsuite/als --with factors=64 --with 'loss=a b'"


def test_every_kind_of_model_has_its_colour_in_charts(repository):
    style = (repository / "reports" / "benchsuite_site" / "style.css").read_text("utf-8")
    assert [kind for kind in charts._SHORT.values() if f".{kind} line, .{kind} circle" not in style] == []


def weights_told(board, facts):
    label = board.rows[0].model
    entrants = {**board.entrants, label: dataclasses.replace(board.entrants[label], facts=facts)}
    page = pages([dataclasses.replace(board, entrants=entrants)])[f"demo.v1/{label}.html"].decode()
    return page.partition("<h2>Pretrained weights</h2>")[2].partition("<h2>")[0]


def test_training_data_of_known_weights_is_told_and_that_of_others_is_unknown(board):
    minilm = {"name": DEFAULT_BACKBONE, "revision": "x", "sha256": DEFAULT_SHA256}
    decoder = {"name": smollm2.NAME, "revision": "y", "sha256": smollm2.SHA256}
    told = weights_told(board, {"weights": minilm, "titles": {"decoder": decoder}, "mix": {"ease": 1.0}})
    assert "comments of Reddit" in told
    assert "FineWeb-Edu" in told
    assert told.count("Source: model card") == 2
    assert DEFAULT_SHA256 in told
    assert weights_told(board, {"backbone": minilm, "weights": minilm}).count("Trained on") == 1
    assert weights_told(board, {"mix": {"ease": 1.0}}) == ""
    other = weights_told(board, {"weights": minilm | {"sha256": "0" * 64}})  # a name alone proves nothing
    assert "Trained on: unknown" in other
    assert "Reddit" not in other
    own = weights_told(board, {"weights": {"name": "mine", "sha256": "1", "training_data": "<letters>"}})
    assert "as the model says itself: &lt;letters&gt;" in own


def test_the_training_data_of_every_row_that_comes_with_benchsuite_is_known():
    told = set()
    for name in benchmark_names():
        for path, page in pages([read_board(name)]).items():
            if "<h2>Pretrained weights</h2>" in page.decode():
                told.add(path)
                assert "Trained on: unknown" not in page.decode(), path
    assert "films.v1/flm.html" in told


@pytest.mark.parametrize("name", ["films.v1", "fields.v1"])
def test_no_sentence_ends_twice_and_models_without_a_row_are_told(name):
    page = pages([read_board(name)])[f"{name}.html"].decode()
    assert "..<" not in page
    assert "Models that come with benchsuite and have no row here:" in page
    assert "flm-cross, flm-decoder: asks the language model for each user and candidate" in page
