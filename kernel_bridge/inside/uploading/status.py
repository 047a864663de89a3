"""What a cell `%%dataframe` shows: one line and a bar, the same place written over until the end."""

import time
from dataclasses import dataclass
from html import escape
from typing import Any

# Seconds between two displays: each is a message that the notebook keeps only the last of.
PACE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How far a frame is; `share` from 0 to 1, None where it has ended."""

    text: str
    share: float | None = None
    failed: bool = False

    def __repr__(self) -> str:
        return self.text if self.share is None else f"{self.text} ({self.share:.0%})"

    def _repr_html_(self) -> str:
        """A status region (WAI-ARIA 1.2): a reader of the screen tells it when it changes."""
        if self.share is None:
            role = "alert" if self.failed else "status"
            return f'<div role="{role}">{escape(self.text)}</div>'
        return (
            f'<div role="status"><label>{escape(self.text)} '
            f'<progress max="1" value="{self.share:.3f}">{self.share:.0%}</progress></label></div>'
        )


class Shown:
    """The display of one cell."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._last = 0.0

    def tell(self, text: str, share: float) -> None:
        """How far it is; what comes too soon after the last is left out."""
        now = time.monotonic()
        if now - self._last >= PACE:
            self._last = now
            self._show(Status(text=text, share=share))

    def end(self, text: str, *, failed: bool = False) -> None:
        """What became of it."""
        self._show(Status(text=text, failed=failed))

    def _show(self, status: Status) -> None:
        from IPython.display import display

        if self._handle is None:
            self._handle = display(status, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(status)
