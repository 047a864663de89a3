"""The Jupyter configuration of `porter lab`: a server of this machine alone that asks nobody else."""

import json
import os
from pathlib import Path

from kernel_bridge.settings import BridgeSettings
from porter.home import new_file

LABEXTENSIONS = Path(__file__).parent / "labextensions"
LABEXTENSION = LABEXTENSIONS / "porter-kernel-bridge"


def write_config(
    data: Path, settings: BridgeSettings, *, folder: Path, port: int, token: str
) -> Path:
    """The folder of a `jupyter_server_config.json` that only its owner can read."""
    target = (data / "jupyter").absolute()
    document = {
        "ServerApp": {
            "ip": "127.0.0.1",
            "port": port,
            "port_retries": 0,
            "root_dir": str(folder.absolute()),
            "open_browser": False,
            # As root Jupyter asks for it, and here only this machine is served.
            "allow_root": os.geteuid() == 0,
            "jpserver_extensions": {"kernel_bridge": True},
        },
        "IdentityProvider": {"token": token},
        "LabApp": {
            "extra_labextensions_path": [str(LABEXTENSIONS)],
            "extension_manager": "readonly",
            "news_url": None,
            "check_for_updates_class": "jupyterlab.handlers.announcements.NeverCheckForUpdate",
        },
        "PorterBridge": {
            "index": settings.index or "",
            "platform": settings.platform,
            "packages": list(settings.packages),
        },
    }
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.chmod(0o700)
    path = target / "jupyter_server_config.json"
    with new_file(path) as beside:
        beside.write_text(json.dumps(document, indent=1), "utf-8")
    return target
