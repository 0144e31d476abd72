"""One look for each model, the same in every figure and on every page.

Warm and filled: uses a language model. Cool and hollow: a classic. Black and dashed: a ceiling. So the question of the
benchmark can be read from a picture in colour, in grey print, and by readers who see colours otherwise; a marker of its
own tells models of one kind apart.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchsuite_reports.facts import View

# (on light, on dark); chosen among hues that stay apart under the common kinds of colour blindness.
_WARM = (("#c8450c", "#ff8a50"), ("#a3246e", "#f27fc0"), ("#b07a00", "#ffc247"), ("#7a1f2b", "#ff9aa2"))
_COOL = (
    ("#0063a6", "#6cb8ff"),
    ("#007a5a", "#3fd1a4"),
    ("#4b3fa0", "#b3a6ff"),
    ("#3d8fb5", "#8fe0ff"),
    ("#5d6b00", "#c9d65a"),
    ("#5a6672", "#a9b6c3"),
    ("#14532d", "#8fd19e"),
    ("#1f3a68", "#9db9f2"),
)
_CEILING = ("#111111", "#f2f2f2")
_WARM_MARKERS = ("D", "o", "s", "^", "v", "p", "h")
_COOL_MARKERS = ("o", "s", "^", "v", "D", "<", ">", "p", "h")
_DASHES = ("solid", "dashed", "dashdot", "dotted")


@dataclass(frozen=True)
class Look:
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


def looks(view: View) -> dict[str, Look]:
    """Return the look of every model, by the order of the experiment within its kind."""
    result: dict[str, Look] = {}
    counts = {"warm": 0, "cool": 0}
    for model in view.models:
        if model in view.ceiling:
            result[model] = Look(*_CEILING, marker="*", filled=True, dash="dashed")
            continue
        warm = model in view.language_models
        kind = "warm" if warm else "cool"
        colours, markers = (_WARM, _WARM_MARKERS) if warm else (_COOL, _COOL_MARKERS)
        index = counts[kind]
        counts[kind] += 1
        result[model] = Look(
            *colours[index % len(colours)],
            marker=markers[index % len(markers)],
            filled=warm,
            dash=_DASHES[index // len(colours) % len(_DASHES)],
        )
    return result
