"""Hundreds of messy tables: each is read right or refused with a reason, none is read wrong."""

from __future__ import annotations

import pytest

from support.messy_tables import complaints, draw_tables, judge_tables, shares

DRAWN = 300
LEAST_SHARE = 0.6
"""Of the tables that a person would read without asking."""


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    tables = draw_tables(DRAWN)
    assert len(tables) == DRAWN
    return judge_tables(tables, tmp_path_factory.mktemp("messy"))


@pytest.mark.slow
def test_no_messy_table_is_read_wrong(judged):
    print(shares(judged))
    wrong = [line for line in complaints(judged) if line.startswith("WRONG")]
    assert not wrong, f"{len(wrong)} of {DRAWN} tables are read wrong:\n" + "\n".join(wrong[:20])


@pytest.mark.slow
def test_most_clear_tables_are_read(judged):
    """To refuse everything would be no reading."""
    clear = [one for one in judged if one.table.clear]
    right = sum(one.verdict == "right" for one in clear)
    refused = [line for line in complaints(clear) if line.startswith("REFUSED")]
    assert right / len(clear) >= LEAST_SHARE, f"{right} of {len(clear)}:\n" + "\n".join(refused[:20])
