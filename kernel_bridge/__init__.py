"""The kernel bridge: browser kernels and server kernels behind one JupyterLab.

A Jupyter server extension (this package) and a JupyterLab extension (`ui/`, built into
`labextensions/`). `inside/` runs in the kernels of both kinds and imports nothing of the rest.
"""

from pathlib import Path


def _jupyter_server_extension_points() -> list[dict[str, object]]:
    from kernel_bridge.extension import PorterBridge

    return [{"module": "kernel_bridge.extension", "app": PorterBridge}]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [
        {
            "src": str(Path(__file__).parent / "labextensions" / "porter-kernel-bridge"),
            "dest": "porter-kernel-bridge",
        }
    ]
