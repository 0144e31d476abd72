"""What two people add to a benchmark merges: each adds a folder, and whoever merges makes the standings anew."""

import dataclasses
import os
import shutil
import subprocess

import pytest

import update_readme
from benchsuite.benchmark.board import SUMMARY, read_board, write_summary
from benchsuite.benchmark.kept_standings import read_kept, read_kept_before
from benchsuite.benchmark.pins import read_pins
from benchsuite.benchmark.places import results_root
from benchsuite.benchmark.result_folder import read_result, write_result
from benchsuite.benchmark.result_history import write_row
from support.added_results import tell_added

PEOPLE = ("one", "two")


class Repository:
    """A folder of results under git."""

    def __init__(self, root):
        self.root, self.results = root, root / "demo.v1"

    def git(self, *words):
        names = {f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        environment = os.environ | names | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        command = ["git", "-C", str(self.root), *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def commit(self, message):
        self.git("add", "-A")
        assert self.git("commit", "-qm", message).returncode == 0

    def add(self, label):
        """Add a row on a branch of its own; it was of another version before."""
        assert self.git("switch", "-qc", label, "main").returncode == 0
        result = read_result(self.results / "popular")
        mine = dataclasses.replace(result, model=dataclasses.replace(result.model, label=label))
        write_result(dataclasses.replace(mine, identity={**mine.identity, "version": "0"}), self.results / label)
        write_row(mine, self.results / label)

    def kept(self):
        return read_kept(self.results, read_pins("demo.v1"))


@pytest.fixture
def repository(tmp_path):
    shutil.copytree(results_root() / "demo.v1", tmp_path / "demo.v1")
    write_summary("demo.v1", tmp_path)
    made = Repository(tmp_path)
    assert made.git("init", "-qb", "main").returncode == 0
    made.commit("results")
    return made


def test_folders_of_two_people_merge_and_their_rows_stand_before_the_standings_are_made_anew(repository, monkeypatch):
    for label in PEOPLE:
        repository.add(label)
        repository.commit(label)
        _, added = read_kept_before(repository.results, read_pins("demo.v1"))
        assert added == (label,)
    repository.git("switch", "-q", "main")
    for label in PEOPLE:
        merged = repository.git("merge", "-q", "--no-edit", label)
        assert merged.returncode == 0, merged.stdout + merged.stderr
    kept, added = read_kept_before(repository.results, read_pins("demo.v1"))
    assert added == PEOPLE
    assert not {row["model"] for row in kept.form(lite=False)["rows"]} & set(PEOPLE)
    board = read_board("demo.v1", root=repository.root)  # computed
    assert {row.model for row in board.rows} >= set(PEOPLE)
    assert {*board.histories} >= set(PEOPLE)
    assert repository.kept() is None
    monkeypatch.setenv("BENCHSUITE_RESULTS", str(repository.root))
    monkeypatch.setattr("update_readme.benchmark_names", lambda: ["demo.v1"])
    assert update_readme.standings_anew() == [repository.results / SUMMARY]
    assert repository.kept() is not None
    assert read_kept_before(repository.results, read_pins("demo.v1"))[1] == ()
    assert update_readme.standings_anew() == []


def test_where_both_make_the_standings_anew_they_conflict_in_these_alone(repository):
    for label in PEOPLE:
        repository.add(label)
        write_summary("demo.v1", repository.root)
        repository.commit(label)
    assert repository.git("merge", "-q", "--no-edit", "one").returncode != 0
    assert repository.git("diff", "--name-only", "--diff-filter=U").stdout.split() == [f"demo.v1/{SUMMARY}"]
    repository.git("checkout", "--ours", f"demo.v1/{SUMMARY}")  # either side will do
    write_summary("demo.v1", repository.root)
    assert {row.model for row in read_board("demo.v1", root=repository.root).rows} >= set(PEOPLE)


def test_a_row_that_was_changed_or_taken_out_is_no_addition(repository):
    repository.add("one")
    folder = repository.results / "popular"
    result = read_result(folder)
    write_result(dataclasses.replace(result, identity={**result.identity, "version": "9"}), folder)
    assert read_kept_before(repository.results, read_pins("demo.v1")) is None
    repository.git("checkout", "-q", ".")
    assert read_kept_before(repository.results, read_pins("demo.v1")) is not None
    shutil.rmtree(folder)
    assert read_kept_before(repository.results, read_pins("demo.v1")) is None


def test_the_check_tells_in_a_line_what_to_do_and_fails_only_where_it_was_merged(monkeypatch):
    monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request")
    with pytest.raises(pytest.skip.Exception, match="lacks one, two: nothing to do in a pull request; whoever merges"):
        tell_added("demo.v1", PEOPLE)
    monkeypatch.setenv("GITHUB_EVENT_NAME", "push")
    with pytest.raises(pytest.fail.Exception, match=r"lacks one: run python docs/update_pages\.py$"):
        tell_added("demo.v1", ["one"])
