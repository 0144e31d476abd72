"""An honest benchmark of fine-tuned language models against the baselines of recommendation.

In a notebook or a script::

    import benchsuite

    results = benchsuite.load("quick")  # what was run earlier
    results.results  # a pandas frame
    print(results)  # tables

Every verb of the command line is a function here, with the same arguments; it returns an object with frames.
"""

__version__ = "0.1.0"

_HOMES = {
    "Experiment": "experiment",
    "Results": "results",
    "run": "run",
    "load": "run",
    "leaderboard": "leaderboard",
    "submit": "submit",
    "report": "report",
    "compare": "compare",
    "verify": "verify",
    "rerun": "rerun",
    "plan_experiment": "plan",
    "status": "plan",
    "store_check": "store_check",
    "store_gc": "store_gc",
    "store_repair": "store_check",
    "store_size": "store_size",
    "audit": "audit",
    "list_plugins": "list_plugins",
    "show_plugin": "show_plugin",
    "completion": "completion",
}
_BROUGHT = {
    "audit_split": "audit-split",
    "check": "check",
    "data_export": "data export",
    "data_import": "data import",
    "data_show": "data show",
    "data_verify": "data verify",
    "doctor": "doctor",
    "new_plugin": "new",
    "recommend": "recommend",
    "rivals_add": "rivals add",
    "rivals_list": "rivals list",
    "rivals_remove": "rivals remove",
    "score": "score",
    "train": "train",
}
"""Functions that our shelves bring, by name: the verb of each."""

__all__ = ["__version__", *sorted((*_HOMES, *_BROUGHT))]  # noqa: PLE0604 - names, as a list


def __getattr__(name: str) -> object:
    """Import what is asked for, so that importing the package stays fast."""
    import importlib

    if name in _HOMES:
        found: object = getattr(importlib.import_module(f"benchsuite.functions.{_HOMES[name]}"), name)
        return found
    if name in _BROUGHT:
        brought: object = importlib.import_module("benchsuite.registry").load_function(_BROUGHT[name])
        return brought
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
