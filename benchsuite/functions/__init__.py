"""The core's functions of ``import benchsuite``, each a verb of the command line too; imported when asked for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verb:
    """A function as the command line knows it before it is imported.

    Attributes:
        name: of the verb; ``data show`` is a verb of the group ``data``.
        target: ``module:function``; "" for one that an entry point of this name brings.
        summary: one line of the help.
    """

    name: str
    target: str
    summary: str


_HERE = "benchsuite.functions"
VERBS = (
    Verb("run", f"{_HERE}.run:run", "run an experiment and print its tables"),
    Verb("leaderboard", f"{_HERE}.leaderboard:leaderboard", "show who leads a benchmark; nothing is fitted"),
    Verb("submit", f"{_HERE}.submit:submit", "write a model's result in a benchmark as a folder, checked"),
    Verb("report", f"{_HERE}.report:report", "turn stored results into tables and files"),
    Verb("compare", f"{_HERE}.compare:compare", "compare two runs: settings, data, code and results, with tests"),
    Verb("verify", f"{_HERE}.verify:verify", "recompute a written report from the store and say what differs"),
    Verb("rerun", f"{_HERE}.rerun:rerun", "fit one stored cell again and compare"),
    Verb("plan", f"{_HERE}.plan:plan_experiment", "show every cell that an experiment means"),
    Verb("status", f"{_HERE}.plan:status", "show how far a run has come"),
    Verb("store check", f"{_HERE}.store_check:store_check", "read a whole store; 1 when an entry is damaged"),
    Verb("store repair", f"{_HERE}.store_check:store_repair", "move what is damaged aside, remove what is left over"),
    Verb("store gc", f"{_HERE}.store_gc:store_gc", "remove what no run needs any more"),
    Verb("store size", f"{_HERE}.store_size:store_size", "show how much each kind of entries takes"),
    Verb("data show", "", "find or download a data set and say what it holds"),
    Verb("data verify", "", "check data sets against their published counts"),
    Verb("data export", "", "write a data set, or its folds, for another library"),
    Verb("data import", "", "describe a table of your own by a card"),
    Verb("score", "", "evaluate any recommendation file against any test file"),
    Verb("train", "", "fit a model on a whole data set and save it as a folder"),
    Verb("recommend", "", "ask a saved model what to recommend after a history, and why"),
    Verb("audit", f"{_HERE}.audit:audit", "show the evidence that nothing leaks; 1 when something does"),
    Verb("audit-split", "", "say what is wrong with a split in two files; 1 when it leaks"),
    Verb("list", f"{_HERE}.list_plugins:list_plugins", "list all installed plugins, without importing any"),
    Verb("show", f"{_HERE}.show_plugin:show_plugin", "show one plugin: settings, needs, source"),
    Verb("rivals add", "", "make the environment of a library that cannot live beside benchsuite"),
    Verb("rivals list", "", "list such libraries, and which are set up"),
    Verb("rivals remove", "", "remove the environment of one"),
    Verb("check", "", "check that a plugin keeps its contract"),
    Verb("new", "", "write a plugin package that is ready to install"),
    Verb("completion", f"{_HERE}.completion:completion", "print the line by which bash, zsh or fish completes words"),
    Verb("doctor", "", "check this machine and everything that is installed"),
)
"""All verbs, in the order of the help."""
