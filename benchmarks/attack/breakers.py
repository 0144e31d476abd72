"""A catalogue of broken model plugins: what each does, where, and the file it is written into."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field

TWIN = '''\
"""A model that counts, and what is wrong with it."""

import atexit, ctypes, gc, json, os, resource, shutil, signal, sys, threading, time, warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchsuite.api import Model, TopK
from benchsuite.errors import StoreError


class Base(BaseException):
    """Is no Exception."""


class Unspeakable(Exception):
    """Cannot be told."""

    def __str__(self):
        raise ValueError("no text")


def recurse():
    recurse()


def descriptors():
    """Yield all open descriptors but the standard ones."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2:
            yield int(name)


def write_everywhere(text):
    for number in descriptors():
        try:
            os.write(number, text)
        except OSError:
            pass

{top}

@dataclass
class Broken(Model):
    """Counts training rows."""

{init}
    def fit(self, train, context):
        self._context, self._train = context, train
{fit}
        count = np.bincount(train.interactions.item, minlength=len(train.items)).astype(np.float32)
        self._score = count / np.float32(1024)
{fitted}
        return self

    def score(self, queries, candidates):
{score}
        row = self._score if candidates is None else self._score[candidates]
        scores = np.tile(row, (len(queries), 1))
{scored}
        return scores

    def right_lists(self, queries, candidates, k, blocked):
        """Return what the harness would make of the scores."""
        codes = np.arange(len(self._score)) if candidates is None else np.asarray(candidates)
        item = np.full((len(queries), k), -1, np.int32)
        score = np.full((len(queries), k), np.nan, np.float32)
        for j in range(len(queries)):
            seen = blocked.item[blocked.start[j] : blocked.start[j + 1]]
            open_codes = codes[~np.isin(codes, seen)]
            best = open_codes[np.lexsort((open_codes, -self._score[open_codes]))][:k]
            item[j, : len(best)], score[j, : len(best)] = best, self._score[best]
        return item, score

    def parameter_count(self):
        return len(self._score)

{methods}
'''
"""Right when nothing is filled in: its numbers are those that a wrong one must not differ from."""

_INDENT = {"top": 0, "init": 4, "methods": 4}


@dataclass(frozen=True)
class Breaker:
    """One broken plugin.

    Attributes:
        name: what it does.
        parts: code by the place of the template that it goes to.
        alone: it breaks before anything is fitted, so that no other broken plugin is put beside it.
        free: its numbers may be others than those of the right model, as it answers something else, within the rules.
    """

    name: str
    parts: dict[str, str] = field(default_factory=dict)
    alone: bool = False
    free: bool = False

    def source(self) -> str:
        """Return the file."""
        text = TWIN
        for part in ("top", "init", "fit", "fitted", "score", "scored", "methods"):
            code = textwrap.indent(self.parts.get(part, ""), " " * _INDENT.get(part, 8))
            text = text.replace(f"{{{part}}}", code)
        return text


_ERRORS = {
    "ValueError": 'raise ValueError("two\\nlines")',
    "OSError": 'raise OSError(28, "No space left on device")',
    "ConnectionError": 'raise ConnectionError("no route")',
    "TimeoutError": 'raise TimeoutError("too late")',
    "BrokenPipeError": "raise BrokenPipeError(32, 'Broken pipe')",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "SystemExit(0)": "raise SystemExit(0)",
    "SystemExit(2)": "sys.exit(2)",
    "MemoryError": "raise MemoryError",
    "RecursionError": "recurse()",
    "BaseException": 'raise Base("base")',
    "GeneratorExit": "raise GeneratorExit",
    "StopIteration": "raise StopIteration",
    "StoreError": 'raise StoreError("cannot be written", where="a model", remedy="free disk space")',
    "an error without text": "raise Unspeakable",
    "an error of 10 MB": 'raise ValueError("x" * 10**7)',
    "an error with escapes": 'raise ValueError("\\x1b[31mred\\x1b[0m \\udc80 \\ud800 \\x00 <b>")',
    "os._exit(0)": "os._exit(0)",
    "os._exit(1)": "os._exit(1)",
    "SIGSEGV": "os.kill(os.getpid(), signal.SIGSEGV)",
    "SIGKILL": "os.kill(os.getpid(), signal.SIGKILL)",
    "SIGTERM": "os.kill(os.getpid(), signal.SIGTERM); time.sleep(1)",
    "a segmentation fault": "ctypes.string_at(0)",
}
_PLACES = {
    "fit": ("fit", "{}"),
    "score": ("score", "{}"),
    "recommend": ("methods", "def recommend(self, queries, candidates, k, blocked):\n    {}"),
    "score_pairs": ("methods", "def score_pairs(self, queries, query, item):\n    {}"),
    "facts": ("methods", "def facts(self):\n    {}"),
    "parameter_count": ("methods", "def parameter_count(self):\n    {}"),
    "import": ("top", "{}"),
    "__init__": ("init", "def __post_init__(self):\n    {}"),
    "from_settings": ("init", "@classmethod\ndef from_settings(cls, *given, **more):\n    {}"),
}
_EARLY = ("import", "__init__", "from_settings")

_DEEDS = {
    "prints 100 MB": "for _ in range(100): print('x' * 10**6)",
    "prints 100 MB past Python": "for _ in range(100): os.write(1, b'y' * 10**6)",
    "deletes TMPDIR": "shutil.rmtree(os.environ['TMPDIR'])",
    "deletes its own folders": "shutil.rmtree(context.scratch); shutil.rmtree(context.checkpoint)",
    "fills its folders with links": "os.symlink('/', context.checkpoint / 'x'); os.symlink('y', context.scratch / 'y')",
    "closes all descriptors": "os.closerange(0, 1000)",
    "closes all but the standard ones": "os.closerange(3, 1000)",
    "junk into all descriptors": "write_everywhere(b'junk\\xff\\n')",
    "JSON of no sense into all descriptors": 'write_everywhere(b\'[]\\n5\\n{}\\n{"done": 7}\\n{"phase": 1}\\n\')',
    "a forged end into all descriptors": 'write_everywhere(b\'{"fatal": 5}\\n{"fatal": ["a", "b", "c"]}\\n\')',
    "100 MB into all descriptors": "write_everywhere(b'z' * 10**8)",
    "deep JSON into all descriptors": "write_everywhere(b'[' * 100_000 + b'\\n')",
    "changes the folder": "os.chdir('/')",
    "removes the folder it is in": "os.chdir(context.scratch); shutil.rmtree(context.scratch)",
    "allows no file": "resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))",
    "allows no byte in files": "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))",
    "allows little memory": "resource.setrlimit(resource.RLIMIT_AS, (2**26, 2**26))",
    "allows no process": "resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))",
    "allows a second": "resource.setrlimit(resource.RLIMIT_CPU, (1, 1))\nwhile True: pass",
    "takes away stdout": "sys.stdout = sys.stderr = None",
    "breaks stdout": "sys.stdout = sys.stderr = object()",
    "breaks open": "import builtins\nbuiltins.open = None",
    "breaks json": "json.dumps = json.loads = None",
    "breaks numpy": "np.savez_compressed = np.load = np.asarray = None",
    "breaks os": "os.rename = os.replace = os.fsync = None",
    "clears the environment": "os.environ.clear()",
    "umask": "os.umask(0o777)",
    "forks": "for _ in range(5):\n    if os.fork() == 0: time.sleep(600); os._exit(0)",
    "forks and goes on in both": "os.fork()",
    "setsid": "if os.fork() == 0: os.setsid(); time.sleep(600); os._exit(0)",
    "killpg": "os.killpg(0, signal.SIGKILL)",
    "a thread that stays": "threading.Thread(target=time.sleep, args=(600,)).start()",
    "a thread that raises": "threading.Thread(target=recurse).start()",
    "an exit hook that hangs": "atexit.register(time.sleep, 600)",
    "an exit hook that raises": "atexit.register(recurse)",
    "never ends": "time.sleep(600)",
    "never ends, deaf": "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: time.sleep(1)",
    "stops itself": "os.kill(os.getpid(), signal.SIGSTOP)",
    "a limit of recursion": "sys.setrecursionlimit(40)",
    "warnings are errors": "warnings.simplefilter('error'); np.seterr(all='raise')",
    "writes into the training rows": (
        "rows = train.interactions.item\nbase = rows if rows.base is None else rows.base\n"
        "rows.flags.writeable = True\nrows[:] = 0"
    ),
    "eats memory": "resource.setrlimit(resource.RLIMIT_AS, (2**33, 2**33))\nx = [bytearray(2**30) for _ in range(9)]",
    "unloads modules": "for name in [n for n in sys.modules if n.startswith('benchsuite')]: del sys.modules[name]",
    "odd progress": "context.progress('a', None, object())",
    "huge progress": "context.progress(10**400, -1, 'x' * 10**7)",
    "progress of no number": "context.progress(float('nan'), float('inf'), '\\ud800 \\x1b[2J\\n')",
    "much progress": "for j in range(100_000): context.progress(j, 100_000, 'again')",
}


def errors() -> list[Breaker]:
    """Return every error in every place."""
    breakers = []
    for place, (part, frame) in _PLACES.items():
        for error, code in _ERRORS.items():
            breakers.append(Breaker(f"{error} in {place}", {part: frame.format(code)}, alone=place in _EARLY))
    return breakers


def deeds() -> list[Breaker]:
    """Return what a model can do to the process and the machine, while it is fitted."""
    return [Breaker(f"fit: {name}", {"fit": code}) for name, code in _DEEDS.items()]
