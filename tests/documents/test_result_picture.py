"""What the first page and the README show of the main job is what its published run says."""

from __future__ import annotations

import re

import pytest

from make_site import result_picture
from make_site.assemble import MAIN_JOB
from make_site.places import REPOSITORY

FOUND = result_picture.results(MAIN_JOB)


def test_the_sentences_of_the_readme_are_the_numbers():
    """Warm: behind EASE. New items: how far ahead of the best baseline and of the frozen twin."""
    readme = " ".join((REPOSITORY / "README.md").read_text("utf-8").split())
    told = re.search(
        r"\*loses\* to EASE \((\.\d+) against (\.\d+)\); for new items it \*wins\* by (\d+)% over the strongest "
        r"baseline \((\.\d+) against (\.\d+)\), by (\d+)% over its frozen twin",
        readme,
    )
    assert told is not None

    def mean(split: str, model: str) -> str:
        return f"{FOUND[split, model].mean:.3f}".removeprefix("0")

    def ahead(other: str) -> str:
        return str(round(100 * (FOUND["item-cold", "flm"].mean / FOUND["item-cold", other].mean - 1)))

    warm = mean("random-holdout", "flm"), mean("random-holdout", "ease")
    new = ahead("als-content"), mean("item-cold", "flm"), mean("item-cold", "als-content"), ahead("flm-frozen")
    assert told.groups() == warm + new
    plain = [model for split, model in FOUND if split == "item-cold" and not model.startswith("flm")]
    assert max(plain, key=lambda model: FOUND["item-cold", model].mean) == "als-content"


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
