"""A fitted model of the family as a folder: equal scores, no pickle, and an encoder that others open."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from benchsuite.api import Context, Model
from benchsuite.data import Dataset, Entities, Fold
from benchsuite.errors import NotApplicable
from benchsuite_flm.hybrid import HybridFLM
from benchsuite_flm.models import FLM, FrozenFLM, TextFLM

ROWS = {"flm": FLM, "flm-frozen": FrozenFLM, "flm-text": TextFLM, "flm-hybrid": HybridFLM}


@pytest.fixture(scope="module")
def few(tiny: str) -> dict:
    return {"backbone": tiny, "epochs": 2, "batches": 2, "temperature": 0.3}


@pytest.fixture(scope="module")
def tuned(few: dict, world: Dataset, tmp_path_factory: pytest.TempPathFactory) -> tuple[FLM, Path]:
    """A fine-tuned model and the folder it was saved in."""
    folder = tmp_path_factory.mktemp("tuned")
    model = FLM(**few).fit(world, Context(seed=1))
    model.save(folder)
    return model, folder


def again(model: Model, folder: Path, items: Entities) -> Model:
    """Save a model, and load it into a new one of the same settings."""
    folder.mkdir()
    model.save(folder)
    return type(model).from_settings(model.settings()).load(folder, items)


def check_equal(model: Model, loaded: Model, fold: Fold) -> None:
    """Rankings and pairs, known users and new ones: every bit is the same."""
    codes = np.array([2, 30, 57], np.int32)
    for candidates in (None, codes):
        np.testing.assert_array_equal(loaded.score(fold.queries, candidates), model.score(fold.queries, candidates))
    query, item = np.repeat(np.arange(10), 3).astype(np.int32), np.tile(codes, 10)
    pairs = model.score_pairs(fold.queries, query, item)
    np.testing.assert_array_equal(loaded.score_pairs(fold.queries, query, item), pairs)
    assert loaded.parameter_count() == model.parameter_count()
    assert loaded.facts() == model.facts()


@pytest.mark.slow
@pytest.mark.parametrize("name", ROWS)
def test_a_loaded_model_gives_equal_scores(name: str, few: dict, fold: Fold, tmp_path: Path) -> None:
    more = {"weight": 3.0, "new_weight": 2.0} if name == "flm-hybrid" else {}
    model = ROWS[name](**few, **more).fit(fold.train, Context(seed=1))
    check_equal(model, again(model, tmp_path / "saved", fold.train.items), fold)


@pytest.mark.parametrize(
    "more",
    [
        {"interest": "attention", "loss": "bce"},
        {"interest": "recency", "weighting": "behaviour", "friends": 0.5},
        {"tuning": "lora", "layers": 1, "patience": 1},
    ],
)
def test_all_that_settings_switch_on_is_kept(more: dict, few: dict, make_world, make_fold, tmp_path: Path) -> None:
    data = make_world(labels=False)
    links = np.stack([np.arange(39), np.arange(1, 40)], axis=1).astype(np.int32)
    features = np.random.default_rng(0).normal(size=(len(data.items), 4)).astype(np.float32)
    items = dataclasses.replace(data.items, features=features, feature_names=tuple("abcd"))
    fold = make_fold(dataclasses.replace(data, items=items, links=links))
    inner = dataclasses.replace(make_fold(fold.train), name="validation")
    model = FLM(**few, **more).fit(fold.train, Context(seed=1, validation=inner))
    check_equal(model, again(model, tmp_path / "saved", data.items), fold)


@pytest.mark.slow
def test_the_folder_opens_in_sentence_transformers(tuned, encoder, few: dict, world: Dataset, tmp_path: Path) -> None:
    import sentence_transformers

    from benchsuite_content.backbone import load_backbone

    decoder = FLM(**few | {"backbone": encoder("gpt2")}).fit(world, Context(seed=1))
    decoder.save(tmp_path)
    for model, folder in (tuned, (decoder, tmp_path)):
        opened = sentence_transformers.SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        assert world.items.text is not None
        vectors = opened.encode(list(world.items.text), show_progress_bar=False)
        assert vectors == pytest.approx(model.vectors, abs=2e-5)
        assert opened.similarity_fn_name == "cosine"
        assert load_backbone(str(folder)).max_tokens == opened.max_seq_length


def test_fine_tuned_weights_are_saved_not_those_it_came_with(tuned, few: dict, world: Dataset, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    FrozenFLM(**few).fit(world, Context(seed=1)).save(tmp_path)
    came = load_file(Path(few["backbone"]) / "model.safetensors")
    kept, changed = load_file(tmp_path / "model.safetensors"), load_file(tuned[1] / "model.safetensors")
    assert all((kept[name] == value).all() for name, value in came.items())
    assert any((changed[name] != value).any() for name, value in came.items())
    assert changed.keys() == came.keys()


def test_no_pickle_and_no_path_of_this_machine(tuned, few: dict) -> None:
    files = [path for path in tuned[1].rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {".json", ".safetensors", ".txt"}
    told = {path.name: path.read_text() for path in files if path.suffix == ".json"}
    assert [path for path, text in told.items() if few["backbone"] in text] == ["flm.json"]  # its provenance
    modules = json.loads(told["modules.json"])
    assert [module["path"] for module in modules] == ["", "1_Pooling", "2_Normalize"]


def test_a_loaded_model_is_not_saved_again(few: dict, world: Dataset, tmp_path: Path) -> None:
    model = FrozenFLM(**few).fit(world, Context(seed=1))
    loaded = again(model, tmp_path / "saved", world.items)
    with pytest.raises(NotApplicable, match="copy that folder"):
        loaded.save(tmp_path / "twice")


def test_a_stranger_asks_a_saved_model(few: dict, world: Dataset, ask, tmp_path: Path) -> None:
    from benchsuite.registry import find, load_source
    from benchsuite_saved.folder import Origin, open_folder, with_unknown_user, write_folder
    from benchsuite_saved.recommending import recommend

    model = HybridFLM(**few, weight=3.0).fit(with_unknown_user(world), Context(seed=1))
    assert model._head.profiles is not None
    assert not model._head.profiles[-1].any()  # nothing is known of who asks later
    assert model._head.profiles[:-1].any(dim=1).all()
    origin = Origin(find("models", "flm-hybrid"), load_source("demo")(), "demo", seed=1)
    write_folder(tmp_path / "saved", model, world, origin)
    card = (tmp_path / "saved" / "README.md").read_text()
    assert 'SentenceTransformer("FOLDER")' in card
    saved = open_folder(tmp_path / "saved")
    shown = [0, 3, 6]
    answers = recommend(saved, shown, 5)
    assert len(answers) == 5
    assert not {one.item for one in answers} & set(shown)
    scores = model.score(ask(world, [len(world.users)], [shown]), None)[0]
    scores[shown] = -np.inf
    assert [one.item for one in answers] == np.argsort(-scores, kind="stable")[:5].tolist()
    assert [one.score for one in answers] == pytest.approx(np.sort(scores)[::-1][:5], abs=1e-5)
    assert {reason.item for reason in answers[0].because} == set(shown)
    assert len(recommend(saved, [], 5)) == 5  # a new user without any history gets an answer too
