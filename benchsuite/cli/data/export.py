"""``benchsuite data export``: a prepared set, or the folds of a split, as files that other libraries read."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from pathlib import Path
from typing import Any

from benchsuite.cli.console import OK, say, tell
from benchsuite.cli.data.source import add_settings, read_source
from benchsuite.cli.places import add_data, make_place


def register(subparsers: _SubParsersAction[Any]) -> None:
    """Add the sub-verb."""
    text = "write a prepared set as Parquet or as RecBole atomic files; with --split also exactly our folds"
    parser = subparsers.add_parser("export", help="write Parquet or RecBole atomic files", description=text)
    parser.add_argument("source", help="see: benchsuite list sources")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="a new or empty folder")
    parser.add_argument("--as", dest="form", choices=("parquet", "recbole"), required=True, help="the format")
    parser.add_argument("--split", metavar="NAME", default="", help="also write the folds of this split")
    parser.add_argument("--split-with", metavar="TOML", default="", help="settings of the split, e.g. 'test = 0.2'")
    parser.add_argument("--seed", type=int, default=1, help="seed of the split (default: 1)")
    add_settings(parser, "item_core = 5")
    add_data(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Run the sub-verb."""
    from benchsuite.cli.options import read_settings
    from benchsuite.data.export import write_dataset, write_fold
    from benchsuite.errors import DataError
    from benchsuite.evaluate import guard
    from benchsuite.plan.cells import unmet
    from benchsuite.registry import load_split

    source = read_source(args)
    split = None
    if args.split:
        settings = read_settings(Namespace(settings=args.split_with))
        split = load_split(args.split, trusted=[args.split]).from_settings(settings, where=f"split {args.split}")
    out: Path = args.out
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError("is not an empty folder", where=str(out), remedy="name a new one with --out")
    dataset = source.load(make_place(args, tell))
    about = {"licence": source.licence, "url": source.url, "cite": list(source.cite), "settings": source.settings()}
    if split is not None and (reason := unmet(split.needs, dataset)):
        raise DataError(f"{args.split} {reason}", where=dataset.name, remedy="name another split")
    write_dataset(dataset, out, args.form, about)
    say(f"{out}: {dataset.name}, {len(dataset.interactions):,} rows, as {args.form}")
    if split is not None:
        told = {"split": args.split, "settings": split.settings(), "seed": args.seed}
        for fold in split.split(dataset, args.seed):
            guard(fold, split, f"{dataset.name}, {args.split}, fold {fold.name}", dataset)
            counts = write_fold(fold, dataset, out / f"fold-{fold.name}", args.form, told)
            say(f"{out / f'fold-{fold.name}'}: " + ", ".join(f"{count:,} {name}" for name, count in counts.items()))
    if source.licence:
        tell(f"mind the licence of the data: {source.licence}")
    return OK
