"""A damaged row of a leaderboard is left out and told; it hides no other row, and moves no number of one."""

import dataclasses
import json
import shutil
import struct

import pytest

import benchsuite
from benchsuite.benchmark.board import SUMMARY, make_board, read_board, write_summary
from benchsuite.benchmark.board_rows import read_results, read_rows
from benchsuite.benchmark.board_text import verdict
from benchsuite.benchmark.places import results_root
from benchsuite.benchmark.result_folder import COSTS, FORMAT, RESULT, VALUES
from benchsuite.cli.main import main
from benchsuite.errors import DataError
from benchsuite.functions.leaderboard import Leaderboard
from benchsuite.keys import file_digest
from benchsuite.store.json_files import with_sum
from benchsuite_site.pages import pages


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """The results of the demo, with standings that were made of these very files."""
    root = tmp_path_factory.mktemp("kept")
    shutil.copytree(results_root() / "demo.v1", root / "demo.v1")
    write_summary("demo.v1", root)
    return root


@pytest.fixture
def root(kept, tmp_path):
    shutil.copytree(kept / "demo.v1", tmp_path / "demo.v1")
    return tmp_path


@pytest.fixture
def bare(root):
    """The same without kept standings: everything is computed."""
    (root / "demo.v1" / SUMMARY).unlink()
    return root


def truncated(folder):
    path = folder / VALUES
    path.write_bytes(path.read_bytes()[:-500])


def another_format(folder):
    table = json.loads((folder / RESULT).read_text("utf-8"))
    (folder / RESULT).write_text(json.dumps(with_sum({**table, "format": "99"})), "utf-8")


def one_mean(folder):
    path = folder / RESULT
    path.write_text(path.read_text("utf-8").replace('["ndcg@10", "", 0.', '["ndcg@10", "", 0.1', 1), "utf-8")


def encrypted(folder):
    """Values in an archive that says it is encrypted, with a sum that is right: nothing but its reader tells."""
    content = bytearray((folder / VALUES).read_bytes())
    place = 0
    while (place := content.find(b"PK\x01\x02", place + 1)) > 0:
        struct.pack_into("<H", content, place + 8, 1)
    struct.pack_into("<H", content, 6, 1)
    (folder / VALUES).write_bytes(content)
    table = json.loads((folder / RESULT).read_text("utf-8")) | {"values_sha256": file_digest(folder / VALUES)}
    (folder / RESULT).write_text(json.dumps(with_sum(table)), "utf-8")


def a_folder(folder):
    (folder / VALUES).unlink()
    (folder / VALUES).mkdir()


def dangling(folder):
    shutil.rmtree(folder)
    folder.symlink_to(folder.parent / "nowhere")


WAYS = {
    "cut short": (truncated, "values.npz: it has changed since it was written; get the folder again"),
    "broken": (lambda folder: (folder / RESULT).write_text("{", "utf-8"), "result.json: cannot be read"),
    "no text": (lambda folder: (folder / RESULT).write_bytes(b"\xff\x00"), "result.json: cannot be read"),
    "a mean": (one_mean, "result.json: it has changed since it was written"),
    "no values": (lambda folder: (folder / VALUES).unlink(), "values.npz: cannot be read: No such file"),
    "a folder": (a_folder, "values.npz: cannot be read"),
    "no result": (lambda folder: (folder / RESULT).unlink(), "result.json: it is not there; get it again, or take it"),
    "no costs": (lambda folder: (folder / COSTS).unlink(), "costs.json: cannot be read: No such file"),
    "format": (another_format, f"its format is '99', this version of benchsuite reads {FORMAT}; update benchsuite"),
    "encrypted": (encrypted, "values.npz: cannot be read"),
    "nowhere": (dangling, "result.json: it is not there"),
}


def numbers(board):
    return {row.model: (row.headline, row.low, row.high, row.scores) for row in board.rows}


@pytest.mark.parametrize("way", WAYS)
def test_the_table_of_the_others_stands_and_one_line_says_what_is_wrong(bare, way, capsys):
    damage, said = WAYS[way]
    whole = read_board("demo.v1", root=bare)
    damage(bare / "demo.v1" / "random")
    assert main(["leaderboard", "demo.v1", "--results", str(bare)]) == 1
    shown = capsys.readouterr()
    (line,) = (line for line in shown.out.splitlines() if line.startswith("left out:"))
    assert said in line
    assert str(bare / "demo.v1" / "random") in line
    assert shown.err == ""
    board = read_board("demo.v1", root=bare)
    assert [row.model for row in board.rows] == [row.model for row in whole.rows if row.model != "random"]
    for row in board.rows:
        same = next(one for one in whole.rows if one.model == row.model)
        assert (row.headline, row.low, row.high) == (same.headline, same.low, same.high)
        assert f"{row.headline:.3f}" in shown.out
    assert "random" not in board.absent
    assert board.lost == ()


def test_all_damaged_rows_are_told_together_and_json_and_frames_hold_them(root, capsys):
    for way, row in (("cut short", "random"), ("broken", "popular"), ("no values", "als")):
        WAYS[way][0](root / "demo.v1" / row)
    assert main(["leaderboard", "demo.v1", "--results", str(root), "--json"]) == 1
    table = json.loads(capsys.readouterr().out)
    assert [one["folder"] for one in table["left_out"]] == ["als", "popular", "random"]
    found = benchsuite.leaderboard("demo.v1", results=root)
    assert list(found.frames()["left_out"]["folder"]) == ["als", "popular", "random"]
    assert not found.ok


def test_the_site_says_it_too(root, capsys):
    truncated(root / "demo.v1" / "random")
    folder = root / "site"
    assert main(["leaderboard", "--site", str(folder), "--results", str(root)]) == 1
    assert "left out: " in capsys.readouterr().out
    page = (folder / "demo.v1.html").read_text("utf-8")
    assert "<p>Left out: " in page
    assert "values.npz: it has changed since it was written" in page
    assert "Left out: 1 damaged row." in (folder / "index.html").read_text("utf-8")
    assert not (folder / "demo.v1" / "random.html").exists()


def references_of(board):
    return [task.reference for task in board.tasks]


def test_a_damaged_reference_moves_no_number_where_kept_standings_are_of_the_same_files(root):
    whole = read_board("demo.v1", root=root)
    reference = next(label for label in references_of(whole) if label != whole.rows[0].model)
    truncated(root / "demo.v1" / reference)
    board = read_board("demo.v1", root=root)
    assert numbers(board) == {label: one for label, one in numbers(whole).items() if label != reference}
    assert references_of(board) == references_of(whole)
    assert (board.lost, board.as_kept) == ((), True)
    assert "kept while what is left out was whole" in str(Leaderboard(board))


def test_without_kept_standings_a_damaged_reference_leaves_no_ratio(bare):
    truncated(bare / "demo.v1" / "als")
    board = read_board("demo.v1", root=bare)
    assert board.lost == ("als",)
    assert len(board.rows) == 5
    for row in board.rows:
        assert row.headline is None
        assert all(score.ratio is None and score.verdict == "not tested" for score in row.scores)
        assert all(score.mean is not None for score in row.scores)  # what is its own is told
    told = str(Leaderboard(board))
    assert "No headline can be told without als" in told
    assert "that might rest on a damaged one (als) are not told" in told
    assert "No headline can be told without als" in pages([board])["demo.v1.html"].decode()


def test_kept_standings_of_other_files_are_not_believed(root):
    truncated(root / "demo.v1" / "als")
    (root / "demo.v1" / "ease" / COSTS).write_text(
        (root / "demo.v1" / "ease" / COSTS).read_text("utf-8") + "\n", "utf-8"
    )
    assert read_board("demo.v1", root=root).lost == ("als",)


def test_kept_standings_that_somebody_changed_are_not_believed(root):
    summary = root / "demo.v1" / SUMMARY
    truncated(root / "demo.v1" / "als")
    table = json.loads(summary.read_text("utf-8"))
    table["whole"]["rows"][0]["headline"] = 9.0
    summary.write_text(json.dumps(table), "utf-8")
    assert read_board("demo.v1", root=root).lost == ("als",)


def test_beside_a_new_row_only_tasks_of_a_lost_reference_have_no_ratio(root):
    """What is kept says in which tasks it was the best; the other tasks are judged as ever."""
    whole = read_board("demo.v1", root=root)
    best = references_of(whole)
    assert len(set(best)) > 1
    truncated(root / "demo.v1" / best[0])
    rows, left = read_rows("demo.v1", root / "demo.v1")
    first = next(iter(rows.values()))
    own = dataclasses.replace(first, model=dataclasses.replace(first.model, label="mine"))
    board = make_board("demo.v1", [*rows.values(), own], folder=root / "demo.v1", left_out=left)
    assert references_of(board) == ["" if label == best[0] else label for label in best]
    assert board.lost == (best[0],)
    mine = next(row for row in board.rows if row.model == "mine")
    assert [score.ratio is None for score in mine.scores] == [label == best[0] for label in best]
    again = dataclasses.replace(own, model=dataclasses.replace(own.model, label=best[0]))
    assert make_board("demo.v1", [*rows.values(), again], folder=root / "demo.v1", left_out=left).lost == ()


def test_a_reference_that_was_never_the_best_takes_nothing_away(root):
    whole = read_board("demo.v1", root=root)
    assert "popular" not in references_of(whole)
    truncated(root / "demo.v1" / "popular")
    rows, left = read_rows("demo.v1", root / "demo.v1")
    board = make_board("demo.v1", list(rows.values()), folder=root / "demo.v1", left_out=left)
    assert board.lost == ()
    assert all(row.headline is not None for row in board.rows)


@pytest.mark.parametrize("results", ["root", "bare"])
def test_without_a_row_that_may_stand_anywhere_no_verdict_is_told(results, request):
    """A damaged row may lead, or be the best of its kind: a sentence about the best of the others would be wrong."""
    root = request.getfixturevalue(results)
    whole = read_board("demo.v1", root=root)
    assert any("leads with" in line for line in verdict(whole))
    for damaged in (whole.rows[0].model, "random"):
        path = root / "demo.v1" / damaged / VALUES
        kept = path.read_bytes()
        truncated(path.parent)
        told = list(verdict(read_board("demo.v1", root=root), ["ease"]))
        assert damaged in told[0]
        assert not any("leads" in line or "language model" in line for line in told[1:])
        path.write_bytes(kept)
    shutil.copytree(root / "demo.v1" / "als", root / "demo.v1" / "aaa")  # a copy takes nothing away
    assert any("leads with" in line for line in verdict(read_board("demo.v1", root=root)))


def test_where_the_leader_is_damaged_the_numbers_of_the_others_are_those_kept(root):
    whole = read_board("demo.v1", root=root)
    leader = whole.rows[0].model
    truncated(root / "demo.v1" / leader)
    board = read_board("demo.v1", root=root)
    assert board.as_kept
    assert board.rows == whole.rows[1:]


@pytest.mark.parametrize("hollow", ["folder", "file"])
def test_an_empty_folder_or_a_file_where_a_row_should_be_is_told(root, hollow):
    whole = read_board("demo.v1", root=root)
    path = root / "demo.v1" / "als"
    shutil.rmtree(path)
    path.mkdir() if hollow == "folder" else path.touch()
    board = read_board("demo.v1", root=root)
    assert [one.rows for one in board.left_out] == [("als",)]
    assert board.absent == whole.absent
    assert board.rows == tuple(row for row in whole.rows if row.model != "als")


def test_of_two_folders_of_one_label_the_one_of_that_name_stands(root):
    folder = root / "demo.v1"
    shutil.copytree(folder / "als", folder / "aaa")
    board = read_board("demo.v1", root=root)
    assert [one.folder for one in board.left_out] == ["aaa"]
    assert "als" in board.entrants
    truncated(folder / "als")  # a copy elsewhere does not take its place
    board = read_board("demo.v1", root=root)
    assert [one.folder for one in board.left_out] == ["aaa", "als"]
    assert "als" not in board.entrants


def test_what_is_kept_stays_while_a_row_is_damaged(root):
    before = (root / "demo.v1" / SUMMARY).read_bytes()
    truncated(root / "demo.v1" / "random")
    with pytest.raises(DataError, match="it has changed since"):
        write_summary("demo.v1", root)
    with pytest.raises(DataError, match="it has changed since"):
        read_results("demo.v1", root / "demo.v1")
    assert (root / "demo.v1" / SUMMARY).read_bytes() == before


def test_folders_that_hold_nothing_of_a_row_are_none(root):
    (root / "demo.v1" / "empty").mkdir()
    (root / "demo.v1" / "__pycache__").mkdir()
    (root / "demo.v1" / "__pycache__" / "x.pyc").touch()
    assert read_board("demo.v1", root=root).left_out == ()


def test_a_folder_that_nobody_may_look_into_is_told_as_that(root, monkeypatch):
    """Root may look anywhere, so the system's answer is put in its place."""

    def refused(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("benchsuite.benchmark.board_rows.read_result", refused)
    _, left = read_rows("demo.v1", root / "demo.v1")
    assert len(left) == 6
    assert "cannot be read: Permission denied; ask its owner" in str(left[0])


@pytest.mark.slow
@pytest.mark.process
def test_a_model_of_ones_own_is_shown_beside_sound_rows(root, monkeypatch, capsys):
    monkeypatch.setenv("BENCHSUITE_RESULTS", str(root))
    truncated(root / "demo.v1" / "random")
    words = ["run", "demo.v1", "--model", "svd", "--lite", "--offline", "--store", str(root / "runs")]
    assert main(words) == 1
    out = capsys.readouterr().out
    assert "svd (yours)" in out
    assert "svd is number" in out
    assert "left out: " in out
