"""``benchsuite train``: fit one model on a whole data set and keep it as a folder.

Under ``torchrun`` or ``accelerate launch`` (``-m benchsuite train ...``) the processes share the fit of a model that
knows how, and the main one writes and speaks.
"""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchsuite.cli.console import OK, say, tell
from benchsuite.cli.options import add_trust, add_verb, read_settings
from benchsuite.cli.places import add_data, add_store, make_place, open_store
from benchsuite.errors import DataError, UsageError

if TYPE_CHECKING:
    from benchsuite.api import Model
    from benchsuite.data import Dataset
    from benchsuite.runner.group import Group


def register(subparsers: _SubParsersAction[Any]) -> None:
    """Add the verb."""
    parser = add_verb(subparsers, "train", run, "fit a model on a whole data set and save it as a folder")
    text = "such as flm (see: benchsuite list models); with --experiment the label of one of its rows"
    parser.add_argument("model", metavar="MODEL", help=text)
    parser.add_argument("--source", required=True, metavar="SOURCE", help="see: benchsuite list sources")
    text = "settings of the model, such as: --with epochs=2 temperature=0.2"
    parser.add_argument(
        "--with", dest="settings", nargs="+", action="extend", default=[], metavar="NAME=VALUE", help=text
    )
    text = "settings of the source, e.g. 'item_core = 5'"
    parser.add_argument("--source-with", default="", metavar="TOML", help=text)
    parser.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="a new or empty folder")
    text = "take the tuned settings from this experiment that was run, and its numbers into the model card"
    parser.add_argument("--experiment", default="", metavar="NAME", help=text)
    add_store(parser)
    add_trust(parser)
    add_data(parser)
    parser.add_argument("--seed", type=int, default=0, help="seed of the fit (default: 0)")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="default: all processors")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto", help="default: auto")


def run(args: Namespace) -> int:
    """Run the verb."""
    from benchsuite.cli.measured import measured
    from benchsuite.plan.cells import unmet
    from benchsuite.registry import find, load_model, load_source
    from benchsuite.runner.device import choose_device
    from benchsuite.runner.group import join_group
    from benchsuite.saved import Origin, check_target, savable, write_folder

    if args.seed < 0 or args.threads < 0:
        raise UsageError("--seed and --threads must be 0 or more")
    check_target(args.out)
    source = load_source(args.source, trusted=[args.source]).from_settings(
        read_settings(Namespace(settings=args.source_with)), where=f"source {args.source}"
    )
    given = read_settings(Namespace(settings=";".join(args.settings)))
    found = None
    if args.experiment:
        found = measured(open_store(args), args.experiment, args.model, args.trust)
    name = args.model if found is None else found.plugin
    trusted = [*args.trust, *([name] if found is None else [])]
    entry = find("models", name, trusted=trusted)
    settings = given if found is None else dict(found.settings) | given
    model = load_model(name, trusted=trusted).from_settings(settings, where=f"model {args.model}")
    savable(entry, model)
    device = choose_device(args.device, model)
    with join_group(device) as group:
        aloud = tell if group.main else _silent
        dataset = group.main_first(lambda: source.load(make_place(args, aloud)))
        if reason := unmet(model.needs, dataset):
            raise DataError(f"{entry.name} {reason}", where=dataset.name, remedy="name another source")
        benchmark = None if found is None else found.benchmark(model, dataset, given)
        model = _fit(model, dataset, args, device, group)
        group.wait()  # until all have seen that the folder is free
        if not group.main:
            return OK
        write_folder(args.out, model, dataset, Origin(entry, source, args.source, args.seed, benchmark))
    say(f"{args.out}: {entry.name}, fitted on {dataset.name}, {len(dataset.interactions):,} rows")
    if benchmark is None:
        tell(
            "it was not benchmarked, and its README.md says so; --experiment NAME takes settings and numbers from a run"
        )
    if source.licence:
        tell(f"mind the licence of the data: {source.licence}")
    tell(f'next: benchsuite recommend {args.out} --history "a title" -k 10')
    return OK


def _silent(text: str) -> None:
    """Say nothing: the main process does."""


def _fit(model: Model, dataset: Dataset, args: Namespace, device: str, group: Group) -> Model:
    """Fit on all rows, with a bar."""
    import tempfile

    from benchsuite.api import Context
    from benchsuite.cli.watch import Watch
    from benchsuite.provenance import cores
    from benchsuite.saved import ready

    label = f"{args.model} on {dataset.name}"
    with Watch(quiet=not group.main) as watch, tempfile.TemporaryDirectory() as scratch:
        watch.expect(1)
        watch.job_started(label)
        context = Context(
            seed=args.seed,
            device=device,
            threads=args.threads or max(1, cores() // group.local),
            scratch=Path(scratch),
            report=lambda done, total, note: watch.job_moved(label, "fit", done, total, note),
        )
        return model.fit(ready(dataset), context)
