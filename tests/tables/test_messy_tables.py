"""Hundreds of messy tables: each is read right or refused with a reason, none is read wrong."""

from __future__ import annotations

import pytest

from support.messy_tables import complaints, draw_tables, judge_tables, shares

DRAWN = 600
LEAST_SHARE = 0.6
"""Of the tables that a person would read without asking."""


@pytest.mark.slow
def test_no_messy_table_is_read_wrong(tmp_path):
    tables = draw_tables(DRAWN)
    assert len(tables) == DRAWN
    judged = judge_tables(tables, tmp_path)
    print(shares(judged))
    wrong = [line for line in complaints(judged) if line.startswith("WRONG")]
    assert not wrong, f"{len(wrong)} of {DRAWN} tables are read wrong:\n" + "\n".join(wrong[:20])


@pytest.mark.slow
def test_most_clear_tables_are_read(tmp_path):
    """To refuse everything would be no reading."""
    judged = judge_tables((table for table in draw_tables(DRAWN) if table.clear), tmp_path)
    right = sum(one.verdict == "right" for one in judged)
    refused = [line for line in complaints(judged) if line.startswith("REFUSED")]
    assert right / len(judged) >= LEAST_SHARE, f"{right} of {len(judged)}:\n" + "\n".join(refused[:20])
