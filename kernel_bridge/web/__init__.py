"""The addresses that the bridge adds to a Jupyter server, all below `porter/`.

Each module has handlers and a `routes()` that lists them; `kernel_bridge.extension` joins these.
"""
