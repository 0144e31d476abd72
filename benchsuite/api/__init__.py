"""The contracts: everything a plugin author needs, and nothing else."""

from benchsuite.api.context import Context
from benchsuite.api.metric import Metric, Task
from benchsuite.api.model import Model, Need, TopK
from benchsuite.api.plugin import Plugin
from benchsuite.api.report import Report
from benchsuite.api.search import Choice, Search
from benchsuite.api.source import Check, Place, Source
from benchsuite.api.split import Split

__all__ = [
    "Check",
    "Choice",
    "Context",
    "Metric",
    "Model",
    "Need",
    "Place",
    "Plugin",
    "Report",
    "Search",
    "Source",
    "Split",
    "Task",
    "TopK",
]
