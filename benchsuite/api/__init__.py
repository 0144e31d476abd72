"""The contracts: everything a plugin author needs, and nothing else."""

from benchsuite.api.context import Context
from benchsuite.api.metric import Metric, Task
from benchsuite.api.model import Model, Program, Reproducibility, Requirement, TopK
from benchsuite.api.plugin import Plugin
from benchsuite.api.report import Report
from benchsuite.api.search import Categorical, Range
from benchsuite.api.shared_cache import SharedCache
from benchsuite.api.source import DataLocations, PublishedCounts, Source
from benchsuite.api.split import Split

__all__ = [
    "Categorical",
    "Context",
    "DataLocations",
    "Metric",
    "Model",
    "Plugin",
    "Program",
    "PublishedCounts",
    "Range",
    "Report",
    "Reproducibility",
    "Requirement",
    "SharedCache",
    "Source",
    "Split",
    "Task",
    "TopK",
]
