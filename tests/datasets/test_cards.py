from __future__ import annotations

import re
import tomllib

import pytest

from benchsuite.errors import ConfigError, DataError
from benchsuite_datasets.card_loader import card_names, parse_card, read_card
from benchsuite_datasets.card_source import source_class


@pytest.mark.parametrize("name", card_names())
def test_every_card_is_complete(name):
    card = read_card(name)
    assert card.name == name
    for text in (card.title, card.domain, card.summary, card.licence):
        assert text.strip() == text != ""
    assert card.url.startswith("https://")
    assert card.expect or card.choice or any("is not published" in quirk for quirk in card.quirks)
    assert card.cite, "a reader must know whom to cite"
    for entry in card.cite:
        assert re.fullmatch(r"@\w+\{[\w:.-]+,.*\}", entry.strip(), re.DOTALL)
        assert entry.count("{") == entry.count("}")


@pytest.mark.parametrize("name", card_names())
def test_every_card_makes_a_source(name):
    source = source_class(read_card(name))
    assert source.summary()
    assert source().settings().keys() == source.fields().keys()
    assert source.from_settings(source().settings()) == source()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('title = "Toy"', "", "toy.toml, key title: field required"),
        ('title = "Toy"', 'titel = "Toy"', "toy.toml, key title: field required"),
        ('title = "Toy"', 'title = "Toy"\ncolour = "red"', "toy.toml, key colour: extra inputs are not permitted"),
        ("redistribution = true", 'redistribution = "yes"', "key redistribution: input should be a valid boolean"),
        ('name = "toy"', 'name = "../toy"', "key name: string should match pattern"),
        ('name = "ratings.csv"', 'name = "../ratings.csv"', "'../ratings.csv' is not a plain relative path"),
        ('name = "ratings.csv"', 'name = "/etc/passwd"', "'/etc/passwd' is not a plain relative path"),
        ('name = "ratings.csv"', 'name = "C:ratings.csv"', "'C:ratings.csv' is not a plain relative path"),
        ("bytes = 9", "bytes = -9", "key layouts.0.files.0.bytes: input should be greater than 0"),
        ('sha256 = ""', 'sha256 = "abc"', "key layouts.0.files.1.sha256: a sha256 has 64 lower-case hex digits"),
        ('file = "things.csv"', 'file = "thing.csv"', "table file 'thing.csv' is not among the files"),
        ('file = "things.csv"', "", "a table needs either file or from_rows = true"),
        ('file = "things.csv"', 'file = "things.csv"\nheader = false', "names are given exactly where header = false"),
        ('file = "things.csv"', 'file = "things.csv"\nseparator = ""', "string should have at least 1 character"),
        ("behaviours = [", "behaviours = [] #", "key behaviours: tuple should have at least 1 item"),
        ('title = "Toy"', "title = ", "toy.toml: is not valid TOML: "),
    ],
)
def test_a_bad_card_is_one_line_that_names_the_key(toy_toml, old, new, message):
    assert old in toy_toml
    with pytest.raises(DataError) as caught:
        parse_card(toy_toml.replace(old, new), "toy.toml")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_defaults_of_a_card_are_settings(toy_toml):
    card = parse_card(toy_toml.replace("positive_from", "positive_form"), "toy.toml")
    with pytest.raises(ConfigError, match='card toy, defaults: unknown setting "positive_form"; did you mean'):
        source_class(card)
    card = parse_card(toy_toml.replace("positive_from = 4.0", "user_core = 0"), "toy.toml")
    with pytest.raises(ConfigError, match='card toy, defaults: setting "user_core"'):
        source_class(card)


def test_cards_are_found_by_name():
    assert "ml-100k" in card_names()
    with pytest.raises(DataError, match='no card "ml-10k"; did you mean "ml-100k"'):
        read_card("ml-10k")


@pytest.mark.parametrize("name", card_names())
def test_a_source_tells_what_its_card_says(name):
    card = read_card(name)
    told = source_class(card).__doc__
    for quirk in card.quirks:
        assert f"- {quirk}" in told
    for layout in card.layouts:
        for mirror in layout.mirrors:
            assert (mirror.url or mirror.requirement) in told
        for table in layout.interactions:
            assert table.file in told
    assert ("may not pass the files on" in told) != card.redistribution
    assert (card.expect is None) or f"{card.expect.rows:,} rows" in told


def test_every_choice_makes_a_card():
    for name in card_names():
        card = read_card(name)
        for value in card.choice.values if card.choice else ():
            chosen = card.chosen(value)
            assert not any("{" in file.name for file in chosen.layouts[0].files)
            assert all(value in file.name for file in chosen.layouts[0].files)
            assert all(
                "{" not in mirror.there(file.name)
                for mirror in chosen.layouts[0].mirrors
                for file in chosen.layouts[0].files
            )


def test_every_card_is_packed(repository):
    points = tomllib.loads((repository / "pyproject.toml").read_text())["project"]["entry-points"]["benchsuite.sources"]
    assert set(card_names()) <= set(points)
