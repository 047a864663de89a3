"""The Jupyter server extension: its settings, and its addresses joined to the server's."""

import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Bool, Dict, Int, List, Unicode

from kernel_bridge.contexts import Contexts
from kernel_bridge.errors import BadSettings
from kernel_bridge.page import isolate, tell_pages
from kernel_bridge.settings import BridgeSettings, parse_settings
from kernel_bridge.web.handler import Route

DEFAULTS = BridgeSettings()

# Modules of `kernel_bridge.web`, one a line. Each has `routes()`; where one has `set_up(server)`,
# it is called with the ServerApp once its settings are there, before anything is asked of it, and
# an async `tear_down(server)` when the server ends.
MODULES = (
    "drive",
    "events",
    "gateway",
    "graphql",
    "inside",
    "jobs",
    "kernel",
    "runtime",
    "decisions",  # on runtime
    "sheets",
    "sql",
    "stdin",
    "uploads",
)


class PorterBridge(ExtensionApp):
    """`c.PorterBridge.…` in a Jupyter configuration; `jupyter server extension` name `porter`."""

    name = "kernel_bridge"
    extension_url = "/lab"
    load_other_extensions = True

    index = Unicode("", help="The private index's address.").tag(config=True)
    index_token = Unicode("", help="A path token that may read a closed index.").tag(config=True)
    platform = Unicode(
        DEFAULTS.platform, help="The Pyodide release of browser kernels, of `porter platforms`."
    ).tag(config=True)
    browser_kernel = Unicode(
        DEFAULTS.browser_kernel, help="The name of the browser's kernelspec."
    ).tag(config=True)
    server_kernel = Unicode(
        DEFAULTS.server_kernel, help="The kernelspec of notebooks that need a server."
    ).tag(config=True)
    packages = List(
        Unicode(), help="Projects of the index that a browser kernel has from its start."
    ).tag(config=True)
    hosts = List(Unicode(), help="Hosts, as `host` or `host:port`, that the gateway may ask.").tag(
        config=True
    )
    rows_limit = Int(DEFAULTS.rows_limit, help="Rows of one answer of the gateway.").tag(
        config=True
    )
    bytes_limit = Int(DEFAULTS.bytes_limit, help="Bytes of one answer of the gateway.").tag(
        config=True
    )
    carry_limit = Int(
        DEFAULTS.carry_limit, help="Bytes of variables that a switch of kernels carries over."
    ).tag(config=True)
    services = Dict(help="Services that notebooks may ask by name: docs/reference/gateway.md.").tag(
        config=True
    )
    isolated = Bool(
        DEFAULTS.isolated,
        help="Whether pages are cross-origin isolated, so that a browser kernel can be interrupted.",
    ).tag(config=True)
    spare = Bool(
        DEFAULTS.spare,
        help="Whether a page that has a browser kernel keeps another one ready.",
    ).tag(config=True)

    def initialize_settings(self) -> None:
        """Parse the settings once; every handler reads them from here.

        A server that cannot read them does not start: without its bridge it would look as if it
        worked.
        """
        try:
            self._set_up(parse_settings(self._given()))
        except BadSettings as error:
            print(f"porter: {error.message}\n  what to do: {error.advice}", file=sys.stderr)
            self.exit(error.exit_code)

    def _set_up(self, settings: BridgeSettings) -> None:
        web = self.serverapp.web_app.settings  # type: ignore[union-attr] # linked by now
        self.settings["porter"] = web["porter"] = settings
        contexts = Contexts(web["cookie_secret"])
        self.settings["porter_contexts"] = web["porter_contexts"] = contexts
        tell_pages(web, settings, contexts)
        if settings.isolated:
            isolate(web)
        # What `web` has of these by now is more than what was copied before.
        for name in ("headers", "page_config_hook", "page_config_data"):
            if name in web:
                self.settings[name] = web[name]
        for module in _modules():
            if hasattr(module, "set_up"):
                module.set_up(self.serverapp)

    def initialize_handlers(self) -> None:
        """Join the addresses of every module of `kernel_bridge.web`."""
        self.handlers.extend(_routes())

    async def stop_extension(self) -> None:
        """End what the modules began."""
        for module in _modules():
            if hasattr(module, "tear_down"):
                await module.tear_down(self.serverapp)

    def _given(self) -> Mapping[str, object]:
        own = self.class_own_traits(config=True)
        return {name: getattr(self, name) for name in own}


def _modules() -> Iterator[Any]:
    for name in MODULES:
        yield import_module(f"kernel_bridge.web.{name}")


def _routes() -> Iterator[Route]:
    for module in _modules():
        yield from module.routes()
