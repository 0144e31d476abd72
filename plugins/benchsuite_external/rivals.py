"""Models of libraries that cannot live beside us, by the library's own names; each in its pinned environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from benchsuite.api import Program, Reproducibility
from benchsuite_external.environments import RIVALS
from benchsuite_external.program_model import Options, ProgramModel, Start, Word

_PROGRAMS = Path(__file__).with_name("programs")


@dataclass
class RivalModel(ProgramModel):
    """Base of the rivals: our program for the library, run in the library's environment."""

    rival: ClassVar[str] = ""
    may_abstain: ClassVar[bool] = True

    def unavailable(self) -> str:
        """Return the command that makes the environment, where there is none."""
        there = RIVALS[self.rival].manifest()
        return "" if there else f"{self.rival} is not set up: benchsuite rivals add {self.rival}"

    def program(self) -> Program:
        """Return our program for the library, and the pins: both change numbers."""
        return Program(files=(_PROGRAMS / f"{self.rival}_program.py", RIVALS[self.rival].pins))

    def start(self) -> Start:
        """Return the environment's interpreter with our program."""
        command = (str(RIVALS[self.rival].python), "-s", str(_PROGRAMS / f"{self.rival}_program.py"))
        away: dict[str, str | None] = {"PYTHONPATH": None, "PYTHONHOME": None}
        return Start(command, keep_open=True, options=self.settings(), own_folder=True, environment=away)

    def facts(self) -> Mapping[str, Any]:
        """Return what the program told, and what its environment holds."""
        told = RIVALS[self.rival].manifest()
        return {**super().facts(), "environment": {name: told[name] for name in ("python", "pins", "packages")}}


@dataclass
class LensKit(RivalModel):
    """Any scorer of LensKit by its name, such as ItemKNNScorer or ImplicitMFScorer, in an environment of its own.

    Attributes:
        model: a scorer's class in lenskit: ItemKNNScorer, UserKNNScorer, ImplicitMFScorer, BiasedMFScorer ...
        options: settings of that class, by its own names.
    """

    reproducibility: ClassVar[Reproducibility] = Reproducibility.PROGRAM

    version: ClassVar[str] = "1"
    rival: ClassVar[str] = "lenskit"

    model: Word = "ItemKNNScorer"
    options: Options = field(default_factory=dict)


@dataclass
class RecTools(RivalModel):
    """Any model of RecTools by its name, such as EASEModel or SASRecModel, in an environment of its own.

    Attributes:
        model: a class in rectools.models: EASEModel, ImplicitItemKNNWrapperModel, SASRecModel, BERT4RecModel ...
        options: the model's config, by its own names.
    """

    reproducibility: ClassVar[Reproducibility] = Reproducibility.PROGRAM

    version: ClassVar[str] = "1"
    rival: ClassVar[str] = "rectools"

    model: Word = "EASEModel"
    options: Options = field(default_factory=dict)


@dataclass
class RecBole(RivalModel):
    """Any model of RecBole by its name, such as LightGCN or SASRec, in an environment of its own.

    Attributes:
        model: a class in recbole.model: BPR, LightGCN, EASE, SASRec, GRU4Rec ...
        options: RecBole's config, by its own names.
    """

    reproducibility: ClassVar[Reproducibility] = Reproducibility.PROGRAM

    version: ClassVar[str] = "1"
    rival: ClassVar[str] = "recbole"

    model: Word = "BPR"
    options: Options = field(default_factory=dict)
