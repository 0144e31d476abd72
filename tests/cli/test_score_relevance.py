"""What counts when lists are scored: rows that are relevant, users that meet, rows that can be read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchsuite.cli.console import OK, USER_ERROR
from benchsuite.cli.main import main

Score = Callable[..., tuple[int, str, str]]

RECS = "user,item,score\nu1,a,0.9\nu1,b,0.8\nu1,c,0.7\nu2,b,2\nu2,d,1\n"
TEST = "user,item,value\nu1,a,5\nu1,d,3\nu2,d,4\nu3,a,1\n"


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    def write(recs: str = RECS, test: str = TEST) -> tuple[Path, Path]:
        (tmp_path / "recs.csv").write_text(recs)
        (tmp_path / "test.csv").write_text(test)
        return tmp_path / "recs.csv", tmp_path / "test.csv"

    return write


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Score:
    """Run the verb in this process; returns exit code, standard output and standard error."""

    def call(recs: Path, test: Path, *words: str) -> tuple[int, str, str]:
        code = main(["score", str(recs), str(test), *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def values(run: Score, paths: tuple[Path, Path], *words: str) -> dict[tuple[str, str], Any]:
    code, out, err = run(*paths, *words, "--json")
    assert (code, err) == (OK, "")
    return {(one["convention"], one["metric"]): one["value"] for one in json.loads(out)["results"]}


def test_nobody_counts(run: Score, files: Any) -> None:
    """One user has a list and no relevant row, the other a relevant row and no list: a number would say nothing."""
    paths = files("user,item,score\nu,a,1\n", "user,item,value\nu,a,0\nv,a,1\n")
    found = values(run, paths, "--convention", "ours,elliot", "--metric", "ndcg@5")
    assert found == {("ours", "ndcg@5"): 0.0, ("elliot", "ndcg@5"): None}


def test_files_without_a_user_in_common_have_no_number(run: Score, files: Any) -> None:
    recs, test = files("user,item,score\nu,a,1\n", "user,item\nv,a\n")
    code, out, err = run(recs, test)
    assert (code, out) == (USER_ERROR, "")
    assert err.startswith(f"error: {recs}: 0 of 1 users with test rows found; check that both files are about the same")
    assert err.endswith("; here 'v', there 'u'\n")
    recs, test = files("user,item,score\nu,a,1\n", "user,item\nu,b\n")
    assert run(recs, test)[2].startswith(f"error: {test}: 0 of 1 listed items found; ")


def test_lists_for_a_few_of_the_users_are_scored(run: Score, files: Any) -> None:
    held = "user,item\n" + "".join(f"u{user},a\n" for user in range(100))
    paths = files("user,item,score\nu1,a,1\nu2,b,1\n", held)
    assert values(run, paths, "--metric", "recall@1", "--convention", "elliot") == {("elliot", "recall@1"): 0.5}


def test_no_relevant_row_is_an_error(run: Score, files: Any) -> None:
    recs, test = files(test="user,item,label\nu1,a,False\nu2,d,no\n")
    code, out, err = run(recs, test)
    assert (code, out) == (USER_ERROR, "")
    assert err.startswith(f"error: {test}, column label: no row is relevant: none has a label above 0; ")
    assert "--value COL" in err
    recs, test = files()
    assert "none has a value of at least 6; the largest value is 5" in run(recs, test, "--relevant-from", "6")[2]
    recs, test = files(test="user,item\nu1,a\n")
    assert "has no column of values, which --relevant-from needs" in run(recs, test, "--relevant-from", "1")[2]


def test_a_convention_by_which_nothing_is_relevant_has_no_value(run: Score, files: Any) -> None:
    paths = files(test="user,item,value\nu1,a,0.5\nu2,d,0.5\n")
    found = values(run, paths, "--metric", "recall@2", "--convention", "ours,ranx")
    assert found == {("ours", "recall@2"): 1.0, ("ranx", "recall@2"): None}
    assert "no test row is relevant for ranx: none has a value of at least 1" in run(*paths, "--convention", "ranx")[2]


def test_a_column_that_says_yes_or_no_is_not_passed_over(run: Score, files: Any) -> None:
    recs, test = files(test="user,item,kept\nu1,a,0\nu2,d,1\n")
    what = "column kept says yes or no (or holds values below 0), and is not read"
    remedy = "say --value kept if it says what was liked, else --value none"
    assert run(recs, test)[2].startswith(f"error: {test}: {what}; {remedy}")
    assert values(run, (recs, test), "--metric", "recall@2", "--value", "kept") == {("ours", "recall@2"): 1.0}
    assert values(run, (recs, test), "--metric", "recall@2", "--value", "none") == {("ours", "recall@2"): 1.0}


def test_our_own_rankings_have_no_score_where_the_fallback_answered(run: Score, files: Any) -> None:
    head = "model,seed,fold,query,user,rank,item,score,fallback,relevant\n"
    lists = "als,0,1,0,u1,1,a,0.5,false,true\nals,0,1,0,u1,2,b,,true,false\nals,0,1,1,u2,1,d,,true,true\n"
    recs, test = files(head + lists, "user,item\nu1,b\nu2,d\n")
    assert values(run, (recs, test), "--metric", "mrr@2") == {("ours", "mrr@2"): 0.75}
    assert f"{recs}: some rows have no score, so that the rank counts\n" in run(recs, test)[1]
    recs, test = files("user,rank,item,score\nu1,1,a,0.5\nu1,2,b,\n", "user,item\nu1,b\n")
    assert run(recs, test)[2].startswith(f"error: {recs}, line 3, column score: is empty; ")


def test_bad_rows_may_be_left_out(run: Score, files: Any) -> None:
    paths = files(RECS + "u3,a\nu3,b,good\n,c,1\n", TEST + "u3,,1\nu3,c,\n")
    assert run(*paths)[0] == USER_ERROR
    code, out, err = run(*paths, "--metric", "recall@2", "--on-bad-row", "drop")
    assert (code, err) == (OK, "")
    assert "recs.csv: left out: 1 x line 7, 2 columns instead of 3\n" in out
    assert "recs.csv: 3 of 8 rows are left out\n" in out
    assert "test.csv: 2 of 6 rows are left out\n" in out
    found = values(run, files(RECS, TEST + "u3,,1\nu3,c,\n"), "--metric", "recall@2", "--missing", "drop")
    assert found == {("ours", "recall@2"): pytest.approx(0.5)}
