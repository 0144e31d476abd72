"""Judges stored results: measures cells, averages folds and seeds, and says it as a comparison."""

from benchsuite.compare.build import build
from benchsuite.compare.plans import kept_plan, latest_plan, plan_key, remember_plan

__all__ = ["build", "kept_plan", "latest_plan", "plan_key", "remember_plan"]
