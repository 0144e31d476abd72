"""What the first page and the README show of the main job is what its published run says."""

from __future__ import annotations

import re

import pytest

from make_site import result_picture
from make_site.assemble import MAIN_JOB, REPOSITORY

FOUND = result_picture.results(MAIN_JOB)


def shown(split: str, model: str) -> str:
    one = FOUND[split, model]
    half = max(one.high - one.mean, one.mean - one.low)
    return f"{one.mean:.3f} ±{half:.3f}".replace("0.", ".")


@pytest.mark.parametrize("model", sorted({model for _, model in FOUND}))
def test_the_readme_shows_the_published_run(model):
    readme = (REPOSITORY / "README.md").read_text("utf-8")
    row = re.search(rf"^\| {model} \| (.*) \| (.*) \|$", readme, re.MULTILINE)
    assert row is not None
    cells = [cell.replace("*", "").removesuffix(" †") for cell in row.groups()]
    assert cells == [shown(split, model) for split in result_picture.PLACES]
    assert [cell.endswith("†") for cell in row.groups()] == [
        not FOUND[split, model].own for split in result_picture.PLACES
    ]


def test_the_sentences_of_the_readme_are_the_numbers():
    """New items: how far the fine-tuned model is ahead of the best baseline, of its frozen twin, of frozen vectors."""
    readme = " ".join((REPOSITORY / "README.md").read_text("utf-8").split())
    told = re.search(
        r"wins by (\d+)% over the strongest baseline, by (\d+)% over its frozen twin and by (\d+)%", readme
    )
    assert told is not None
    flm = FOUND["item-cold", "flm"].mean
    ahead = [flm / FOUND["item-cold", other].mean for other in ("als-content", "flm-frozen", "content-lm")]
    assert [int(number) for number in told.groups()] == [round(100 * (ratio - 1)) for ratio in ahead]


def test_the_picture_shows_each_number_and_who_is_best():
    drawn = result_picture.picture(MAIN_JOB)
    for split in result_picture.PLACES:
        for model in result_picture.SHOWN:
            number = result_picture.number(FOUND[split, model].mean)
            assert f">{number}<" in drawn or f">({number})<" in drawn
    best = re.findall(r'<g class="best"><text[^>]*>([^<]*)<', drawn)
    assert best == ["EASE", "language model, fine-tuned"]
    assert drawn.count('<g class="fallback">') == 2, "popularity and EASE know nothing of new items"
    assert drawn.count("<rect") == len(result_picture.PLACES) * len(result_picture.SHOWN)


def test_bars_are_as_long_as_their_numbers():
    drawn = result_picture.picture(MAIN_JOB)
    widths = [float(width) for width in re.findall(r'<rect [^>]*width="([\d.]+)"', drawn)]
    means = [FOUND[split, model].mean for split in result_picture.PLACES for model in result_picture.SHOWN]
    assert widths == pytest.approx([mean * widths[0] / means[0] for mean in means], rel=0.01)


def test_the_table_marks_the_best_of_all_and_what_the_fallback_answered():
    told = result_picture.numbers(MAIN_JOB)
    assert told.count("**") == 4
    assert "(.073 ±.007)" in told
