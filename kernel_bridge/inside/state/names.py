"""Which names of a shell are the notebook's own."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

# IPython's: outputs and inputs by number, and the last ones.
NUMBERED = re.compile(r"_+|_i+|_i?\d+|_[iod]h")


def own_names(shell: Any, wanted: Iterable[str] | None = None) -> dict[str, Any]:
    """The notebook's own names and values, in the order they were bound; of `wanted` alone.

    IPython's (`In`, `Out`, `_`, `exit`, `get_ipython`, …) are never among them, as in `%who`, nor
    is the package that this is in.
    """
    hidden: Mapping[str, Any] = shell.user_ns_hidden
    asked = None if wanted is None else set(wanted)
    missing = object()
    return {
        name: value
        for name, value in list(shell.user_ns.items())
        if (asked is None or name in asked)
        and hidden.get(name, missing) is not value
        and name != "kernel_bridge"
        and not NUMBERED.fullmatch(name)
        and not (name.startswith("__") and name.endswith("__"))
    }
