"""Imports plugins: a file runs from the bytes that are hashed; foreign code is tried in a child process first.

Whoever imports a module or sets up a plugin runs its code, and it may leave the interpreter, die or never come back. So
code that is not our own is imported, and set up, in a child first; only what survives there is imported here.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import importlib
import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from benchsuite.child_processes import (
    adopt_orphans,
    end_children,
    end_with_parent,
    ending,
    kill_group,
    limit_memory,
    usual_memory,
)
from benchsuite.errors import BenchsuiteError, PluginError

IMPORT_SECONDS = 120.0
"""How long the import of a foreign module may take."""

_CHILD = (
    "import json, sys; order = json.loads(sys.stdin.buffer.readline()); sys.path[:] = order['path']; "
    "from benchsuite.loading import serve; serve(order)"
)
_SAID = 2000

_survived: set[tuple[str, str, str]] = set()
"""What went well in a child of this process: module, file, and the set-up as JSON."""


@dataclass(frozen=True)
class SetUp:
    """What is done with a class once its module is imported: it is set up with these settings."""

    attribute: str
    settings: Mapping[str, Any]


@contextlib.contextmanager
def plugin_code(where: str, remedy: str = "") -> Iterator[None]:
    """Turn whatever a plugin's code raises, ``sys.exit`` included, into one line; our own errors and Ctrl-C pass.

    Raises:
        PluginError: saying what was raised.
    """
    try:
        yield
    except (BenchsuiteError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise PluginError(f"its code raised {error_text(error)}", where=where, remedy=remedy) from error


def error_text(error: BaseException) -> str:
    """Return what was raised as one short line; only the type where the message itself raises."""
    try:
        text = " ".join(f"{type(error).__name__}: {error}".split())
    except Exception:  # noqa: BLE001 - the message is foreign code, too
        text = type(error).__name__
    return text[:_SAID] + locked_hint(error)


def locked_hint(error: BaseException) -> str:
    """Return what to do where NumPy refused to write into an array that a plugin was given; else ""."""
    with contextlib.suppress(Exception):  # the message is foreign code
        if isinstance(error, ValueError) and str(error).endswith("read-only"):
            return "; what a plugin is given is read-only: copy it before you change it"
    return ""


def digest(code: bytes) -> str:
    """Return the sha256 (hex) of a file's bytes."""
    return hashlib.sha256(code).hexdigest()


def import_file(path: Path, code: bytes, *, apart: bool, then: Sequence[SetUp] = ()) -> ModuleType:
    """Import a Python file from its bytes, once for each content.

    Args:
        path: of the file, for tracebacks and ``__file__``.
        code: its content.
        apart: try it in a child first.
        then: what will be done with it here, tried in the same child, too.

    Raises:
        PluginError: when the child process failed.
        BaseException: whatever the file raises.
    """
    name = f"benchsuite_file_{path.stem}_{digest(code)[:16]}_{digest(os.fsencode(path))[:8]}"
    if apart:
        _try_apart(name, str(path), code, then)
    if name not in sys.modules:
        _run_file(name, path, code)
    return sys.modules[name]


def import_installed(name: str, *, apart: bool, then: Sequence[SetUp] = ()) -> ModuleType:
    """Import a module by its name.

    Args:
        name: of the module.
        apart: try it in a child first, unless it is imported already.
        then: what will be done with it here, tried in the same child, too.

    Raises:
        PluginError: when the child process failed.
        BaseException: whatever the module raises.
    """
    if apart:
        _try_apart(name, "", b"", then)
    return importlib.import_module(name)


def interpreter() -> list[str]:
    """Return the command of another Python that looks for modules in the working folder only if this one does."""
    here = {"", str(Path.cwd())} & set(sys.path)
    return [sys.executable, *(() if here else ("-P",))]


def _run_file(name: str, path: Path, code: bytes) -> None:
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    try:
        exec(compile(code, str(path), "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - the user named it
    except BaseException:
        del sys.modules[name]
        raise


def _try_apart(name: str, file: str, code: bytes, then: Sequence[SetUp]) -> None:
    """Import, and set up, in one child what did not go well in one before."""
    if not then and name in sys.modules:
        return
    tables = [{"attribute": one.attribute, "settings": dict(one.settings)} for one in then] or [{}]
    texts = {json.dumps(table, default=str, sort_keys=True) for table in tables}
    left = sorted(text for text in texts if (name, file, text) not in _survived)
    if left:
        order = {"name": name, "file": file, "set_ups": [json.loads(text) for text in left if text != "{}"]}
        try:
            _try_in_child(dict(order), code)
        except _KilledError:  # by the system or a person, perhaps: the first time this says nothing about the plugin
            _try_in_child(dict(order), code)
        _survived.update((name, file, text) for text in left)


class _KilledError(PluginError):
    """The child was killed by SIGKILL."""


def _try_in_child(order: dict[str, object], code: bytes) -> None:
    """Import in a new process and wait for the result.

    Raises:
        PluginError: when the import failed there; the message says how.
    """
    import subprocess

    receiving, sending = os.pipe()
    order |= {"path": [str(part) for part in sys.path], "pipe": sending, "parent": os.getpid()}
    try:
        try:
            process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-P", "-c", _CHILD],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(sending,),
                start_new_session=True,
            )
        finally:
            os.close(sending)
        late = False
        with process:
            try:
                process.communicate(json.dumps(order).encode() + b"\n" + code, timeout=IMPORT_SECONDS)
            except subprocess.TimeoutExpired:
                late = True
            finally:
                kill_group(process.pid)  # and what the import started
        os.set_blocking(receiving, False)
        try:
            report = os.read(receiving, 2**16)
        except BlockingIOError:
            report = b""
    finally:
        os.close(receiving)
    told = _told(report)
    step = "set-up" if "imported" in told else "import"
    if late:
        raise PluginError(f"cannot be loaded: its {step} took more than {IMPORT_SECONDS:g} seconds")
    if "failure" not in told or process.returncode:
        kind = _KilledError if process.returncode == -signal.SIGKILL else PluginError
        raise kind(f"cannot be loaded: its {step} {ending(process.returncode)}")
    if failure := told["failure"]:
        raise PluginError(f"cannot be loaded: {failure}")


def _told(report: bytes) -> dict[str, Any]:
    """Return what the child told, in lines; the plugin may have written anything between them."""
    found: dict[str, Any] = {}
    for line in report.splitlines():
        with contextlib.suppress(ValueError, RecursionError):
            table = json.loads(line)
            found |= table if isinstance(table, dict) else {}
    return found


def serve(order: dict[str, Any]) -> None:
    """In the child: import, set up, say what came of it, and leave without running what was left for the end.

    An ordinary error of a set-up is no failure here: it comes again where the plugin is set up to be used.
    """
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    end_with_parent()
    if os.getppid() != order["parent"]:  # it ended before this process came so far
        os._exit(1)
    adopt_orphans()
    limit_memory(usual_memory())
    code = sys.stdin.buffer.read()
    name, file = str(order["name"]), str(order["file"])
    pipe, failure = int(str(order["pipe"])), ""
    try:
        if file:
            _run_file(name, Path(file), code)
        else:
            importlib.import_module(name)
        os.write(pipe, b'\n{"imported": true}\n')
        for table in order["set_ups"]:
            with contextlib.suppress(Exception, SystemExit, GeneratorExit):
                getattr(sys.modules[name], table["attribute"]).from_settings(table["settings"]).settings()
    except BaseException as error:  # noqa: BLE001 - this process is here to find out
        failure = error_text(error)
    end_children()
    os.write(pipe, json.dumps({"failure": failure}).encode())
    os._exit(0)


def spelled(file: str) -> str:
    """Return one spelling of a file's name, as it is part of keys: ``my.py`` and ``sub/../my.py`` are ``./my.py``."""
    plain = os.path.normpath(file)
    return plain if Path(plain).is_absolute() or plain.startswith(os.pardir) else f"./{plain}"


def file_and_class(name: str) -> tuple[str, str]:
    """Return the file and the class that a name means, one spelling for each file."""
    file, _, attribute = name.rpartition(":")
    try:
        return os.path.realpath(file), attribute
    except ValueError:  # a NUL byte; there is no such file
        return file, attribute


def no_class_named(file: str, kind: str | None, *, read: bool = True) -> PluginError:
    """Return what is wrong with a file that stands where one of its classes should, and how these are named.

    Args:
        file: as the user typed it.
        kind: of the plugin that is looked for, such as models; None for any.
        read: look which classes it has; nothing in it is run.
    """
    if read and not os.path.isfile(file):  # noqa: PTH113 - False for a NUL byte too
        return PluginError("no such file", where=file, remedy=f"check the path, and name a class: {file}:CLASS")
    remedy = f"name one: {(_classes_of(file, kind) if read else '') or f'{file}:CLASS'}"
    return PluginError("no class of the file is named", where=file, remedy=remedy)


def _classes_of(file: str, kind: str | None) -> str:
    """Return how the classes of a file are named.

    Of a file that may hold a model those that fit and score, or whose base is a model, come into question first, then
    all that have a base.
    """
    try:
        tree = ast.parse(Path(file).read_text("utf-8"))
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return ""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    models = [node.name for node in classes if kind in (None, "models") and _looks_like_a_model(node)]
    named = models or [node.name for node in classes if node.bases] or [node.name for node in classes]
    return " or ".join(f"{file}:{name}" for name in named)


def _looks_like_a_model(node: ast.ClassDef) -> bool:
    methods = {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
    bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
    return {"fit", "score"} <= methods or "Model" in bases
