"""`porter/sheets`: one range of a spreadsheet."""

from collections.abc import Mapping

from kernel_bridge.gateway.asked import optional_text
from kernel_bridge.gateway.fetching import Reach
from kernel_bridge.gateway.outgoing import Limits
from kernel_bridge.gateway.services import Service, SheetsService, find_service
from kernel_bridge.gateway.sheets import parse_sheet_request, run_sheet
from kernel_bridge.web.gateway import Found, QueryHandler
from kernel_bridge.web.handler import Route


class SheetsHandler(QueryHandler):
    """`porter/sheets`."""

    def ask(self, body: Mapping[str, object], limits: Limits) -> tuple[Service, Found]:
        """One range."""
        asked = parse_sheet_request(body)
        service = find_service(self.bridge.services, optional_text(body, "service"), SheetsService)
        reach = Reach(hosts=self.bridge.hosts, bytes_limit=limits.bytes)
        return service, run_sheet(service, asked, reach)


def routes() -> list[Route]:
    """What this module adds to the server."""
    return [("/porter/sheets", SheetsHandler, {})]
