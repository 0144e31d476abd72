"""What a machine does for a run elsewhere: it starts our own worker processes, and says what it is made of."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import select
import time
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import benchsuite
from benchsuite.errors import UsageError
from benchsuite.loading import digest
from benchsuite.plugin_files import PluginFilesReader
from benchsuite.provenance import package_versions, provenance
from benchsuite.registry import is_file
from benchsuite.runner.channel import Channel
from benchsuite.runner.jobs import Job
from benchsuite.runner.local_executor import LocalExecutor
from benchsuite.runner.logs import trim_log
from benchsuite.runner.worker_processes import NotStarted, WorkerHandle

_TOLD = 3
_NOTHING = "nothing"


def ingredients(plugins: Collection[str]) -> dict[str, str]:
    """Return what must be equal on two machines if they are to compute the same numbers.

    Args:
        plugins: the models, as cells name them.

    Returns:
        Versions of packages, and sha256 of our own code and of the models', by name; a file's that is missing is
        ``nothing``.
    """
    whole, home = hashlib.sha256(), Path(benchsuite.__file__).parent
    for path in sorted(home.rglob("*.py")):
        whole.update(f"{path.relative_to(home)}\n".encode() + path.read_bytes())
    found = package_versions() | {
        "python": ".".join(platform.python_version_tuple()[:2]),
        "the code of benchsuite": whole.hexdigest(),
    }
    reader = PluginFilesReader()
    for name in plugins:
        if is_file(name):
            path = Path(name.rpartition(":")[0])
            found[str(path)] = digest(path.read_bytes()) if path.is_file() else _NOTHING
        else:
            files = reader.read("models", name)
            found[f"the code of {name}"] = _NOTHING if files is None else files.digest
    return found


def models_of(job: Job) -> list[str]:
    """Return the models of a job, as cells name them."""
    return sorted({cell["identity"]["model"]["plugin"] for cell in job.cells})


def difference(here: Mapping[str, str], there: Mapping[str, str]) -> str:
    """Return what differs, for people; "" where nothing does.

    Args:
        here: the ingredients of the run.
        there: those of a node.
    """
    names = [name for name in sorted(here.keys() | there.keys()) if here.get(name) != there.get(name)]
    told = [f"{name} {_brief(here.get(name))} here and {_brief(there.get(name))} there" for name in names[:_TOLD]]
    more = [f"{len(names) - _TOLD} more"] if names[_TOLD:] else []
    return ", ".join(told + more)


def _brief(value: str | None) -> str:
    return _NOTHING if value is None else value[:12]


def unlike(host: str, what: str) -> UsageError:
    """Return the error to raise when a node would compute other numbers than this machine."""
    remedy = "install the same there; a model in a file must lie there under the same name"
    return UsageError(f"this machine and {host} are not alike: {what}", where="on", remedy=remedy)


def made_here(executor: str) -> dict[str, Any]:
    """Return the provenance of what is fitted on this machine for a run elsewhere."""
    return provenance() | {"executor": executor}


class NodeWorker:
    """One worker process on this machine, and what it tells.

    Args:
        local: what starts it.
        job: what it needs.
        order: its job as a file.
        log: takes what it prints; it exists.
    """

    def __init__(self, local: LocalExecutor, job: Job, order: Path, log: Path) -> None:
        receiving, sending = os.pipe()
        self._channel, self._log = Channel(receiving), log
        self._child: WorkerHandle
        try:
            self._child = local.start(job, order, log, sending)
        except OSError as error:
            self._child = NotStarted(f"no process could be started for it: {error.strerror or error}")
        finally:
            os.close(sending)
        self.code: int | None = None

    @property
    def lost(self) -> str:
        """Why it ended without its own doing, or ""."""
        return self._child.lost

    def read(self, seconds: float) -> list[dict[str, Any]]:
        """Return its next messages, waiting for them a while; once it has ended, ``code`` is set."""
        if self._channel.open:
            select.select([self._channel.pipe], [], [], seconds)
        else:
            time.sleep(min(seconds, 0.1))
        trim_log(self._log)
        code = self._child.poll()
        messages = self._channel.read()
        if code is not None:
            messages += self._channel.read_all()
            self._channel.close()
            self.code = code
        return messages

    def kill(self) -> None:
        """End it, with all that it started."""
        self._child.kill()


class Outlet:
    """The sending end of a job's pipe, which may be full: what does not fit is sent later.

    Args:
        pipe: the descriptor; it is duplicated.
    """

    def __init__(self, pipe: int) -> None:
        self._pipe = os.dup(pipe)
        os.set_blocking(self._pipe, False)
        self._rest = b""

    def send(self, messages: Iterable[Mapping[str, Any]] = (), lines: bytes = b"") -> bool:
        """Send messages, or lines that hold them; return whether all that was ever given is sent."""
        self._rest += lines + b"".join(json.dumps(message).encode() + b"\n" for message in messages)
        with contextlib.suppress(BlockingIOError):
            while self._rest:
                self._rest = self._rest[os.write(self._pipe, self._rest) :]
        return not self._rest

    def close(self) -> None:
        """Close it."""
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1
