"""The Jupyter server extension: its settings, and its addresses joined to the server's."""

from collections.abc import Iterator

from jupyter_server.extension.application import ExtensionApp

from kernel_bridge.settings import BridgeSettings
from kernel_bridge.web.handler import Route


class PorterBridge(ExtensionApp):
    """`c.PorterBridge.…` in a Jupyter configuration; `jupyter server extension` name `porter`."""

    name = "kernel_bridge"
    extension_url = "/lab"
    load_other_extensions = True

    def initialize_settings(self) -> None:
        """Parse the settings once; every handler reads them from here."""
        self.settings["porter"] = BridgeSettings()

    def initialize_handlers(self) -> None:
        """Join the addresses of every module of `kernel_bridge.web`."""
        self.handlers.extend(_routes())


def _routes() -> Iterator[Route]:
    yield from ()
