"""Say what is going on: a live table on a terminal, plain lines in a log."""

import sys
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


QUARTERS = 4


class Reporter(Protocol):
    """What the journeys tell about their progress; safe to call from several threads."""

    def phase(self, subject: str, text: str) -> None:
        """`subject` is now doing `text`."""

    def advance(self, subject: str, fraction: float) -> None:
        """The phase is done to this part, 0 to 1."""

    def done(self, subject: str, text: str) -> None:
        """`subject` is finished."""


class Quiet:
    """Says nothing."""

    def phase(self, subject: str, text: str) -> None:
        """Nothing."""

    def advance(self, subject: str, fraction: float) -> None:
        """Nothing."""

    def done(self, subject: str, text: str) -> None:
        """Nothing."""


class PlainReporter:
    """A line a phase, with the seconds since the start; a long phase says each quarter."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._start = time.monotonic()
        self._lock = threading.Lock()
        self._phases: dict[str, tuple[str, int]] = {}

    def phase(self, subject: str, text: str) -> None:
        """A line, unless it would repeat the last one."""
        with self._lock:
            if self._phases.get(subject, ("", 0))[0] != text:
                self._phases[subject] = (text, 0)
                self._say(subject, text)

    def advance(self, subject: str, fraction: float) -> None:
        """A line at each quarter."""
        with self._lock:
            text, quarter = self._phases.get(subject, ("", 0))
            reached = int(fraction * QUARTERS)
            if quarter < reached < QUARTERS:
                self._phases[subject] = (text, reached)
                self._say(subject, f"{text}: {25 * reached}%")

    def done(self, subject: str, text: str) -> None:
        """The last line of a subject."""
        with self._lock:
            self._say(subject, text)

    def _say(self, subject: str, text: str) -> None:
        seconds = time.monotonic() - self._start
        print(f"[{seconds:6.1f} s] {subject}: {text}", file=self._stream, flush=True)


class LiveReporter:
    """One line a subject: what it does, how far it is, how long it took."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._lock = threading.Lock()
        self._tasks: dict[str, TaskID] = {}

    def phase(self, subject: str, text: str) -> None:
        """Change the subject's text and start its bar again."""
        with self._lock:
            self._progress.update(
                self._task(subject), description=f"{subject}: {text}", total=None, completed=0
            )

    def advance(self, subject: str, fraction: float) -> None:
        """Move the bar."""
        with self._lock:
            self._progress.update(self._task(subject), total=1.0, completed=fraction)

    def done(self, subject: str, text: str) -> None:
        """Leave the subject's last line standing, above the lines of what still runs."""
        with self._lock:
            task = self._task(subject)
            seconds = self._progress.tasks[self._progress.task_ids.index(task)].elapsed or 0
            self._progress.remove_task(self._tasks.pop(subject))
            self._progress.console.print(
                f"{subject}: {text} ({seconds:.1f} s)", markup=False, highlight=False
            )

    def _task(self, subject: str) -> "TaskID":
        if subject not in self._tasks:
            self._tasks[subject] = self._progress.add_task(subject, total=None)
        return self._tasks[subject]


class Counting:
    """Another reporter, that tells at the end of each of `total` subjects how many are done."""

    def __init__(self, report: Reporter, total: int) -> None:
        self._report = report
        self._total = total
        self._done = 0
        self._lock = threading.Lock()

    def phase(self, subject: str, text: str) -> None:
        """As the other."""
        self._report.phase(subject, text)

    def advance(self, subject: str, fraction: float) -> None:
        """As the other."""
        self._report.advance(subject, fraction)

    def done(self, subject: str, text: str) -> None:
        """As the other, with the count; of one alone there is none."""
        with self._lock:
            self._done += 1
            count = f" ({self._done} of {self._total})" if self._total > 1 else ""
        self._report.done(subject, f"{text}{count}")


class Placed:
    """Another reporter, of whose subjects each is told with `place`: the same is done in several."""

    def __init__(self, report: Reporter, place: str) -> None:
        self._report = report
        self._place = place

    def phase(self, subject: str, text: str) -> None:
        """As the other."""
        self._report.phase(self._name(subject), text)

    def advance(self, subject: str, fraction: float) -> None:
        """As the other."""
        self._report.advance(self._name(subject), fraction)

    def done(self, subject: str, text: str) -> None:
        """As the other."""
        self._report.done(self._name(subject), text)

    def _name(self, subject: str) -> str:
        return f"{subject} on {self._place}"


class Progressing:
    """Context: the reporter that fits `stream`, ended cleanly whatever happens."""

    def __init__(self, stream: TextIO = sys.stderr, *, quiet: bool = False) -> None:
        self._stream = stream
        self._quiet = quiet
        self._progress: Progress | None = None

    def __enter__(self) -> Reporter:
        if self._quiet:
            return Quiet()
        if not self._stream.isatty():
            return PlainReporter(self._stream)
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.table import Column

        # On a narrow terminal the text gives way, not the bar and the clock.
        text = Column(ratio=1, no_wrap=True, overflow="ellipsis")
        self._progress = Progress(
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description}", markup=False, table_column=text),
            BarColumn(bar_width=20),
            TimeElapsedColumn(),
            console=Console(file=self._stream),
            expand=True,
        )
        self._progress.start()
        return LiveReporter(self._progress)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._progress is not None:
            self._progress.stop()
