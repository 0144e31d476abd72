from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchsuite.cli.console import OK, USER_ERROR
from benchsuite.cli.main import main

Score = Callable[..., tuple[int, str, str]]

RECS = "user,item,score\nu1,a,0.9\nu1,b,0.8\nu1,c,0.7\nu2,b,2\nu2,d,1\n"
TEST = "user,item,value\nu1,a,5\nu1,d,3\nu2,d,4\nu3,a,1\n"


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    def write(recs: str | bytes = RECS, test: str | bytes = TEST, ending: str = "csv") -> tuple[Path, Path]:
        paths = tmp_path / f"recs.{ending}", tmp_path / f"test.{ending}"
        for path, text in zip(paths, (recs, test), strict=True):
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return paths

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


def test_ours_by_hand(run: Score, files: Any) -> None:
    """u1 hits at place 1 of 2 relevant, u2 at place 2 of 1, u3 has no list."""
    found = values(run, files(), "--metric", "ndcg@2,recall@2,precision@2,map@2,mrr@2,hit-rate@2,f1@2")
    second = 1 / np.log2(3)
    expected = {
        "ndcg@2": (1 / (1 + second) + second + 0) / 3,
        "recall@2": (0.5 + 1 + 0) / 3,
        "precision@2": (0.5 + 0.5 + 0) / 3,
        "map@2": (0.5 + 0.5 + 0) / 3,
        "mrr@2": (1 + 0.5 + 0) / 3,
        "hit-rate@2": 2 / 3,
        "f1@2": (0.5 + 2 / 3 + 0) / 3,
    }
    assert {metric: value for (_, metric), value in found.items()} == pytest.approx(expected)


def test_the_default_is_ours_with_ndcg_and_recall_at_10(run: Score, files: Any) -> None:
    assert list(values(run, files())) == [("ours", "ndcg@10"), ("ours", "recall@10")]


def test_all_conventions_side_by_side(run: Score, files: Any) -> None:
    code, out, err = run(*files(), "--metric", "map@2,f1@2", "--convention", "all")
    assert (code, err) == (OK, "")
    head, _, first, second = out.splitlines()[:4]
    assert head.split() == ["metric", "ours", "ranx", "trec_eval", "recbole", "elliot", "scikit-learn"]
    assert first.split() == ["map@2", "0.333333", "0.333333", "0.500000", "0.333333", "0.500000", "-"]
    assert second.split()[:3] == ["f1@2", "0.388889", "0.388889"]
    assert "map@2 of 2 users: mean of precision@1 to precision@k, hits or not" in out
    assert "f1@2: trec_eval has no f1@2" in out
    assert "recs.csv: 2 of 3 users with test rows found" in out
    assert "test.csv: 2 of 4 listed items found" in out


def test_ours_and_recbole_are_the_same_without_ties(run: Score, files: Any) -> None:
    rng = np.random.default_rng(3)
    recs = "".join(f"u{u},i{i},{s}\n" for u in range(30) for s, i in enumerate(rng.permutation(50)[:10]))
    test = "".join(f"u{u},i{i}\n" for u in range(30) for i in rng.permutation(50)[: rng.integers(1, 9)])
    paths = files("user,item,score\n" + recs, "user,item\n" + test)
    found = values(run, paths, "--metric", "ndcg@10,map@5,recall@5,mrr@10", "--convention", "ours,recbole,ranx")
    for metric in ("ndcg@10", "map@5", "recall@5", "mrr@10"):
        assert found["ours", metric] == pytest.approx(found["recbole", metric])
    assert found["ours", "ndcg@10"] == pytest.approx(found["ranx", "ndcg@10"])
    assert found["ours", "map@5"] > found["ranx", "map@5"]


def test_ties_of_ours_go_by_the_hash_not_by_the_file(run: Score, files: Any) -> None:
    rows = [f"u,i{item},1\n" for item in range(20)]
    test = "user,item\nu,i7\n"
    one = values(run, files("user,item,score\n" + "".join(rows), test), "--metric", "mrr@20")
    other = values(run, files("user,item,score\n" + "".join(reversed(rows)), test), "--metric", "mrr@20")
    assert one == other


def test_relevant_from(run: Score, files: Any) -> None:
    assert values(run, files(), "--metric", "recall@3")["ours", "recall@3"] == pytest.approx(1.5 / 3)
    found = values(run, files(), "--metric", "recall@3", "--relevant-from", "4", "--convention", "ours,ranx")
    assert found["ours", "recall@3"] == 1.0, "u1 has a, u2 has d, u3 no longer counts"
    assert found["ranx", "recall@3"] == pytest.approx(2 / 3), "in ranx u3 counts as 0"


def test_the_catalogue_is_said_or_taken_from_the_files(run: Score, files: Any) -> None:
    code, out, _ = run(*files(), "--metric", "coverage@1,recall@1", "--json")
    told = json.loads(out)
    assert code == OK
    assert told["results"][0]["value"] == 2 / 4
    note = "coverage@1 takes the 4 items in the files for the whole catalogue; else say --catalogue."
    assert note in told["notes"]
    assert not any("recall" in said for said in told["notes"])
    code, out, _ = run(*files(), "--metric", "coverage@1", "--catalogue", "100", "--json")
    told = json.loads(out)
    assert told["results"][0]["value"] == 2 / 100
    assert not any("coverage" in said for said in told["notes"])
    assert run(*files(), "--catalogue", "3")[2] == (
        "error: --catalogue 3: the files name 4 items; name at least as many\n"
    )


def same(run: Score, paths: tuple[Path, Path]) -> bool:
    found = values(run, paths, "--metric", "ndcg@3,map@2")
    second = 1 / np.log2(3)
    return found == pytest.approx({("ours", "ndcg@3"): (1 / (1 + second) + second) / 3, ("ours", "map@2"): 1 / 3})


def test_every_form_of_file_has_the_same_values(run: Score, files: Any, tmp_path: Path) -> None:
    assert same(run, files())
    assert same(run, files(RECS.replace(",", "\t"), TEST.replace(",", "\t"), "tsv"))
    assert same(run, files(RECS.replace(",", "\t"), TEST.replace(",", "\t"), "txt"))
    assert same(run, files(RECS.replace("\n", "\r\n"), "\ufeff" + TEST))
    assert same(run, files(RECS.replace("u2,b", "\n\nu2,b") + "\n\n", TEST))
    assert same(run, files(gzip.compress(RECS.encode()), gzip.compress(TEST.encode()), "csv.gz"))
    assert same(run, files("rank,item,user,why\n1,a,u1,x\n2,b,u1,\n3,c,u1,\n1,b,u2,\n2,d,u2,\n", TEST))
    recs, test = tmp_path / "recs.parquet", tmp_path / "test.parquet"
    pd.DataFrame({"user": ["u1"] * 3 + ["u2"] * 2, "item": list("abcbd"), "rank": [1, 2, 3, 1, 2]}).to_parquet(recs)
    held = pd.DataFrame({"user": ["u1", "u1", "u2", "u3"], "item": list("adda"), "value": [5, 3, 4, 1]})
    held.astype({"user": "category"}).to_parquet(test)
    assert same(run, (recs, test))


def test_whole_numbers_in_parquet_are_the_ids_of_csv(run: Score, files: Any, tmp_path: Path) -> None:
    recs = tmp_path / "numbers.parquet"
    pd.DataFrame({"user": [1, 1], "item": [10, 20], "score": [0.5, 0.25]}).to_parquet(recs)
    _, test = files(test="user,item\n1,20\n")
    assert values(run, (recs, test), "--metric", "mrr@2") == {("ours", "mrr@2"): 0.5}


@pytest.mark.parametrize(
    ("recs", "said"),
    [
        ("user,item,score\nu1,a,0.5\nu1,b,high\n", ", line 3, column score: 'high' is not a number; "),
        ("user,item,score\nu1,a,0.5\n\nu1,b,\n", ", line 4, column score: is empty; "),
        ("user,item,score\nu1,a,nan\n", ", line 2, column score: is no finite number; "),
        ("user,item,score\nu1,a,1_000\nu1,b,1\n", ", line 2, column score: '1_000' is not a number; "),
        ("user,item,score\nu1,a,good\n", ": column score would be the score, but holds text such as 'good' "),
        ("user,item,rank\nu1,a,inf\n", ", line 2, column rank: is no finite number; "),
        ("user,item,score\nu1,a,1\n,b,2\n", ", line 3, column user: is empty; give every row an id"),
        ("user,item,score\nu1,a,1\nu1,b\n", ", line 3: 2 columns instead of 3; "),
        ("user,item,score\nu1,a,1\nu1,b,2,3\n", ", line 3: 4 columns instead of 3; "),
        (
            "user,item,score\nu1,a,1\nu2,a,1\nu1,a,2\n",
            ', line 4: user "u1" has item "a" a second time, first in line 2; keep one row per user and item\n',
        ),
        (
            "user,item,score,model,seed\nu1,a,1,als,0\nu1,a,1,ease,0\n",
            ', line 3: user "u1" has item "a" a second time, first in line 2; keep the rows of one model, one seed\n',
        ),
        (
            "user,item,fit\nu1,a,0.5\n",
            ": has no column that is surely a score or a rank, but user, item, fit; name it: --score COL or",
        ),
        (
            "user,item,score,rank\nu1,a,2,1\nu1,b,1,2\nu2,a,1,1\nu2,b,2,2\n",
            ', line 5: score and rank disagree on the list of user "u2"; say what orders the lists: --score score or',
        ),
        (
            "u1,a,1\nu1,b,2\nu2,a,1\nu2,b,2\n",
            ": column 3 counts up in each list, as ranks do; say --rank 3 or --score 3\n",
        ),
        ("u1 a b c\nu2 b d\nu3 a\n", ": each line seems to be a user and a list of items; write one row for each"),
        ("user,item,item,score\nu,a,b,1\n", ', line 1: column "item" is there twice; rename one\n'),
        ("user,item,score\n", ": holds no rows; "),
        ("", ": is empty; "),
        ("user,item,score\nu1,fl\xf6m,1\n".encode("latin-1"), ", line 2: is not utf-8; "),
    ],
)
def test_a_bad_file_is_one_line_with_its_place(run: Score, files: Any, recs: str | bytes, said: str) -> None:
    paths = files(recs)
    code, out, err = run(*paths)
    assert (code, out) == (USER_ERROR, "")
    assert err.startswith(f"error: {paths[0]}{said}")
    assert err.count("\n") == 1


def test_the_test_file_is_checked_alike(run: Score, files: Any, tmp_path: Path) -> None:
    recs, test = files(test="user,item,value\nu1,a,1\nu1,b,many\n")
    assert run(recs, test)[2].startswith(f"error: {test}, line 3, column value: 'many' is not a number; ")
    assert run(recs, tmp_path / "gone.csv")[2] == f"error: {tmp_path / 'gone.csv'}: no such file; check the path\n"
    assert run(recs, tmp_path)[0] == USER_ERROR


def test_bad_parquet_is_one_line_with_its_place(run: Score, files: Any, tmp_path: Path) -> None:
    _, test = files()
    path = tmp_path / "bad.parquet"
    path.write_bytes(b"PAR1 it is not")
    code, _, err = run(path, test)
    assert code == USER_ERROR
    assert err.startswith(f"error: {path}: cannot be read: ")
    assert err.count("\n") == 1
    pd.DataFrame({"user": ["u", "u"], "item": ["a", None], "score": [1.0, 2.0]}).to_parquet(path)
    assert run(path, test)[2].startswith(f"error: {path}, row 2, column item: is empty; give every row an id")
    pd.DataFrame({"user": [[1]], "item": ["a"], "score": [1.0]}).to_parquet(path)
    assert "column user: holds lists" in run(path, test)[2]
    pd.DataFrame({"user": ["u"], "item": ["a"], "score": ["good"]}).to_parquet(path)
    assert "column score would be the score, but holds text such as 'good'" in run(path, test)[2]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--metric", "ndgc@10"], '--metric: unknown metric "ndgc@10"; did you mean "ndcg@10"?'),
        (["--metric", "auc"], "--metric: auc does not judge lists; see: benchsuite list metrics"),
        (["--metric", ","], "--metric: names nothing; write names with commas between them"),
        (["--convention", "ranks"], '--convention: unknown convention "ranks"; did you mean "ranx"?'),
        (
            ["--convention", "recbole", "--metric", "f1@5"],
            "--metric: recbole has no f1@5; here it has precision@5, recall@5, hit-rate@5, mrr@5, map@5, ndcg@5",
        ),
    ],
)
def test_wrong_words_are_one_line(run: Score, files: Any, words: list[str], said: str) -> None:
    assert run(*files(), *words) == (USER_ERROR, "", f"error: {said}\n")


def test_json_says_what_was_computed(run: Score, files: Any) -> None:
    recs, test = files()
    code, out, _ = run(recs, test, "--metric", "ndcg@2", "--convention", "elliot", "--json")
    told = json.loads(out)
    assert code == OK
    assert (told["recommendations"], told["test"]) == (str(recs), str(test))
    assert told["conventions"]["elliot"].startswith("Elliot: users with a list and a relevant item count")
    (one,) = told["results"]
    assert (one["convention"], one["metric"], one["users"]) == ("elliot", "ndcg@2", 2)
    assert one["formula"].startswith("gain = 2^(value - threshold + 1) - 1")


def test_metrics_that_rest_on_training_data_are_refused(run: Score, files: Any, tmp_path: Path) -> None:
    """A stranger's metric that looks at popularity: it is found out by changing the popularity."""
    plugin = tmp_path / "mine.py"
    plugin.write_text(
        "from dataclasses import dataclass\n"
        "from benchsuite.api import Metric\n"
        "@dataclass\n"
        "class Fame(Metric):\n"
        "    k: int = 1\n"
        "    def measure(self, evidence):\n"
        "        return evidence.popularity[evidence.rankings.item[:, 0]].astype('float64')\n"
    )
    code, _, err = run(*files(), "--metric", f"{plugin}:Fame")
    assert code == USER_ERROR
    assert "needs the training data, which these files do not hold; use it in an experiment" in err


def test_what_was_read_is_told(run: Score, files: Any) -> None:
    lists = "user_id;item_id;score;why\n u1 ;a;0,9;x\nu1;b;0,8;\nu2;d;1;y\n"
    recs, test = files(lists, "user_id;item_id;label;when\nu1;b;True;5\nu2;d;False;6\n")
    code, out, _ = run(recs, test, "--metric", "mrr@2")
    assert code == OK
    assert f"{recs}: columns: user = user_id, item = item_id, score = score; ignored: why\n" in out
    assert f"{recs}: trimmed: 1 x " in out
    assert f"{recs}: comma: 2 x " in out
    assert f"{test}: columns: user = user_id, item = item_id, value = label; ignored: when\n" in out
    assert f"{test}: relevant are the 1 of 2 rows with label above 0; 0, False and below never count\n" in out


def test_rows_without_names_are_read_by_place(run: Score, files: Any) -> None:
    assert same(run, files(RECS.partition("\n")[2], TEST.partition("\n")[2]))
    held = "u1,a,881250949\nu1,d,881250949\nu2,d,881250950\nu3,a,881250950\n"
    assert same(run, files(RECS.partition("\n")[2], held)), "a time is no value"
    numbered = ("--user", "1", "--item", "2", "--score", "3", "--no-header", "--metric", "mrr@1", "--value", "none")
    assert values(run, files(RECS.partition("\n")[2], held), *numbered) == {("ours", "mrr@1"): pytest.approx(1 / 3)}
