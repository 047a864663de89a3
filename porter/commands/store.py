"""`porter store`: what is in a shared store, whether it is sound, and what may go."""

import argparse
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from porter.commands.options import (
    Commands,
    Machine,
    add_command,
    add_index,
    add_json,
    add_platforms,
    add_recipe_folders,
    add_sources,
    add_toolchain,
    print_json,
)
from porter.commands.shared import STORE, add_store
from porter.errors import UsageError

if TYPE_CHECKING:
    from porter.store.objects import Objects

DAYS = 90


def add(commands: Commands) -> None:
    """Declare the command and its actions."""
    store = commands.add_parser("store", help="look after a store of wheels that many share")
    actions = store.add_subparsers(required=True, metavar="ACTION")
    listing = add_command(actions, "list", "list what a store has", run_list)
    verify = add_command(actions, "verify", "read every byte of a store, and check it", run_verify)
    sweep = add_command(actions, "gc", "remove what was not used for long", run_gc)
    sweep.add_argument(
        "source",
        nargs="*",
        metavar="SOURCE",
        help="as of `porter build`: what these need as they are now is kept",
    )
    sweep.add_argument(
        "--unused",
        type=_days,
        default=timedelta(days=DAYS),
        metavar="DAYS",
        help=f"how long nobody used what is removed (default: {DAYS})",
    )
    sweep.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    add_platforms(sweep)
    add_recipe_folders(sweep)
    add_index(sweep)
    add_sources(sweep)
    add_toolchain(sweep)
    for parser in (listing, verify, sweep):
        add_store(parser)
        add_json(parser)


def run_list(arguments: argparse.Namespace, _: Machine) -> int:
    """Every entry, sound or not; nothing else is read."""
    from porter.store.survey import list_entries
    from porter.table import format_size, print_table

    found = list_entries(_objects(arguments))
    sound = [(each.stored, each.entry) for each in found if each.entry is not None]
    flaws = [each.flaw for each in found if each.flaw]
    if arguments.json:
        print_json(
            {
                "entries": [
                    {
                        "key": entry.key,
                        "name": entry.inputs.get("name", ""),
                        "file": entry.filename,
                        "sha256": entry.sha256,
                        "size": entry.size,
                        "seconds": entry.seconds,
                        "audit": entry.audit,
                        "used": stored.modified.isoformat(timespec="seconds"),
                    }
                    for stored, entry in sound
                ],
                "flaws": flaws,
            }
        )
        return 0
    rows = [
        [
            entry.inputs.get("name", ""),
            entry.filename,
            format_size(entry.size),
            f"{entry.seconds:.1f} s",
            f"{stored.modified:%Y-%m-%d}",
            entry.key[:12],
        ]
        for stored, entry in sound
    ]
    if rows:
        print_table(["project", "file", "size", "build", "used", "key"], sorted(rows))
    for flaw in flaws:
        print(flaw)
    print(f"{len(sound)} entries, {format_size(sum(entry.size for _, entry in sound))}")
    return 0


def run_verify(arguments: argparse.Namespace, _: Machine) -> int:
    """Exit code 1 where anything is damaged."""
    from porter.store.survey import verify_store
    from porter.table import format_size

    verified = verify_store(_objects(arguments))
    if arguments.json:
        print_json(
            {
                "entries": verified.entries,
                "size": verified.size,
                "unused": verified.unused,
                "flaws": verified.flaws,
            }
        )
    else:
        for flaw in verified.flaws:
            print(flaw)
        unused = f", {verified.unused} files that no entry names" if verified.unused else ""
        damaged = f"{len(verified.flaws)} damaged" if verified.flaws else "all sound"
        print(f"{verified.entries} entries, {format_size(verified.size)}{unused}: {damaged}")
    return 1 if verified.flaws else 0


def run_gc(arguments: argparse.Namespace, machine: Machine) -> int:
    """Remove by age, but for what the sources need."""
    from porter.store.sweep import sweep_store
    from porter.table import format_size

    objects = _objects(arguments)
    needed = _needed(arguments, machine, objects)
    swept = sweep_store(
        objects,
        unused=arguments.unused,
        needed=needed,
        now=datetime.now(UTC),
        dry_run=arguments.dry_run,
    )
    if arguments.json:
        print_json(
            {
                "removed": [{"key": entry.key, "file": entry.filename} for entry in swept.entries],
                "broken": swept.broken,
                "files": swept.files,
                "size": swept.size,
                "kept": swept.kept,
                "needed": len(needed),
                "dry_run": arguments.dry_run,
            }
        )
        return 0
    for entry in swept.entries:
        print(f"{entry.key[:12]} {entry.filename}")
    broken = f" and {swept.broken} that are none" if swept.broken else ""
    would = "would be removed" if arguments.dry_run else "removed"
    print(
        f"{len(swept.entries)} entries{broken} and {swept.files} files {would}, "
        f"{format_size(swept.size)}; {swept.kept} entries are kept"
    )
    return 0


def _needed(arguments: argparse.Namespace, machine: Machine, objects: "Objects") -> set[str]:
    """The keys of what the named sources, as they are now, need on each platform."""
    from porter.commands.plan import plan_platforms
    from porter.store.shared import SharedStore

    if not arguments.source and not arguments.recipes:
        return set()
    store = SharedStore(objects, lambda _: None)
    plans = plan_platforms(arguments, machine, store=store)
    for error in (step.error for _, steps in plans for step in steps if step.error is not None):
        # What cannot be planned cannot be kept: nothing is removed on half the knowledge.
        raise error
    return {step.key for _, steps in plans for step in steps if step.key}


def _objects(arguments: argparse.Namespace) -> "Objects":
    from porter.store.objects import open_objects

    if not arguments.store:
        raise UsageError("no store is named", advice=f"give one with --store, or in {STORE}")
    return open_objects(arguments.store, os.environ)


def _days(text: str) -> timedelta:
    days = float(text)
    if not 0 <= days < 36500:
        raise argparse.ArgumentTypeError("days, 0 or more")
    return timedelta(days=days)
