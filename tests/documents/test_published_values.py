"""Published values beside ours: every result is near its published value or has a reason, and pages follow files."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from make_site.places import REPOSITORY

BENCHMARKS = REPOSITORY / "benchmarks"
sys.path.append(str(BENCHMARKS))

from neighbours_page import with_ties  # noqa: E402
from published_page import Results, page, unexplained  # noqa: E402
from published_values import PARTS, PUBLISHED  # noqa: E402
from records import Records  # noqa: E402

PAGES = REPOSITORY / "reports" / "published"
FILE = PAGES / "published-tables.json"


def test_every_result_is_near_the_published_value_or_says_why_not() -> None:
    assert unexplained(Results(FILE)) == [], 'python benchmarks/published_tables.py why PART ROW "the reason"'


def test_the_page_of_published_tables_is_made_of_its_file() -> None:
    told = page(Results(FILE))
    assert told == (PAGES / "published-tables.md").read_text("utf-8"), "python benchmarks/published_tables.py page"
    assert told.count("| not run yet") == sum(
        one.row not in Results(FILE).rows(part) for part, rows in PUBLISHED.items() for one in rows
    )


def test_results_are_of_parts_and_name_what_was_measured() -> None:
    kept = json.loads(FILE.read_text("utf-8"))
    assert set(kept) <= set(PARTS)
    for part, rows in kept.items():
        assert all(set(found["values"]) == set(PARTS[part].metrics) for found in rows.values())


def test_a_difference_without_a_reason_is_found(tmp_path) -> None:
    results = Results(tmp_path / "results.json")
    results.put("ease-gowalla", "regularization 80", {"values": {"recall@20": 0.1765, "ndcg@20": 0.1440}})
    assert unexplained(results) == []
    assert "| .1765 / .1440 | +0.0% / -1.8% | within 2% |" in " ".join(page(results).split())
    results.put("ease-gowalla", "regularization 80", {"values": {"recall@20": 0.1765, "ndcg@20": 0.1400}})
    assert unexplained(results) == ["ease-gowalla, regularization 80"]
    assert "not explained yet" in page(results)
    results.explain("ease-gowalla", "regularization 80", "in single precision")
    again = Results(tmp_path / "results.json")
    assert unexplained(again) == []
    assert "in single precision" in page(again)
    again.put("ease-gowalla", "regularization 80", {"values": {"recall@20": 0.1, "ndcg@20": 0.1}})
    assert unexplained(again), "the reason was for other values"


def test_the_table_of_ties_is_made_of_its_file() -> None:
    held = (PAGES / "neighbours.md").read_text("utf-8")
    assert with_ties(held, Records(BENCHMARKS / "neighbours_ties.jsonl").all()) == held


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.parametrize(
    "words",
    [
        ["ease-beauty"],
        ["ease-gowalla"],
        ["lightgcn-gowalla", "--epochs", "2", "--every", "1"],
        ["sasrec-beauty", "sampled softmax"],
    ],
    ids=lambda words: words[0],
)
def test_each_part_can_be_tried(words: list[str]) -> None:
    command = [sys.executable, str(BENCHMARKS / "published_tables.py"), *words, "--try"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "# Published tables and ours" in done.stdout
    assert words[0] == "lightgcn-gowalla" or f"{words[0]}, " in done.stdout


def test_a_reason_of_a_row_that_is_not_there_is_one_line(tmp_path) -> None:
    words = ["why", "ease-gowalla", "nothing", "a reason", "--file", str(tmp_path / "none.json")]
    command = [sys.executable, str(BENCHMARKS / "published_tables.py"), *words]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].endswith("ease-gowalla has no row 'nothing'; rows: none yet")
