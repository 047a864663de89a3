"""What the server's processes import: the application, made from their environment."""

import os

from starlette.types import ASGIApp

SETTINGS = "PORTER_INDEX_SETTINGS"


def create() -> ASGIApp:
    """The application of the settings that `porter index serve` left in the environment."""
    from index_server.app import create_app
    from index_server.holdings import open_holdings
    from index_server.settings import load_settings
    from index_server.web.journal import configure
    from porter.home import Home

    configure()
    settings = load_settings(os.environ[SETTINGS])
    return create_app(open_holdings(settings, Home.parse(os.environ)))
