"""Which files hold the rows of a source, wherever a copy lies: models may not open them, and may open others."""

from __future__ import annotations

from pathlib import Path

from benchsuite.api import DataLocations
from benchsuite_datasets.demo import Demo
from benchsuite_datasets.file_source import FileSource


def touched(*paths: Path) -> set[Path]:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return set(paths)


def found(source, place: DataLocations) -> set[Path]:
    return {path for path in source.raw_files(place) if path.is_file()}


def test_a_card_names_them_in_the_set_s_own_folder_and_in_the_cache(toy, toy_folder, here):
    place, _ = here(toy_folder)
    own, cached = toy_folder / "toy", place.cache / "files" / "toy" / "upstream"
    test_part = own / "published_test.csv"  # no card names it
    prepared = place.cache / "prepared" / "toy-12" / "interactions.item.npy"
    rows = touched(own / "ratings.csv", test_part, cached / "ratings.csv", prepared)
    other = place.cache / "prepared" / "another-12" / "interactions.item.npy"
    touched(cached / "things.csv", own / "my_model.py", own / "posters" / "tea.png", other)
    touched(prepared.with_name("items.text.npy"), place.cache / "shared" / "vectors.npy", toy_folder / "weights.bin")
    (own / "README").write_text("x", "utf-8")
    (own / "ratings.csv").write_text("x" * 500, "utf-8")
    test_part.write_text("x" * 5, "utf-8")
    assert found(toy()(), place) == rows


def test_loose_files_and_archives_count_where_the_set_is_whole(toy, here, tmp_path):
    place, _ = here(tmp_path / "named")
    source = toy('{ kind = "zip", url = "https://example.org/toy.zip", folder = "toy" }')()
    touched(tmp_path / "named" / "ratings.csv")
    assert found(source, place) == set(), "a common name alone is no proof"
    touched(tmp_path / "named" / "things.csv")
    archive = touched(tmp_path / "named" / "toy.zip")
    assert found(source, place) == {tmp_path / "named" / "ratings.csv", *archive}


def test_own_tables_and_cards(here, tmp_path):
    place, _ = here(tmp_path)
    table, prepared = tmp_path / "My rows.csv", place.cache / "prepared" / "my-rows-1" / "interactions.user.npy"
    touched(table, prepared, tmp_path / "weights.bin")
    assert found(FileSource(path="My rows.csv"), place) == {table, prepared}
    touched(tmp_path / "things.csv", tmp_path / "more.csv")
    card = '[interactions]\nfile = "{}"\ncolumns = {{ user = "user", item = "item" }}\n'
    side = '[[items]]\nfile = "things.csv"\ncolumns = { id = "id", name = "name" }\n'
    (tmp_path / "more.toml").write_text('name = "said"\n' + card.format("more.csv") + side, "utf-8")
    kept = touched(place.cache / "prepared" / "said-1" / "interactions.user.npy")
    for name in ("more.csv", "more.toml"):
        assert found(FileSource(path=name), place) == {tmp_path / "more.csv", *kept}


def test_what_is_made_on_the_spot_has_none(here):
    assert found(Demo(), here()[0]) == set()
