"""One look for each model, the same in every figure and on every page.

Warm and filled: uses a language model. Cool and hollow: any other. Black and dashed: a ceiling. So the question of the
benchmark can be read from a picture in colour, in grey print, and by readers who see colours otherwise; a marker of its
own tells models of one kind apart.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchsuite_reports.model.comparison_index import ComparisonIndex

# (on light, on dark): searched so that colours of one kind stay apart under protanopia, deuteranopia and tritanopia too
# (a difference of 14 in CIELAB at least), with contrast to their ground.
_WARM = (("#be4918", "#ee8733"), ("#b50089", "#e669bc"), ("#d07100", "#f4e154"), ("#750019", "#ff9c99"))
_COOL = (
    ("#045bbd", "#48ccff"),
    ("#008346", "#52f286"),
    ("#542eca", "#a883ff"),
    ("#3b8eda", "#aef1e9"),
    ("#37620e", "#b1df46"),
    ("#644857", "#a0999a"),
    ("#113510", "#69c47e"),
    ("#2c195d", "#9bb5ca"),
)
_CEILING = ("#111111", "#f2f2f2")
_WARM_MARKERS = ("D", "o", "s", "^", "v", "p", "h")
_COOL_MARKERS = ("o", "s", "^", "v", "D", "<", ">", "p", "h")
_DASHES = ("solid", "dashed", "dashdot", "dotted")


@dataclass(frozen=True)
class ModelStyle:
    """How a model is drawn.

    Attributes:
        light: colour on a light ground, ``#rrggbb``.
        dark: colour on a dark ground.
        marker: matplotlib's letter for the shape.
        filled: whether the shape is filled.
        dash: name of the line's style.
    """

    light: str
    dark: str
    marker: str
    filled: bool
    dash: str


def model_styles(view: ComparisonIndex) -> dict[str, ModelStyle]:
    """Return the look of every model, by the order of the experiment within its kind."""
    result: dict[str, ModelStyle] = {}
    counts = {"warm": 0, "cool": 0}
    for model in view.models:
        if model in view.oracles:
            result[model] = ModelStyle(*_CEILING, marker="*", filled=True, dash="dashed")
            continue
        warm = model in view.language_models
        kind = "warm" if warm else "cool"
        colours, markers = (_WARM, _WARM_MARKERS) if warm else (_COOL, _COOL_MARKERS)
        index = counts[kind]
        counts[kind] += 1
        result[model] = ModelStyle(
            *colours[index % len(colours)],
            marker=markers[index % len(markers)],
            filled=warm,
            dash=_DASHES[index // len(colours) % len(_DASHES)],
        )
    return result
