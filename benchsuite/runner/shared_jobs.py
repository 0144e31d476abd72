"""Jobs of a store that several runners share: what another one computes or has stored is left to it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from benchsuite.runner.jobs import Job
from benchsuite.store import Holder, Leases, Store


class SharedJobs:
    """A queue of jobs that do not depend on each other.

    Args:
        jobs: in the order of work.
        store: where their results lie.
        leases: of this runner.

    Attributes:
        elsewhere: the keys of cells that another runner has stored meanwhile.
    """

    def __init__(self, jobs: Sequence[Job], store: Store, leases: Leases) -> None:
        self._jobs = list(jobs)
        self._store = store
        self._leases = leases
        self._in_flight: list[Job] = []
        self._holders: list[Holder] = []
        self.elsewhere: set[str] = set()

    @property
    def left(self) -> int:
        """How many cells have no result yet."""
        jobs = (*self._jobs, *self._in_flight)
        return sum(not self._store.has("cell", cell["key"]) for job in jobs for cell in job.cells)

    def pop(self) -> Job | None:
        """Return the next job that no other runner has, with the cells that are still to be done; None for none."""
        self._holders = []
        for job in list(self._jobs):
            if self._rest(job) and (holder := self._take(job)) is not None:
                self._holders.append(holder)
                continue
            self._jobs.remove(job)
            rest = self._rest(job)  # once more: another runner may have stored a cell before this one had its lease
            done = [cell["key"] for cell in job.cells if cell not in rest]
            for key in done:
                self._leases.give_back("cell", key)
            self.elsewhere.update(done)
            if rest:
                self._in_flight.append(job := dataclasses.replace(job, cells=tuple(rest)))
                return job
        return None

    def ended(self, job: Job) -> None:
        """Give the leases of a job back."""
        keys = {cell["key"] for cell in job.cells}
        for one in list(self._in_flight):  # after a second try a job has fewer cells than when it was begun
            begun = {cell["key"] for cell in one.cells}
            if begun & keys:
                self._in_flight.remove(one)
                for key in begun:
                    self._leases.give_back("cell", key)

    def waits_for(self) -> Sequence[Holder]:
        """Return who computes what this queue still waits for."""
        return self._holders

    def _rest(self, job: Job) -> list[Mapping[str, Any]]:
        return [cell for cell in job.cells if not self._store.has("cell", cell["key"])]

    def _take(self, job: Job) -> Holder | None:
        """Take the leases of all cells of a job that have no result, or none of them."""
        taken: list[str] = []
        for cell in self._rest(job):
            if (holder := self._leases.take("cell", cell["key"], job.label)) is not None:
                for key in taken:
                    self._leases.give_back("cell", key)
                return holder
            taken.append(cell["key"])
        return None
