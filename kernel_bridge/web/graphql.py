"""`porter/graphql`: one query, with its pages."""

from collections.abc import Mapping

from kernel_bridge.gateway.asked import optional_text
from kernel_bridge.gateway.fetching import Reach
from kernel_bridge.gateway.graphql import parse_graphql_request, run_graphql
from kernel_bridge.gateway.outgoing import Limits
from kernel_bridge.gateway.services import GraphqlService, Service, find_service
from kernel_bridge.web.gateway import Found, QueryHandler
from kernel_bridge.web.handler import Route


class GraphqlHandler(QueryHandler):
    """`porter/graphql`."""

    def ask(self, body: Mapping[str, object], limits: Limits) -> tuple[Service, Found]:
        """One operation."""
        asked = parse_graphql_request(body)
        service = find_service(self.bridge.services, optional_text(body, "service"), GraphqlService)
        reach = Reach(hosts=self.bridge.hosts, bytes_limit=limits.bytes)
        return service, run_graphql(service, asked, reach, limits)


def routes() -> list[Route]:
    """What this module adds to the server."""
    return [("/porter/graphql", GraphqlHandler, {})]
