"""Published settings of networks can be written with ours: every row of that page is built."""

from __future__ import annotations

import re
import tomllib

import pytest

from benchsuite.registry import load_model
from make_site.blocks import blocks_of
from make_site.places import REPOSITORY

TEXT = (REPOSITORY / "docs" / "published-settings.md").read_text("utf-8")
MODELS = tomllib.loads(next(block.text for block in blocks_of(TEXT) if block.language == "toml"))["models"]
NETWORKS = {"sasrec", "gru4rec", "bert4rec", "vaecf", "tiger", "lightgcn", "dropoutnet"}


@pytest.mark.parametrize("row", MODELS, ids=lambda row: row["label"])
def test_published_settings_can_be_written(row) -> None:
    if row["use"] == "cornac":
        pytest.importorskip("cornac", reason="the extra cornac is not installed")
    model = load_model(row["use"]).from_settings(row["with"])
    held = model.settings()
    assert {name: held[name] for name in row["with"]} == row["with"]


def test_every_row_has_a_source_and_every_network_a_row() -> None:
    told = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", TEXT, re.MULTILINE)
    sources = {label: source for label, source, _ in told if label not in {"row", "---"}}
    assert list(sources) == [row["label"] for row in MODELS]
    assert all("github.com/" in source or "the same" in source for source in sources.values())
    assert {row["use"] for row in MODELS} == NETWORKS | {"cornac"}
    assert "`two-tower` there are none" in TEXT
