"""Saved models as folders: whole or absent, checked when opened, equal when asked."""

import dataclasses
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from benchsuite.api import Context, DataLocations, Model
from benchsuite.data import Contrast, Dataset, Entities, Row
from benchsuite.errors import DataError, NotApplicable, PluginError, StoreError
from benchsuite.evaluate import rank
from benchsuite.registry import PluginEntry, find, load_source
from benchsuite_classic.als import ALS
from benchsuite_classic.ease import EASE
from benchsuite_classic.popular import Popular
from benchsuite_saved.folder import Origin, check_savable, check_target, open_folder, with_unknown_user, write_folder
from benchsuite_saved.model_card import Benchmark


@pytest.fixture(scope="module")
def demo() -> Dataset:
    return load_source("demo").from_settings({"users": 80, "items": 60}).load(DataLocations(offline=True))


@pytest.fixture(scope="module")
def origin() -> Origin:
    return Origin(find("models", "ease"), load_source("demo")(), "demo", seed=3)


@pytest.fixture
def folder(demo: Dataset, origin: Origin, tmp_path: Path) -> Path:
    model = EASE(regularization=50.0).fit(with_unknown_user(demo), Context())
    write_folder(tmp_path / "saved", model, demo, origin)
    return tmp_path / "saved"


@pytest.mark.parametrize("cls", [EASE, ALS])
def test_classics_give_equal_scores_and_lists_when_opened(cls: type[Model], demo, origin, tmp_path, small_fold) -> None:
    fold = small_fold(demo)
    name = cls.__name__.lower()
    model = cls().fit(with_unknown_user(fold.train), Context(seed=1))
    write_folder(tmp_path / name, model, demo, dataclasses.replace(origin, entry=find("models", name)))
    saved = open_folder(tmp_path / name)
    assert type(saved.model) is cls
    np.testing.assert_array_equal(saved.model.score(fold.queries, None), model.score(fold.queries, None))
    np.testing.assert_array_equal(rank(saved.model, fold, 10).item, rank(model, fold, 10).item)
    assert saved.model.parameter_count() == model.parameter_count()


@pytest.fixture
def small_fold():
    """A function: data set -> the first fold of a random split."""
    from benchsuite.registry import load_split

    return lambda data: next(iter(load_split("random-holdout")().split(data, 1)))


def test_the_record_says_what_was_fitted_on_what(folder: Path, demo: Dataset) -> None:
    saved = open_folder(folder)
    assert saved.model.settings() == {"regularization": 50.0}
    assert (saved.items.ids, saved.items.text) == (demo.items.ids, demo.items.text)
    assert dict(saved.items.columns) == dict(demo.items.columns)
    about = json.loads((folder / "benchsuite.json").read_text())
    assert about["model"]["plugin"] == "benchsuite/ease"
    assert about["model"]["version"] == EASE.version
    assert (about["seed"], about["data"]["fingerprint"]) == (3, demo.fingerprint)
    assert set(about["files"]) == {"ease.safetensors", "items.json"}
    everything = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert not any(f'"{name}"'.encode() in everything for name in demo.users.ids)
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o666 & ~umask()}


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def unpadded(card: Path) -> str:
    """Return a card without the spaces that align its tables."""
    return re.sub(" +", " ", card.read_text())


def test_the_card_says_that_nothing_was_measured(folder: Path) -> None:
    text = unpadded(folder / "README.md")
    assert text.startswith("---\nlibrary_name: benchsuite\n")
    assert "**This model was not benchmarked.**" in text
    assert "| regularization | 50.0 | 300.0 |" in text
    assert "@inproceedings{steck2019ease" in text
    assert "sentence_transformers" not in text


def test_the_card_shows_numbers_gaps_and_the_best_reference(demo: Dataset, origin: Origin, tmp_path: Path) -> None:
    rows = (
        Row("demo", "warm", "ease", "ndcg@10", 0.25, 0.2, 0.3, 80, "ok"),
        Row("demo", "cold", "ease", "ndcg@10", None, None, None, 0, "failed", "test: a | b"),
    )
    zeros = dict.fromkeys(("draws", "family", "effect", "effect_low", "effect_high", "wins", "ties", "losses"), 0)
    held = Contrast(
        "demo", "warm", "ndcg@10", "ease", "als", "best reference", 0.01, -0.01, 0.03, 0.4, 0.4, "t", users=80, **zeros
    )
    benchmark = Benchmark("mine", "f" * 64, "demo", "ease", "Tuned.", rows, (held,))
    model = EASE().fit(with_unknown_user(demo), Context())
    write_folder(tmp_path / "saved", model, demo, dataclasses.replace(origin, benchmark=benchmark))
    text = unpadded(tmp_path / "saved" / "README.md")
    shown = "| warm | ndcg@10 | 0.2500 (0.2000 to 0.3000) | 80 | als | +0.0100 (-0.0100 to +0.0300) | not separated |"
    assert shown in text
    assert "| cold | ndcg@10 | failed: test: a \\| b |" in text
    assert "not benchmarked" not in text
    assert open_folder(tmp_path / "saved").about["benchmark"]["experiment"] == "mine"


def test_a_place_where_something_lies_is_refused(folder: Path, demo: Dataset, origin: Origin, tmp_path: Path) -> None:
    before = sorted(folder.iterdir())
    for taken in (folder, folder / "README.md"):
        with pytest.raises(StoreError, match="is not an empty folder"):
            write_folder(taken, EASE().fit(with_unknown_user(demo), Context()), demo, origin)
    assert sorted(folder.iterdir()) == before
    (tmp_path / "empty").mkdir()
    check_target(tmp_path / "empty")
    write_folder(tmp_path / "empty", EASE().fit(with_unknown_user(demo), Context()), demo, origin)
    assert open_folder(tmp_path / "empty").about["format"] == 1


def test_what_fails_half_way_leaves_nothing(demo: Dataset, origin: Origin, tmp_path: Path) -> None:
    @dataclass
    class Breaks(EASE):
        """Fails once a file is written."""

        def save(self, folder: Path) -> None:
            super().save(folder)
            raise OSError(28, "No space left on device")

    with pytest.raises(StoreError, match="No space left on device"):
        write_folder(tmp_path / "saved", Breaks().fit(with_unknown_user(demo), Context()), demo, origin)
    assert not list(tmp_path.iterdir())


def test_models_that_cannot_be_saved_say_so_before_the_fit() -> None:
    with pytest.raises(NotApplicable, match="popular cannot be saved"):
        check_savable(find("models", "popular"), Popular())
    with pytest.raises(NotApplicable, match="Popular cannot be saved"):
        Popular().save(Path())
    with pytest.raises(NotApplicable, match="Popular cannot be saved"):
        Popular().load(Path(), Entities(()))
    with pytest.raises(PluginError, match="only an installed model"):
        check_savable(PluginEntry("models", "EASE", "", "", "./mine.py:EASE"), EASE())


def test_what_is_no_saved_model_is_said_in_one_line(folder: Path, tmp_path: Path) -> None:
    for wrong in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(DataError, match=r"no saved model: there is no benchsuite\.json"):
            open_folder(wrong)
    for text in ("{", "[]", '{"format": 1}', '{"format": 1, "files": {}, "model": 3}'):
        (folder / "benchsuite.json").write_text(text)
        with pytest.raises(DataError, match="cannot be read"):
            open_folder(folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 2}, "has format 2, not 1"),
        ({"model": {"plugin": "benchsuite/ease", "version": "0", "settings": {}}}, "version 0 of benchsuite/ease"),
        ({"model": {"plugin": "./evil.py:Model", "version": "1", "settings": {}}}, r"names the file"),
        ({"model": {"plugin": "gone/ease", "version": "1", "settings": {}}}, "unknown model"),
    ],
)
def test_a_folder_of_another_kind_is_refused(change: dict, said: str, folder: Path) -> None:
    path = folder / "benchsuite.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises((DataError, PluginError), match=said):
        open_folder(folder)


def test_damage_is_found_but_the_card_may_be_edited(folder: Path) -> None:
    (folder / "README.md").write_text("mine")
    open_folder(folder)
    weights = folder / "ease.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(DataError, match=r"ease\.safetensors: is missing or not as it was saved"):
        open_folder(folder)
    weights.unlink()
    with pytest.raises(DataError, match="is missing"):
        open_folder(folder)


def test_whoever_asks_later_is_a_user_of_whom_nothing_is_known(demo: Dataset) -> None:
    features = np.array([[1.0, 5.0]] * len(demo.users), np.float32)
    told = tuple("likes tea" for _ in demo.users.ids)
    users = Entities((*demo.users.ids[1:], "nobody"), told, {"job": told}, features, ("a", "b"))
    more = with_unknown_user(dataclasses.replace(demo, users=users)).users
    assert more.ids == (*users.ids, "nobody_")
    assert (more.text or ())[-1] == more.columns["job"][-1] == ""
    assert more.features is not None
    assert more.features[-1].tolist() == [1.0, 5.0]
    assert with_unknown_user(demo).preferences is None
    assert len(with_unknown_user(demo).interactions) == len(demo.interactions)
