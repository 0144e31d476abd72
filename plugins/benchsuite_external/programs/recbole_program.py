"""RecBole's models by the protocol for models in another process; runs in RecBole's environment."""

from __future__ import annotations

import sys
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchsuite_program import Fold, Queries, serve
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.data.interaction import Interaction
from recbole.utils import ModelType, get_model, get_trainer, init_seed
from scipy.sparse import dok_matrix

BLOCK = 256
"""Queries that are asked at a time."""


class RecBole:
    """A model that is asked for every item; general models know the users they were fitted on, sequential ones read."""

    def fit(self, fold: Fold) -> None:
        """Write the training rows as RecBole reads them and train for all epochs: nothing is held out here."""
        sys.argv[1:] = []  # RecBole reads it
        write_rows(fold.train, Path("fold"))
        self.config = config_of(fold.options, fold.about)
        init_seed(self.config["seed"], self.config["reproducibility"])
        data = create_dataset(self.config)
        train, _, _ = data_preparation(self.config, data)
        init_seed(self.config["seed"] + self.config["local_rank"], self.config["reproducibility"])
        self.model = get_model(self.config["model"])(self.config, train._dataset).to(self.config["device"])  # noqa: SLF001 - as RecBole's own start does
        get_trainer(self.config["MODEL_TYPE"], self.config["model"])(self.config, self.model).fit(
            train, None, saved=False, show_progress=False
        )
        self.model.eval()
        self.users = numbers(data.field2token_id[data.uid_field], fold.users.size)
        self.items = numbers(data.field2token_id[data.iid_field], fold.items.size)
        self.data = data
        parameters = sum(one.numel() for one in self.model.parameters() if one.requires_grad)
        fold.write_facts({"recbole": version("recbole"), "model": self.config["model"], "parameters": parameters})

    def score(self, queries: Queries, candidates: np.ndarray) -> np.ndarray:
        """Ask for some queries at a time; it abstains for users, histories and items that RecBole does not know."""
        scores = np.full((queries.size, len(candidates)), np.nan, np.float32)
        known = np.flatnonzero(self.items[candidates])
        sequential = self.config["MODEL_TYPE"] == ModelType.SEQUENTIAL
        histories = [self.items[history][self.items[history] > 0] for _, history in queries]
        there = [len(history) > 0 for history in histories] if sequential else self.users[queries.user] > 0
        rows = np.flatnonzero(there)
        for first in range(0, len(rows), BLOCK):
            part = rows[first : first + BLOCK]
            asked = {self.data.uid_field: torch.as_tensor(self.users[queries.user[part]])}
            asked |= self._sequences([histories[row] for row in part]) if sequential else {}
            with torch.no_grad():
                found = self._scores(Interaction(asked).to(self.config["device"]), len(part))
            scores[np.ix_(part, known)] = found[:, self.items[candidates[known]]]
        return scores

    def _sequences(self, histories: list[np.ndarray]) -> dict[str, torch.Tensor]:
        """Return the last items of each history, as RecBole pads them."""
        longest = self.config["MAX_ITEM_LIST_LENGTH"]
        padded = np.zeros((len(histories), longest), np.int64)
        for row, history in enumerate(histories):
            padded[row, : min(len(history), longest)] = history[-longest:]
        length = np.asarray([min(len(history), longest) for history in histories])
        return {
            self.data.iid_field + self.config["LIST_SUFFIX"]: torch.as_tensor(padded),
            self.config["ITEM_LIST_LENGTH_FIELD"]: torch.as_tensor(length),
        }

    def _scores(self, asked: Any, rows: int) -> np.ndarray:
        try:
            found = self.model.full_sort_predict(asked)
        except NotImplementedError:
            every = asked.repeat_interleave(self.data.item_num)
            every.update(Interaction({self.data.iid_field: torch.arange(self.data.item_num).repeat(rows)}))
            found = self.model.predict(every.to(self.config["device"]))
        scores: np.ndarray = found.reshape(rows, self.data.item_num).cpu().numpy()
        return scores


def write_rows(rows: dict[str, np.ndarray], folder: Path) -> None:
    """Write RecBole's own file; rows without times keep their order."""
    folder.mkdir()
    order = np.arange(len(rows["item"]), dtype=np.int64)
    when = rows.get("timestamp", order)
    order = np.argsort(when, kind="stable")
    with (folder / "fold.inter").open("w", encoding="ascii") as file:
        file.write("user_id:token\titem_id:token\trating:float\ttimestamp:float\n")
        for row in order:
            value = float(rows["value"][row])
            file.write(f"{rows['user'][row]}\t{rows['item'][row]}\t{value:g}\t{when[row]}\n")


def config_of(options: dict[str, Any], about: dict[str, Any]) -> Any:
    """Return RecBole's config; what the user gave comes last."""
    told = {
        "data_path": ".",
        "checkpoint_dir": ".",
        "load_col": {"inter": ["user_id", "item_id", "rating", "timestamp"]},
        "USER_ID_FIELD": "user_id",
        "ITEM_ID_FIELD": "item_id",
        "eval_args": {"split": {"RS": [1, 0, 0]}, "order": "TO", "group_by": None, "mode": "full"},
        "use_gpu": about["device"] == "cuda",
        "show_progress": False,
        "state": "ERROR",
        "seed": about["seed"],
        **options["options"],
    }
    try:
        return Config(model=options["model"], dataset="fold", config_dict=told)
    except ModuleNotFoundError as error:  # after all others it looks for a name among those of a library it lacks
        return sys.exit(f"RecBole has no model {options['model']!r}, or it needs a package: {error}")
    except ValueError as error:
        if "train_neg_sample_args" not in str(error) or "train_neg_sample_args" in options["options"]:
            return sys.exit(f"{options['model']}: {error}")
    return Config(model=options["model"], dataset="fold", config_dict=told | {"train_neg_sample_args": None})


def numbers(tokens: dict[str, int], size: int) -> np.ndarray:
    """Return int64[size], RecBole's number of each of our codes; 0, its padding, where it knows none."""
    found = np.zeros(size, np.int64)
    for token, number in tokens.items():
        if token != "[PAD]":  # noqa: S105 - RecBole's name of its padding
            found[int(token)] = number
    return found


if not hasattr(dok_matrix, "_update"):  # graph models of RecBole call it, and later versions of SciPy dropped it
    dok_matrix._update = lambda matrix, entries: matrix._dict.update(entries)  # noqa: SLF001 - as RecBole does

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    serve(RecBole())
