"""Cornac's models by name, and the parameters of their constructors; imports Cornac when asked, never before."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from benchsuite.errors import ConfigError, did_you_mean

REMEDY = 'pip install "benchsuite[cornac]"'

_OURS = {
    "name": "it has no effect",
    "verbose": "it has no effect",
    "trainable": "models are always fitted",
    "seed": "the experiment's seeds are used",
    "device": "the run's device is used",
    "use_gpu": "the run's device is used",
    "num_threads": "with more than one thread results would differ from run to run",
    "init_params": "models start from the experiment's seeds",
    "model_selection": "early stopping would need data that a model does not see; tune the number of epochs instead",
}
"""Parameters that the harness sets, or that have no meaning here, and why."""


def installed() -> bool:
    """Return whether Cornac is there, without importing it."""
    return importlib.util.find_spec("cornac") is not None


def need_cornac(what: str) -> None:
    """Raise one line with the remedy where Cornac is missing.

    Raises:
        ConfigError: when it is.
    """
    if not installed():
        raise ConfigError(f"{what} needs the package cornac, which is not installed", remedy=REMEDY)


@lru_cache(maxsize=1)
def _classes() -> Mapping[str, Any]:
    from cornac import models

    bases = (models.Recommender, models.NextItemRecommender, models.NextBasketRecommender)
    found = {name: kind for name, kind in vars(models).items() if inspect.isclass(kind)}
    return {name: kind for name, kind in found.items() if issubclass(kind, bases[0]) and kind not in bases}


def class_of(name: str) -> Any:
    """Return the class of a model.

    Raises:
        ValueError: when there is none, or it needs what this adapter does not give.
    """
    from cornac.models import NextBasketRecommender

    kind = _classes().get(name)
    if kind is None:
        raise ValueError(f'Cornac has no model "{name}"; {did_you_mean(name, _classes())}')
    if issubclass(kind, NextBasketRecommender):
        reason = "predicts baskets, of which the data here tells nothing; name another model"
        raise ValueError(f"Cornac's {name} {reason}")  # noqa: TRY004 - the name is wrong, not its type
    if any(value.default is inspect.Parameter.empty for value in _signature(kind).values()):
        raise ValueError(f"Cornac's {name} is built from another model, which a setting cannot give; name that model")
    return kind


def _signature(kind: Any) -> dict[str, inspect.Parameter]:
    found = inspect.signature(kind.__init__).parameters
    return {name: value for name, value in found.items() if name != "self"}


def check_parameters(name: str, parameters: Mapping[str, Any]) -> None:
    """Hold parameters against the constructor of a model: names, and types where the default tells one.

    Raises:
        ValueError: naming the first that is wrong.
    """
    known = _signature(class_of(name))
    for key, value in parameters.items():
        if key in _OURS:
            raise ValueError(f'the parameter "{key}" of Cornac\'s {name} is not for you to set: {_OURS[key]}')
        if key not in known:
            remedy = did_you_mean(key, set(known) - set(_OURS))
            raise ValueError(f'Cornac\'s {name} has no parameter "{key}"; {remedy}')
        default = known[key].default
        if not _fits(value, default):
            raise ValueError(f'the parameter "{key}" of Cornac\'s {name} is {value!r}, but its default is {default!r}')


def _fits(value: Any, default: Any) -> bool:
    """Return whether a value may stand where this default stands."""
    if default is None or value is None:
        return True
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    for kinds in ((int, float), (str,), (list, tuple), (dict,)):
        if isinstance(default, kinds):
            # A text may stand for a number (GRU4Rec's embedding = "layersize"), not a table or a list.
            return isinstance(value, kinds) or (kinds == (int, float) and isinstance(value, str))
    return True


def build(name: str, parameters: Mapping[str, Any], *, seed: int, device: str) -> Any:
    """Return a model that is not yet fitted.

    Raises:
        ConfigError: when its constructor refuses the parameters, or the model needs a package that is missing.
    """
    kind = class_of(name)
    check_parameters(name, parameters)
    ours = {"seed": seed, "verbose": False, "num_threads": 1, "use_gpu": device == "cuda", "device": device}
    known = _signature(kind)
    try:
        return kind(**parameters, **{key: value for key, value in ours.items() if key in known})
    except (TypeError, ValueError) as error:
        raise ConfigError(f"Cornac's {name} refuses its parameters: {error}", remedy="correct them") from None
    except ImportError as error:
        raise missing(name, error) from None


def missing(name: str, error: ImportError) -> ConfigError:
    """Return one line about a package that one of Cornac's models needs and that Cornac does not bring."""
    lacking = error.name or str(error)
    return ConfigError(f"Cornac's {name} needs the package {lacking}, which is not installed", remedy="install it")
