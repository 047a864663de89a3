"""The option of the commands that use a shared store."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from porter.errors import StoreAway
from porter.progress import Reporter

if TYPE_CHECKING:
    from porter.store.shared import SharedStore

STORE = "PORTER_STORE"


def add_store(parser: argparse.ArgumentParser) -> None:
    """`--store URL`."""
    parser.add_argument(
        "--store",
        default=os.environ.get(STORE, ""),
        metavar="URL",
        help=f"a folder, or s3://BUCKET/PREFIX, of wheels that many share (default: {STORE})",
    )


def open_shared(
    arguments: argparse.Namespace, report: Reporter, warnings: list[str]
) -> "SharedStore | None":
    """The store of `add_store`, None where none is named, or where it is away.

    What is wrong with it is reported at once, and added to `warnings`.
    """
    if not arguments.store:
        return None
    from porter.store.objects import open_objects
    from porter.store.shared import SharedStore

    def warn(text: str) -> None:
        warnings.append(text)
        report.phase("store", f"warning: {text}")

    try:
        return SharedStore(open_objects(arguments.store, os.environ), warn)
    except StoreAway as error:
        warn(f"StoreAway: {error.message}; it is done without")
        return None


def place_store(url: str) -> str:
    """A store as other processes find it: a folder by its whole path."""
    return url if "://" in url else str(Path(url).expanduser().absolute())


def print_warnings(warnings: Sequence[str]) -> None:
    """What was wrong with the store, once more at the end."""
    for warning in warnings:
        print(f"porter: warning: {warning}", file=sys.stderr)
