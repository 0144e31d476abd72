"""Figures: all formats, one look for each model, names drawn as they are. The kit shows that bytes are the same."""

from __future__ import annotations

import dataclasses
import itertools
import re

import numpy as np
import pytest
from papers import rendered_once

from benchsuite_reports.figures import mpl_style, plots
from benchsuite_reports.figures.comparison_figures import figures
from benchsuite_reports.figures.mpl_style import Bare, label
from benchsuite_reports.model.comparison_index import ComparisonIndex
from benchsuite_reports.model.palette import model_styles
from benchsuite_reports.model.series import best_so_far, joined, spots, sweeps, wholes
from benchsuite_reports.render.figures import Figures


@pytest.fixture(scope="module")
def small(invent):
    return invent(datasets=("invented-demo",), splits=("item-cold", "user-cold", "user-cold/k=0", "user-cold/k=5"))


@pytest.fixture(scope="module")
def files(small, tmp_path_factory):
    return rendered_once(tmp_path_factory, "figures", lambda: Figures().render(small))


@pytest.mark.slow
def test_each_figure_comes_in_each_format(files):
    stems = ["quality-invented-demo", "cold-invented-demo-user-cold", "cost-invented-demo-item-cold",
             "cost-invented-demo-user-cold", "tuning-invented-demo-random-holdout"]  # fmt: skip
    assert set(files) == {f"{stem}.{form}" for stem in stems for form in ("pdf", "svg", "png")}
    starts = {"pdf": b"%PDF-", "svg": b"<?xml", "png": b"\x89PNG"}
    assert all(content.startswith(starts[name.rpartition(".")[2]]) for name, content in files.items())


def test_formats_can_be_left_out(small, monkeypatch):
    monkeypatch.setattr(mpl_style, "write", lambda _figure, form: form.encode())
    assert {name.rpartition(".")[2] for name in Figures(pdf=False, png=False).render(small)} == {"svg"}


@pytest.mark.slow
def test_figures_carry_no_date(files):
    for name, content in files.items():
        assert b"CreationDate" not in content, name
        assert not re.search(rb"<dc:date>", content), name


@pytest.fixture(scope="module")
def drawn(small):
    return figures(small)


def test_simulated_data_is_named_in_the_picture(drawn):
    titles = {
        stem: [figure.get_suptitle(), *(axes.get_title(loc="left") for axes in figure.axes)]
        for stem, figure in drawn.items()
    }
    assert all(any("(simulated)" in text for text in texts) for texts in titles.values())


def test_dots_stand_at_the_values(small, drawn):
    figure = drawn["quality-invented-demo"]
    drawn = {float(line.get_xdata()[0]) for line in figure.axes[0].lines if len(line.get_xdata()) == 1}
    assert drawn == {
        row.mean for row in small.rows if (row.split, row.metric) == ("item-cold", "ndcg@10") and row.mean is not None
    }


@pytest.mark.slow
def test_lines_join_numbers_and_never_categories(invent):
    cut = ("user-cold", "user-cold/k=0", "user-cold/k=5", "two-groups", "two-groups/films", "two-groups/books")
    drawn = figures(invent(datasets=("invented-demo",), splits=("random-holdout", *cut)))
    apart = ["cold-invented-demo-two-groups", *(stem for stem in drawn if stem.startswith("parts-"))]
    assert len(apart) == 3
    for stem in apart:
        assert len(drawn[stem].axes) > 1, "a panel for each"
        for axes in drawn[stem].axes:
            heights = [set(line.get_ydata()) for line in axes.lines if len(line.get_xdata()) > 1]
            assert all(len(several) == 1 for several in heights), "only intervals are drawn"
    (curves,) = drawn["cold-invented-demo-user-cold"].axes
    assert any(list(line.get_xdata()) == [0, 1] for line in curves.lines)


def test_every_model_has_a_look_of_its_own(invent):
    names = [f"classic-{index}" for index in range(16)] + [f"flm-{index}" for index in range(6)] + ["oracle"]
    found = model_styles(ComparisonIndex(invent(models=names, splits=("random-holdout",), metrics=("ndcg@10",))))
    assert len({(look.light, look.marker) for look in found.values()}) == len(names)
    assert {look.filled for name, look in found.items() if name.startswith("classic")} == {False}
    assert {look.filled for name, look in found.items() if name.startswith("flm")} == {True}


def test_a_model_keeps_its_look_whatever_is_drawn(invent):
    whole = model_styles(ComparisonIndex(invent()))
    part = model_styles(ComparisonIndex(invent(splits=("item-cold",), metrics=("auc", "fit_seconds"))))
    assert whole == part


def _contrast(one, other):
    """Return the contrast of two colours as WCAG 2 defines it."""

    def luminance(colour):
        parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_colours_can_be_seen_on_their_ground(invent):
    for look in model_styles(
        ComparisonIndex(invent(models=[f"m{index}" for index in range(10)] + [f"flm{index}" for index in range(5)]))
    ).values():
        assert _contrast(look.light, "#ffffff") >= 3
        assert _contrast(look.dark, "#14171c") >= 3


def test_models_can_be_told_apart_in_grey_print(invent):
    names = [f"classic-{index}" for index in range(24)] + [f"flm-{index}" for index in range(12)] + ["oracle"]
    found = model_styles(ComparisonIndex(invent(models=names, splits=("random-holdout",), metrics=("ndcg@10",))))
    assert len({(look.marker, look.filled, look.dash) for look in found.values()}) == len(names)


# Machado, Oliveira and Fernandes 2009, severity 1.0: linear RGB as seen with each deficiency.
DEFICIENCIES = {
    "none": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def _lab(colour, seen):
    """Return CIELAB (D65) of a colour as seen with a deficiency."""
    parts = np.array([int(colour[index : index + 2], 16) for index in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    primaries = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    white = np.array([0.9505, 1.0, 1.089])
    ratio = primaries @ np.clip(np.asarray(seen) @ linear, 0, 1) / white
    x, y, z = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("ground", ["light", "dark"])
def test_colours_of_one_kind_stay_apart_for_the_colour_blind(invent, deficiency, ground):
    names = [f"classic-{index}" for index in range(8)] + [f"flm-{index}" for index in range(4)]
    found = model_styles(ComparisonIndex(invent(models=names, splits=("random-holdout",), metrics=("ndcg@10",))))
    for kind in ("classic", "flm"):
        seen = [
            _lab(getattr(style, ground), DEFICIENCIES[deficiency]) for n, style in found.items() if n.startswith(kind)
        ]
        gaps = [np.linalg.norm(a - b) for index, a in enumerate(seen) for b in seen[:index]]
        assert min(gaps) >= 12


def test_names_with_no_glyph_are_named_by_code_point():
    assert label("na\u00efve \u03b1 $x$ \u540d") == "na\u00efve \u03b1 $x$ [U+540D]"


@pytest.mark.filterwarnings("error")
def test_naughty_names_are_drawn_without_a_warning(naughty):
    content = Figures(pdf=False, png=False).render(naughty)
    assert len(content) > 0
    assert all(b"<script" not in file for file in content.values())


def test_front_holds_what_nothing_beats(invented):
    view = ComparisonIndex(invented)
    found = spots(view, wholes(view)[0], "ndcg@10")
    rivals = [spot for spot in found if spot.model != "oracle"]
    for spot in rivals:
        beaten = any(other.cost <= spot.cost and other.value >= spot.value and other != spot for other in rivals)
        assert spot.front == (not beaten)
    assert not next(spot.front for spot in found if spot.model == "oracle")


@pytest.mark.filterwarnings("error")
def test_costs_that_differ_in_the_last_bit_are_drawn(small):
    seconds = itertools.cycle([0.0109, float(np.nextafter(0.0109, 1))])
    new = {"fit_seconds": lambda: next(seconds), "score_seconds": lambda: 0.0}
    rows = tuple(dataclasses.replace(row, mean=new[row.metric]()) if row.metric in new else row for row in small.rows)
    view = ComparisonIndex(dataclasses.replace(small, rows=rows))
    assert {spot.cost for spot in spots(view, wholes(view)[0], "ndcg@10")} == {0.0109}
    plots.cost(view, model_styles(view), wholes(view)[0], "ndcg@10")


def test_best_so_far_never_falls(invented):
    trials = invented.tuning[0]
    assert trials.values[2] is None
    curve = best_so_far(trials, higher=True)
    assert curve == [0.2, 0.25, 0.25, trials.values[3]]
    assert best_so_far(trials, higher=False) == [0.2, 0.2, 0.2, 0.2]


def test_ranks_join_what_lies_within_the_critical_difference(invented):
    one = dataclasses.replace(invented.standings[0], models=tuple("abcd"), ranks=(1.0, 1.5, 2.9, 4.6))
    assert joined(dataclasses.replace(one, critical_difference=2.0)) == [(0, 2), (2, 3)]
    assert joined(dataclasses.replace(one, critical_difference=0.4)) == []
    assert joined(dataclasses.replace(one, critical_difference=4.0)) == [(0, 3)]


def test_ticks_have_the_same_decimals():
    assert Bare().format_ticks([0.0, 0.05, 0.1, 1.0]) == ["0", ".05", ".10", "1.00"]


def swept(invent, values):
    """A comparison whose splits differ in ``train``; whole numbers and the order of the experiment do not matter."""
    labels = tuple(f"thinned (train={value})" for value in values)
    plain = invent(datasets=("d",), splits=labels)
    about = [
        dataclasses.replace(one, name="thinned", settings={"test": 0.1, "train": value, "deep": True})
        for one, value in zip(plain.splits, values, strict=True)
    ]
    return dataclasses.replace(plain, splits=tuple(about))


def test_splits_that_differ_in_one_number_make_a_curve(invent):
    comparison = swept(invent, (0.5, 0.05, 1))
    (run,) = sweeps(ComparisonIndex(comparison))
    assert (run.setting, run.values, run.base.split) == ("train", (0.05, 0.5, 1.0), "thinned")
    assert [place.split for place in run.places] == [f"thinned (train={value})" for value in (0.05, 0.5, 1)]
    first, second = ([one for stem, one in figures(comparison).items() if stem.startswith("curve")] for _ in range(2))
    (figure,) = first
    axes = figure.axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0.05", "0.5", "1"]
    assert axes.get_xlabel() == "train"
    assert mpl_style.write(figure, "svg") == mpl_style.write(*second, "svg")


def test_two_points_or_two_differences_make_no_curve(invent):
    assert not sweeps(ComparisonIndex(swept(invent, (0.5, 1.0))))
    comparison = swept(invent, (0.1, 0.5, 1.0))
    about = [
        dataclasses.replace(one, settings={**one.settings, "test": test})
        for one, test in zip(comparison.splits, (0.1, 0.2, 0.3), strict=True)
    ]
    assert not sweeps(ComparisonIndex(dataclasses.replace(comparison, splits=tuple(about))))
