"""Disguised titles: everything else stays, nobody keeps their own, and the identity of the data changes."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np
import pytest

from benchsuite.api import DataLocations
from benchsuite.data import Dataset, Entities
from benchsuite.errors import DataError
from benchsuite.registry import load_source
from benchsuite_datasets.dataset_builder import join_text
from benchsuite_datasets.title_controls import apply_title_control

TEXT = ("title", "description")


@pytest.fixture(scope="module")
def shop() -> Dataset:
    """The demo with a year at every other title, one title twice and one empty."""
    demo = load_source("demo").from_settings({"users": 40, "items": 60, "events_per_user": 8}).load(DataLocations())
    titles = [
        title if code % 2 else f"{title} ({1950 + code})" for code, title in enumerate(demo.items.columns["title"])
    ]
    titles[5], titles[8] = titles[3], ""
    columns = {**demo.items.columns, "title": tuple(titles)}
    text = join_text([columns[name] for name in TEXT])
    return dataclasses.replace(demo, items=dataclasses.replace(demo.items, columns=columns, text=text))


def test_given_is_the_data_itself(shop):
    assert apply_title_control(shop, "given", TEXT) is shop


@pytest.mark.parametrize("titles", ["opaque", "shuffled"])
def test_only_titles_change(titles, shop):
    other = apply_title_control(shop, titles, TEXT)
    assert other.interactions is shop.interactions
    assert other.users is shop.users
    assert other.items.ids == shop.items.ids
    for name in ("description", "hobby"):
        assert other.items.columns[name] == shop.items.columns[name]
    assert other.fingerprint != shop.fingerprint
    assert other.items.text == join_text([other.items.columns[name] for name in TEXT])
    pairs = list(zip(shop.items.columns["title"], other.items.columns["title"], strict=True))
    assert all(old != new for old, new in pairs if old)
    assert pairs[8] == ("", "")
    assert all(new.endswith(f"({1950 + code})") for code, (_, new) in enumerate(pairs) if code % 2 == 0 and code != 8)
    assert not any("(19" in new for code, (_, new) in enumerate(pairs) if code % 2)
    assert apply_title_control(shop, titles, TEXT).fingerprint == other.fingerprint
    step = other.steps[-1]
    assert "59 titles of title" in step.note
    assert step.before == step.after == len(shop.interactions)


def test_opaque_tokens_tell_titles_apart_and_nothing_else(shop):
    titles = apply_title_control(shop, "opaque", TEXT).items.columns["title"]
    assert titles[3] == titles[5]
    assert len(set(titles)) == 59
    words = {word for title in shop.items.columns["title"] for word in title.split()}
    assert not words & {word for title in titles for word in title.split() if not word.startswith("(")}


def test_shuffled_titles_are_the_same_titles(shop):
    def bare(table: Entities) -> Counter[str]:
        return Counter(title.partition(" (")[0] for title in table.columns["title"])

    other = apply_title_control(shop, "shuffled", TEXT)
    assert bare(other.items) == bare(shop.items)
    # The order of codes plays no part: the same items in another order get the same titles.
    order = np.random.default_rng(0).permutation(len(shop.items))
    columns = {name: tuple(values[code] for code in order) for name, values in shop.items.columns.items()}
    table = Entities(tuple(shop.items.ids[code] for code in order), join_text([columns[n] for n in TEXT]), columns)
    place = np.argsort(order)
    rows = dataclasses.replace(shop.interactions, item=place[shop.interactions.item])
    again = apply_title_control(
        dataclasses.replace(shop, items=table, interactions=rows, preferences=None), "shuffled", TEXT
    )
    assert dict(zip(again.items.ids, again.items.columns["title"], strict=True)) == dict(
        zip(other.items.ids, other.items.columns["title"], strict=True)
    )


def test_what_still_names_an_item_is_counted(shop):
    names = {
        **shop.items.columns,
        "blurb": tuple(f"Buy {title.partition(' (')[0]}" for title in shop.items.columns["title"]),
    }
    other = apply_title_control(
        dataclasses.replace(shop, items=dataclasses.replace(shop.items, columns=names)), "opaque", TEXT
    )
    assert "another column still names 59 items" in other.steps[-1].note


def test_without_texts_there_is_nothing_to_disguise(shop):
    bare = dataclasses.replace(shop, items=Entities(shop.items.ids))
    with pytest.raises(DataError, match="items have no text"):
        apply_title_control(bare, "opaque", ())
