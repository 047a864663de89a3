"""`porter index token`: tokens made, listed and revoked."""

import argparse
from typing import TYPE_CHECKING

from index_server.commands.options import add_data, existing, local_user
from porter.commands.options import Commands, Machine, add_command, add_json, print_json

if TYPE_CHECKING:
    from index_server.people.tokens import Token

PERMISSIONS = ("read", "upload", "admin")
COLUMNS = ("id", "name", "may", "projects", "made by", "state")


def add(actions: Commands) -> None:
    """Declare the actions."""
    parser = actions.add_parser("token", help="make, list and revoke tokens")
    below = parser.add_subparsers(required=True, metavar="ACTION")
    create = add_command(below, "create", "make a token, and show it once", run_create)
    create.add_argument("name", metavar="NAME", help="what the log calls it by")
    create.add_argument(
        "--permission",
        action="append",
        choices=PERMISSIONS,
        help="what it may do; may be repeated (default: read)",
    )
    _add_projects(create)
    create.add_argument(
        "--days", type=int, default=365, metavar="N", help="for how long (default: 365)"
    )
    create.add_argument("--forever", action="store_true", help="it does not expire")
    listed = add_command(below, "list", "list the tokens", run_list)
    revoke = add_command(below, "revoke", "have a token be refused from now on", run_revoke)
    revoke.add_argument("id", metavar="ID", help="the token's id, as `list` shows it")
    path = add_command(
        below, "path", "make a token that reads for a while, in the path of addresses", run_path
    )
    _add_projects(path)
    path.add_argument(
        "--seconds", type=int, default=3600, metavar="N", help="for how long (default: 3600)"
    )
    for action in (create, listed, revoke, path):
        add_data(action)
        add_json(action)


def run_create(arguments: argparse.Namespace, machine: Machine) -> int:
    """Make a token, and print it: nobody can read it again."""
    from datetime import timedelta

    from index_server.people.access import Permission
    from index_server.people.tokens import create_token

    with existing(arguments, machine) as index:
        token, text = create_token(
            index.engine,
            name=arguments.name,
            permissions=[Permission(name) for name in arguments.permission or ("read",)],
            projects=arguments.project or (),
            lifetime=None if arguments.forever else timedelta(days=arguments.days),
            actor=local_user(),
        )
    if arguments.json:
        print_json({**_describe(token), "token": text})
    else:
        print(text)
    return 0


def run_list(arguments: argparse.Namespace, machine: Machine) -> int:
    """List the tokens, without what they are."""
    from index_server.people.tokens import list_tokens
    from porter.table import print_table

    with existing(arguments, machine) as index:
        found = list_tokens(index.engine)
    if arguments.json:
        print_json({"tokens": [_describe(token) for token in found]})
    else:
        rows = [
            (
                token.id,
                token.name,
                " ".join(sorted(token.permissions)),
                " ".join(token.projects) or "all",
                token.created_by,
                _state(token),
            )
            for token in found
        ]
        print_table(COLUMNS, rows)
    return 0


def run_revoke(arguments: argparse.Namespace, machine: Machine) -> int:
    """Revoke a token: servers refuse it within a second."""
    from index_server.people.tokens import revoke_token

    with existing(arguments, machine) as index:
        token = revoke_token(index.engine, arguments.id, actor=local_user())
    if arguments.json:
        print_json({"id": token.id, "name": token.name, "revoked": True})
    else:
        print(f"revoked {token.name} ({token.id})")
    return 0


def run_path(arguments: argparse.Namespace, machine: Machine) -> int:
    """Make a path token, and print what goes between the index's address and a path."""
    from datetime import timedelta

    from index_server.people.access import Permission, Principal
    from index_server.people.grants import Holder, HolderKind
    from index_server.people.pathtokens import make_path_token
    from index_server.people.verify import read_key

    user = local_user()
    with existing(arguments, machine) as index:
        text, grant = make_path_token(
            read_key(index),
            holder=Holder(kind=HolderKind.MACHINE, name=user),
            maker=Principal(name=user, permissions=frozenset((Permission.READ,))),
            projects=arguments.project or (),
            lifetime=timedelta(seconds=arguments.seconds),
        )
    if arguments.json:
        told = {"token": text, "prefix": f"/t/{text}", "projects": list(grant.projects)}
        print_json({**told, "expires_at": grant.expires_at.isoformat()})
    else:
        print(f"/t/{text}")
    return 0


def _add_projects(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--project",
        action="append",
        metavar="PATTERN",
        help="a project it is for, such as acme-*; may be repeated (default: all)",
    )


def _describe(token: "Token") -> dict[str, object]:
    moments = {
        name: None if (moment := getattr(token, name)) is None else moment.isoformat()
        for name in ("created_at", "expires_at", "revoked_at")
    }
    return {
        "id": token.id,
        "name": token.name,
        "permissions": sorted(token.permissions),
        "projects": list(token.projects),
        "created_by": token.created_by,
        **moments,
    }


def _state(token: "Token") -> str:
    from datetime import UTC, datetime

    if token.revoked_at is not None:
        return f"revoked {token.revoked_at:%Y-%m-%d}"
    if token.expires_at is None:
        return "does not expire"
    verb = "expires" if token.is_live(datetime.now(UTC)) else "expired"
    return f"{verb} {token.expires_at:%Y-%m-%d}"
