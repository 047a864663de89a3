"""`porter/sql`: one query of a database's."""

from collections.abc import Mapping
from pathlib import Path

from kernel_bridge.gateway.asked import optional_text
from kernel_bridge.gateway.outgoing import Limits
from kernel_bridge.gateway.services import DuckdbService, PostgresqlService, Service, find_service
from kernel_bridge.gateway.sql import parse_sql_request, run_sql
from kernel_bridge.web.gateway import Found, QueryHandler
from kernel_bridge.web.handler import Route

KINDS: tuple[type[PostgresqlService | DuckdbService], ...] = (PostgresqlService, DuckdbService)


class SqlHandler(QueryHandler):
    """`porter/sql`."""

    def ask(self, body: Mapping[str, object], limits: Limits) -> tuple[Service, Found]:
        """One SELECT."""
        del limits
        asked = parse_sql_request(body)
        name = optional_text(body, "service")
        service = find_service(self.bridge.services, name, KINDS)
        root = Path(self.settings["server_root_dir"]).expanduser()
        return service, run_sql(service, asked, hosts=self.bridge.hosts, root=root)


def routes() -> list[Route]:
    """What this module adds to the server."""
    return [("/porter/sql", SqlHandler, {})]
