import pytest

from benchsuite.registry import load_model
from benchsuite.tune import Budget, Study, Trial

pytestmark = pytest.mark.process


@pytest.mark.parametrize(
    ("penalties", "ends"), [([10.0], []), ([300.0, 10.0], ["regularization"]), ([10.0, 300.0], [])]
)
def test_a_winner_at_an_end_of_its_range_is_named_if_it_beat_anybody(penalties: list[float], ends: list[str]) -> None:
    study = Study(load_model("ease")(), Budget("ndcg@10", trials=5), 1)
    for value, penalty in enumerate(penalties):
        study.tell(Trial({"regularization": penalty}, float(value), 1.0, str(value)))
    assert study.edges() == ends


def test_a_setting_that_was_given_is_not_searched() -> None:
    model = load_model("als")(factors=20)
    study = Study(model, Budget("ndcg@10", trials=5), 1, held=["factors"])
    for value in range(5):
        settings = study.ask()
        assert settings is not None
        assert settings["factors"] == 20
        study.tell(Trial(settings, float(value), 1.0, str(value)))
    assert len({trial.settings["regularization"] for trial in study.trials}) == 5
