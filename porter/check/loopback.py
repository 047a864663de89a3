"""A plugin for the pytest that runs pytest-pyodide: its server listens to this machine alone.

pytest-pyodide's own binds every interface (`pytest_pyodide/server.py`).
"""

import socketserver


class Loopback(socketserver.TCPServer):
    """A server on 127.0.0.1, whatever address it was asked for."""

    def server_bind(self) -> None:
        """Bind the port alone as asked for."""
        self.server_address = ("127.0.0.1", self.server_address[1])
        super().server_bind()


socketserver.TCPServer = Loopback  # type: ignore[misc]
