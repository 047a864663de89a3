"""The whole environment of a child process: what is listed here, and nothing else."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from porter.home import Home

KEPT = frozenset(
    {"HOME", "USER", "LOGNAME", "LANG", "TZ", "TERM", "SSL_CERT_FILE", "SSL_CERT_DIR",
     "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "NETRC"}
)  # fmt: skip
KEPT_PREFIXES = ("PIP_", "UV_", "NPM_CONFIG_", "npm_config_")
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")


def tool_env(environ: Mapping[str, str], home: Home) -> dict[str, str]:
    """The environment for the programs Porter starts: network settings, and caches below `home`.

    This interpreter's own programs come first on PATH.
    """
    kept = {
        name: value
        for name, value in environ.items()
        if name in KEPT or name.startswith(KEPT_PREFIXES) or name.lower() in PROXIES
    }
    path = [str(Path(sys.prefix) / "bin"), environ.get("PATH", os.defpath)]
    return kept | {
        "PATH": os.pathsep.join(path),
        "LC_ALL": "C.UTF-8",
        "PIP_CACHE_DIR": str(home.root / "pip"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "UV_CACHE_DIR": str(home.root / "uv"),
        "UV_PYTHON_DOWNLOADS": "never",
        "npm_config_cache": str(home.root / "npm"),
        "npm_config_update_notifier": "false",
    }
