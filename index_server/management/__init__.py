"""The management API, for programs that look after an index."""

from index_server.management.application import routes

__all__ = ["routes"]
