"""Judges stored results: measures cells, averages folds and seeds, and says it as a comparison."""

from benchsuite.compare.build import build
from benchsuite.compare.plans import latest_plan, remember_plan

__all__ = ["build", "latest_plan", "remember_plan"]
