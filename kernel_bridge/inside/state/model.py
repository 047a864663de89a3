"""What is carried, and what stays."""

from dataclasses import dataclass
from typing import Any, Literal

type Form = Literal["import", "source", "alias", "pickle", "arrow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A name that is carried.

    `detail` is what its form needs: of an import the `module` and the `attribute`; of a source its
    text; of an alias the name it is `of`. Names with the same `group` were packed in one piece, so
    that they still share what they shared; `buffers` are the indexes of its pieces, the pickle
    first.
    """

    name: str
    form: Form
    type: str
    bytes: int = 0
    buffers: tuple[int, ...] = ()
    group: int = -1
    modules: tuple[str, ...] = ()
    detail: dict[str, str] | None = None

    def as_json(self) -> dict[str, Any]:
        """As it goes over the page."""
        return {
            "name": self.name,
            "form": self.form,
            "type": self.type,
            "bytes": self.bytes,
            "buffers": list(self.buffers),
            "group": self.group,
            "modules": list(self.modules),
            **(self.detail or {}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A name that stays, with the reason."""

    name: str
    reason: str

    def as_json(self) -> dict[str, Any]:
        """As it goes over the page."""
        return {"name": self.name, "reason": self.reason}
