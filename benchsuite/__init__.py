"""An honest benchmark of fine-tuned language models against the classics of recommendation.

In a notebook or a script::

    import benchsuite

    results = benchsuite.load("quick")  # what was run earlier
    results.results  # a pandas frame
    print(results)  # tables
"""

__version__ = "0.1.0"

_DOOR = ("Experiment", "Results", "load", "run")
__all__ = ["Experiment", "Results", "__version__", "load", "run"]


def __getattr__(name: str) -> object:
    """Open the door when something behind it is asked for, so that importing the package stays fast."""
    if name not in _DOOR:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module("benchsuite.door"), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
