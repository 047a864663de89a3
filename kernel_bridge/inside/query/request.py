"""A magic and a notebook's values made into what the gateway is asked. Runs no query itself.

A page takes a cell's request by the operation `query`, so that it needs no parser of its own and
values never become text of a query.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kernel_bridge.inside.query.errors import BadMagic, BadValue
from kernel_bridge.inside.query.lines import Magic, parse_cell
from kernel_bridge.inside.query.parameters import parameter_names, quoted_texts
from kernel_bridge.inside.query.placeholders import with_placeholders
from kernel_bridge.inside.query.values import wire_json, wire_value
from kernel_bridge.inside.registry import Answer, Arguments, argument, operation

FILES = "files"
VALUES = {
    "unformatted": "UNFORMATTED_VALUE",
    "formatted": "FORMATTED_VALUE",
    "formula": "FORMULA",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`POST porter/{address}` with `body`; the answer goes to the name `target`, or is shown.

    The address `files` is none of the gateway's: the page itself runs such a query.
    """

    address: str
    body: Mapping[str, Any]
    target: str | None


def make_request(magic: Magic, names: Mapping[str, Any]) -> Request:
    """What a magic asks, with the values of a notebook's `names`; raises BadMagic and BadValue."""
    address, make = ADDRESSES[magic.kind]
    if asks_files(magic):
        address, make = FILES, _files
    body = {key: value for key, value in make(magic, names).items() if value is not None}
    return Request(address=address, body=body, target=magic.target)


def asks_files(magic: Magic) -> bool:
    """Whether it is a query of files, which the notebook's own side runs."""
    return magic.kind == "sql" and "on" not in magic.options


def bound_values(magic: Magic, names: Mapping[str, Any]) -> dict[str, Any]:
    """The notebook's value for each `:name` of a query; raises BadMagic and BadValue."""
    wanted = parameter_names(magic.body)
    for name in magic.pairs:
        if name not in wanted:
            raise BadMagic(
                f"%%sql: the query has no :{name}", advice=f"write :{name} where its value belongs"
            )
    values = {}
    for name in wanted:
        if name in magic.pairs:
            found = _evaluate(magic.pairs[name], names)
        elif name in names:
            found = names[name]
        else:
            raise BadValue(
                f"the notebook has no variable {name!r} for :{name}",
                advice=f"assign it, or write --param {name}=EXPRESSION",
            )
        values[name] = found
    return values


def _sql(magic: Magic, names: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: wire_value(name, one) for name, one in bound_values(magic, names).items()}
    return {
        "service": magic.options["on"],
        "query": magic.body,
        "parameters": values,
        "limit": magic.options.get("limit"),
    }


def _files(magic: Magic, names: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: wire_value(name, one) for name, one in bound_values(magic, names).items()}
    query, bound = with_placeholders(magic.body, values)
    return {
        "query": query,
        "parameters": bound,
        "names": quoted_texts(magic.body),
        "limit": magic.options.get("limit"),
    }


def _sheet(magic: Magic, _names: Mapping[str, Any]) -> dict[str, Any]:
    shown = str(magic.options.get("values", "unformatted"))
    return {
        "service": magic.options.get("on"),
        "spreadsheet": magic.options["id"],
        "range": magic.options["range"],
        "header": "no-header" not in magic.options,
        "values": VALUES[shown],
        "limit": magic.options.get("limit"),
    }


def _graphql(magic: Magic, names: Mapping[str, Any]) -> dict[str, Any]:
    variables: Any = {}
    if "vars" in magic.options:
        variables = wire_json("vars", _evaluate(str(magic.options["vars"]), names))
        if not isinstance(variables, dict):
            raise BadValue(
                "--vars is no dictionary", advice="give names of variables with their values"
            )
    return {
        "service": magic.options.get("on"),
        "query": magic.body,
        "variables": variables,
        "operation": magic.options.get("operation"),
        "paginate": magic.options.get("paginate"),
        "cursor": magic.options.get("cursor"),
        "rows": magic.options.get("rows"),
        "limit": magic.options.get("limit"),
    }


ADDRESSES: Mapping[str, tuple[str, Callable[[Magic, Mapping[str, Any]], dict[str, Any]]]] = {
    "sql": ("sql", _sql),
    "googlesheet": ("sheets", _sheet),
    "graphql": ("graphql", _graphql),
}


def _evaluate(expression: str, names: Mapping[str, Any]) -> Any:
    try:
        # The notebook's own author writes it, to run among the notebook's own names.
        return eval(expression, dict(names))  # noqa: S307
    except Exception as error:
        raise BadValue(
            f"{expression!r} fails: {type(error).__name__}: {error}",
            advice="write an expression of Python's that the notebook could run",
        ) from error


@operation("query")
def query(shell: Any, args: Arguments, _buffers: Iterable[memoryview]) -> Answer:
    """The request of a cell: `{code}` to `{request: {address, body, target} | null}`."""
    magic = parse_cell(argument(args, "code", str))
    if magic is None:
        return {"request": None}, ()
    asked = make_request(magic, shell.user_ns)
    told = {"address": asked.address, "body": dict(asked.body), "target": asked.target}
    return {"request": told}, ()
