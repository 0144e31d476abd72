"""Metric conventions: the same lists as we, ranx, trec_eval, RecBole, Elliot and scikit-learn would judge them."""

from benchsuite.evaluate.conventions.libraries import LIBRARIES, Library
from benchsuite.evaluate.conventions.lists import Judged, Lists, judge
from benchsuite.evaluate.conventions.ours import evidence
from benchsuite.evaluate.conventions.read import read_lists

__all__ = ["LIBRARIES", "Judged", "Library", "Lists", "evidence", "judge", "read_lists"]
