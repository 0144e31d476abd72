"""What survives of a lead when titles tell nothing."""

from __future__ import annotations

import dataclasses

import pytest

from benchsuite.analysis.contamination import contamination_notes, title_completion_notes
from benchsuite.data import Contrast, DatasetInfo, MetricInfo, ModelInfo


def data(titles: str | None, core: int = 1) -> DatasetInfo:
    settings = {"user_core": core} | ({} if titles is None else {"titles": titles})
    return DatasetInfo(f"films {titles} {core}", "films", settings=settings)


MODELS = (
    ModelInfo("popular", "popular"),
    ModelInfo("content", "content-tfidf"),
    ModelInfo("flm", "flm", is_candidate=True),
)
METRICS = (
    MetricInfo("accuracy", "accuracy", task="classification"),
    MetricInfo("ndcg@10", "ndcg@k"),
    MetricInfo("recall@10", "recall@k"),
)
TITLES = (data("given"), data("opaque"), data("shuffled"))


def contrast(dataset: DatasetInfo, difference: float, **more: object) -> Contrast:
    plain = Contrast(
        dataset=dataset.label,
        split="item-cold",
        metric="ndcg@10",
        model="flm",
        reference="content",
        role="best reference",
        difference=difference,
        ci_low=difference - 0.01,
        ci_high=difference + 0.01,
        p=0.001,
        p_holm=0.01,
        test="t",
        draws=0,
        family=3,
        effect=0.5,
        effect_low=0.4,
        effect_high=0.6,
        users=100,
        wins=60,
        ties=10,
        losses=30,
    )
    return dataclasses.replace(plain, **more)  # type: ignore[arg-type]  # names are the fields


def say(*contrasts: Contrast, datasets: tuple[DatasetInfo, ...] = TITLES) -> list[str]:
    return list(contamination_notes(datasets, MODELS, METRICS, contrasts))


def test_the_shares_of_the_lead_are_told() -> None:
    opaque, shuffled = contrast(TITLES[1], 0.03, reference="popular"), contrast(TITLES[2], -0.01)
    said = say(contrast(TITLES[0], 0.04), opaque, shuffled)
    assert len(said) == 1
    assert said[0].split("; ") == [
        "Contamination probe on films given 1, item-cold, ndcg@10: flm leads content by 0.0400 (95% 0.0300 to 0.0500)",
        "with opaque titles it is ahead of popular by 0.0300 (95% 0.0200 to 0.0400): 75% of the lead survives",
        "with shuffled titles it is ahead of content by -0.0100 (95% -0.0200 to 0.0000): nothing of the lead survives.",
    ]


def test_without_a_lead_there_is_nothing_to_explain() -> None:
    said = say(contrast(TITLES[0], -0.02), contrast(TITLES[1], 0.03))
    assert len(said) == 1
    assert said[0].endswith("flm does not lead content: there is no lead that known titles could explain.")


def test_an_uncertain_lead_and_a_missing_value_are_told() -> None:
    said = say(contrast(TITLES[0], 0.005, p_holm=0.7), contrast(TITLES[2], 0.005, ci_low=None, ci_high=None))
    assert "0.0150) (which the test does not separate from nothing); with opaque titles there is no value; " in said[0]
    assert said[0].endswith("by 0.0050: 100% of the lead survives.")


def test_lower_may_be_better() -> None:
    said = say(contrast(TITLES[0], -0.04, higher_is_better=False), contrast(TITLES[1], -0.01, higher_is_better=False))
    assert "leads content by 0.0400 (95% 0.0300 to 0.0500)" in said[0]
    assert "0.0100 (95% 0.0000 to 0.0200): 25% of the lead survives" in said[0]


@pytest.mark.parametrize(
    ("changed", "datasets"),
    [
        ({"model": "content"}, TITLES),
        ({"metric": "recall@10"}, TITLES),
        ({"role": "chosen"}, TITLES),
        ({}, (TITLES[0],)),
        ({}, (TITLES[0], data("opaque", core=5))),
        ({}, (data(None), data("opaque"))),
    ],
)
def test_everything_else_is_left_in_peace(changed: dict[str, str], datasets: tuple[DatasetInfo, ...]) -> None:
    assert say(*(contrast(one, 0.04, **changed) for one in datasets), datasets=datasets) == []


PROBED = {
    "kind": "masked",
    "titles": 1500,
    "completed": 0.125,
    "next_word": 0.25,
    "control_completed": 0.0,
    "control_next_word": 0.01,
}


def test_completed_titles_are_told_with_their_control() -> None:
    facts = {("films", "als"): {}, ("films", "flm"): {"title_completion": PROBED}}
    (said,) = title_completion_notes(facts)
    given, control = said.split("; ")
    assert given.startswith("Title-completion probe on films, backbone of flm: before any training here it completes")
    assert given.endswith("12.5% of 1,500 titles from their first half (its next word alone: 25.0%)")
    assert control == "of titles whose words were exchanged between titles, which nobody can know, 0.0% (1.0%)."


def test_a_shared_reason_is_told_once() -> None:
    none = {"title_completion": "not applicable: no head"}
    assert list(
        title_completion_notes({(data, model): none for data in ("a", "b") for model in ("flm", "flm-frozen")})
    ) == ["Title-completion probe on a, b, backbone of flm, flm-frozen: not applicable: no head."]
