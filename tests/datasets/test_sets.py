"""Every card against the real files: published counts, what preparation leaves, and what models get."""

from __future__ import annotations

import numpy as np
import pytest

from benchsuite.api import DataLocations
from benchsuite.registry import entries
from benchsuite_datasets import sources
from benchsuite_datasets.card_loader import card_names, read_card

NAMES = [name for name in card_names() if name != "ml-100k"]
AT_HAND = [name for name in NAMES if not any("were not at hand" in quirk for quirk in read_card(name).quirks)]
"""Sets whose real files were read; the others are tested in ``test_formats_of_cards.py``."""


def source_of(name):
    return getattr(sources, name.replace("-", "_").replace(".", "_"))


@pytest.fixture(scope="module")
def place_of(real_set):
    return lambda name: DataLocations(folders=(real_set(name).parent,), offline=True)


@pytest.fixture(scope="module")
def load(place_of):
    loaded = {}

    def get(name):
        if name not in loaded:
            loaded[name] = source_of(name)().load(place_of(name))
        return loaded[name]

    return get


def texts(table):
    return dict(zip(table.ids, table.text, strict=True))


def test_every_card_is_an_entry_point():
    points = {entry.name: entry.target for entry in entries("sources") if entry.distribution == "benchsuite"}
    assert set(card_names()) <= set(points)
    for name in NAMES:
        assert points[name] == f"benchsuite_datasets.sources:{name.replace('-', '_').replace('.', '_')}"
    with pytest.raises(AttributeError, match="no card nothing"):
        sources.nothing  # noqa: B018 - looking it up is the point


@pytest.mark.slow
@pytest.mark.parametrize("name", AT_HAND)
def test_published_counts_are_met(name, place_of):
    check = source_of(name)().check(place_of(name))
    assert check.expected, "a set that lies here has published counts"
    assert check.here
    assert check.found == check.expected


@pytest.mark.slow
@pytest.mark.parametrize("name", AT_HAND)
def test_preparation_is_counted_without_a_gap(name, load):
    dataset = load(name)
    card = read_card(name)
    assert dataset.steps[0].before == card.expect.rows
    for before, after in zip(dataset.steps, dataset.steps[1:], strict=False):
        assert before.after == after.before
    assert dataset.steps[-1].after == len(dataset.interactions)
    assert (dataset.items.text is not None) == bool(card.item_text)
    assert (dataset.users.text is not None) == bool(card.user_text)


def test_ml_latest_small(load):
    dataset = load("ml-latest-small")
    assert len(dataset.interactions) == 100_836
    assert texts(dataset.items)["1"] == "Toy Story (1995). Adventure, Animation, Children, Comedy, Fantasy"
    tags = dict(zip(dataset.items.ids, dataset.items.columns["tags"], strict=True))
    assert tags["1"] == "pixar, fun"
    assert "no genres" not in " ".join(dataset.items.text)
    assert set(np.unique(dataset.interactions.value)) == set(np.arange(0.5, 5.5, 0.5))
    assert "18 items of the table without any row left out" in dataset.steps[-1].note


def test_online_retail_nets_cancellations(load, raw_rows):
    dataset = load("online-retail")
    assert (dataset.interactions.value > 0).all()
    bought = {(user, item): value for user, item, value in raw_rows(dataset)}
    # bought and cancelled a quarter of an hour later: 80,995 pieces that nobody ever had
    assert ("16446", "23843") not in bought
    assert ("12346", "23166") not in bought
    assert bought["17850", "85123A"] > 0
    by_name = {step.name: step for step in dataset.steps}
    assert by_name["net cancellations against what was taken before"].note.startswith("8,539 cancellations, ")
    assert by_name["drop rows without a user or an item"].note.startswith("134,050 rows without a user")
    assert texts(dataset.items)["85123A"] == "WHITE HANGING HEART T-LIGHT HOLDER"
    for code in ("POST", "M", "D", "BANK CHARGES"):
        assert code not in dataset.items.ids


@pytest.mark.slow
def test_online_retail_netted_by_hand(real_set, load, raw_rows):
    """One customer's sums, computed the slow way from the file, where every cancellation follows its purchase."""
    import pandas as pd

    frame = pd.read_csv(real_set("online-retail") / "online_retail.csv.gz", dtype=str)
    own = frame[(frame["CustomerID"] == "12748.0") & frame["StockCode"].str.match(r"\d{5}")]
    expected: dict[str, float] = {}
    for code, rows in own.groupby("StockCode"):
        stock = 0.0
        for quantity in rows.sort_values("InvoiceDate", kind="stable")["Quantity"].astype(float):
            stock = max(0.0, stock + quantity)
        if stock:
            expected[str(code)] = stock
    found = {item: value for user, item, value in raw_rows(load("online-retail")) if user == "12748"}
    assert {item: value for item, value in found.items() if item[:5].isdigit()} == expected


def test_rees46_has_its_three_behaviours(load):
    dataset = load("rees46-sample")
    rows = dataset.interactions
    assert rows.behaviours == ("view", "cart", "purchase")
    assert dict(zip(rows.behaviours, np.bincount(rows.behaviour), strict=True))["purchase"] > 150
    assert {(int(b), float(v)) for b, v in zip(rows.behaviour, rows.value, strict=True)} == {
        (0, 1.0),
        (1, 3.0),
        (2, 5.0),
    }
    assert dataset.steps[1].name == "drop the last line, which is cut off in its user"
    assert dataset.steps[1].before - dataset.steps[1].after == 1
    assert "52040330" not in dataset.users.ids
    assert "computers, peripherals, monitor. hp" in dataset.items.text


def test_deskdrop_has_its_five_behaviours(load):
    rows = load("deskdrop").interactions
    assert rows.behaviours == ("view", "like", "bookmark", "follow", "comment")
    assert np.bincount(rows.behaviour).min() > 300
    pairs = rows.user.astype(np.int64) * 2987 + rows.item
    assert len(np.unique(pairs)) == len(rows), "each pair has its strongest behaviour only"
    whole = source_of("deskdrop")(duplicates="all", behaviours=("like", "bookmark"))
    assert len(whole.actions()) == 4


def test_lastfm_has_friends(load):
    dataset = load("lastfm-hetrec2011")
    assert dataset.links.shape == (25_434, 2)
    assert {(b, a) for a, b in dataset.links.tolist()} == {(a, b) for a, b in dataset.links.tolist()}
    assert texts(dataset.items)["51"] == "Duran Duran"
    assert dataset.interactions.timestamp is None
    assert dataset.interactions.value.max() == 352_698


def test_senate_trades_lose_scans_and_markup(load):
    dataset = load("senate-stock-trades")
    text = texts(dataset.items)
    assert not any("<" in one or "&amp;" in one or "scanned PDF" in one for one in text.values())
    assert text["AT&amp;T Inc."] == "AT&T Inc. Stock"
    assert text["Merck &amp;amp; Co. Inc."] == "Merck & Co. Inc. Stock"
    bond = next(one for raw, one in text.items() if raw.startswith("OWENS &amp; MINOR <div"))
    assert bond == "OWENS & MINOR Rate/Coupon: 3.875% Matures: 09/15/2021. Corporate Bond"
    assert dataset.steps[1].name == "drop scanned filings without a trade"
    assert dataset.steps[1].before - dataset.steps[1].after == 463


def test_mimic_patients_have_diagnoses(load):
    dataset = load("mimic-iii-demo")
    assert all(dataset.users.text)
    assert texts(dataset.users)["10006"].startswith("Sepsis; Infection and inflammatory reaction due to other vascular")
    assert texts(dataset.items)["Bisacodyl"] == "Bisacodyl. SUPP. PR", "its most frequent form and route"
    assert dataset.steps[0].note == "20 codes of diagnoses without words"


@pytest.mark.parametrize("name", ["mooccubex", "gowalla"])
def test_published_parts_are_read_in_full(name, load):
    dataset = load(name)
    assert dataset.items.text is None
    assert dataset.interactions.timestamp is None
    rows = dataset.interactions
    order = np.lexsort((rows.item, rows.user))
    assert np.array_equal(order, np.arange(len(rows))), "rows whose order means nothing are in the order of their codes"


@pytest.mark.slow
def test_gowalla_is_the_same_in_another_order(real_set, tmp_path, load, monkeypatch):
    """Copies of the training part that differ in order only give one data set."""
    from benchsuite_datasets import file_lookup

    folder = tmp_path / "gowalla"
    folder.mkdir()
    lines = (real_set("gowalla") / "train.txt").read_text("ascii").splitlines()
    (folder / "train.txt").write_text(
        "\n".join(" ".join((line.split()[0], *line.split()[:0:-1])) for line in lines[::-1])
    )
    (folder / "test.txt").write_bytes((real_set("gowalla") / "test.txt").read_bytes())
    monkeypatch.setattr(file_lookup, "matches", lambda _file, _path: True)
    other = source_of("gowalla")().load(DataLocations(folders=(tmp_path,), offline=True))
    assert other.fingerprint == load("gowalla").fingerprint
