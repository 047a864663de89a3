"""Reports of every shape, for hypothesis, and one by hand that a person would recognise."""

from hypothesis import strategies as st

from compat_report.model import CellKind, Finding, Location, Severity, Verdict
from compat_report.reported import (
    Candidate,
    CellReport,
    End,
    Evidence,
    Footprint,
    NotebookReport,
    Outcome,
    Report,
    ResolvedFile,
)

# Not lone surrogates: they are no text, and are tested apart.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
WHOLE = st.one_of(st.integers(0, 5), st.integers(0, 2**80))
SHARE = st.floats(0, 1)
FEW = 2

locations = st.builds(
    Location,
    path=TEXT,
    cell=st.none() | st.integers(0, 9),
    line=st.integers(0, 9),
    column=st.integers(0, 9),
    id=st.none() | TEXT,
)
findings = st.builds(
    Finding,
    code=st.sampled_from(["thread", "missing-module", "unreadable-cell"]) | TEXT,
    severity=st.sampled_from(Severity),
    location=locations,
    subject=TEXT,
    message=TEXT,
    advice=TEXT,
    chain=st.lists(TEXT, max_size=FEW).map(tuple),
)
cells = st.builds(
    CellReport,
    index=st.integers(0, 9),
    kind=st.sampled_from(CellKind),
    id=st.none() | TEXT,
    verdict=st.none() | st.sampled_from(Verdict),
    confidence=SHARE,
    findings=st.lists(findings, max_size=FEW).map(tuple),
    source=TEXT,
    line=st.integers(0, 9),
)
files = st.builds(
    ResolvedFile,
    name=TEXT,
    version=TEXT,
    filename=TEXT,
    origin=st.sampled_from(["lock", "index", "pypi"]),
    size=st.none() | WHOLE,
    unpacked=st.none() | WHOLE,
    sha256=st.none() | TEXT,
)
footprints = st.builds(
    Footprint,
    low=WHOLE,
    high=WHOLE,
    confidence=SHARE,
    download=WHOLE,
    data=WHOLE,
    evidence=st.lists(
        st.builds(
            Evidence, what=TEXT, low=WHOLE, high=WHOLE, location=locations, whole=st.booleans()
        ),
        max_size=FEW,
    ).map(tuple),
)
outcomes = st.builds(
    Outcome,
    end=st.sampled_from(End),
    host=TEXT,
    reason=TEXT,
    cell=st.none() | st.integers(0, 9),
    seconds=st.floats(0, 1e6),
    heap=WHOLE,
)
notebooks = st.builds(
    NotebookReport,
    path=TEXT,
    sha256=TEXT,
    verdict=st.sampled_from(Verdict),
    confidence=SHARE,
    cells=st.lists(cells, max_size=FEW).map(tuple),
    findings=st.lists(findings, max_size=FEW).map(tuple),
    requirements=st.lists(files, max_size=FEW).map(tuple),
    footprint=footprints,
    blockers=st.lists(TEXT, max_size=FEW).map(tuple),
    changes=st.lists(TEXT, max_size=FEW).map(tuple),
    outcome=st.none() | outcomes,
)
candidates = st.builds(
    Candidate,
    project=TEXT,
    unblocks=st.integers(0, 99),
    blocks=st.integers(0, 99),
    weight=st.floats(0, 1e6),
    languages=st.lists(TEXT, max_size=FEW).map(tuple),
    hardness=TEXT,
    command=TEXT,
)
reports = st.builds(
    Report,
    platform=TEXT,
    pyodide=TEXT,
    kernel=TEXT,
    notebooks=st.lists(notebooks, max_size=FEW).map(tuple),
    port_next=st.lists(candidates, max_size=FEW).map(tuple),
)


def find(
    path: str,
    cell: int | None,
    line: int,
    code: str,
    severity: Severity,
    subject: str,
    message: str,
) -> Finding:
    """A finding, in the words a report would use."""
    return Finding(
        code=code,
        severity=severity,
        location=Location(path=path, cell=cell, line=line, id=None if cell is None else f"c{cell}"),
        subject=subject,
        message=message,
        advice=f"do without {subject}",
    )


def make_notebook(
    path: str, verdict: Verdict, sources: tuple[str, ...], *found: Finding
) -> NotebookReport:
    """A notebook of code cells; each finding is put where it says it is."""
    return NotebookReport(
        path=path,
        sha256="5" * 64,
        verdict=verdict,
        confidence=0.9,
        cells=tuple(
            CellReport(
                index=index,
                kind=CellKind.CODE,
                id=f"c{index}",
                verdict=verdict
                if any(f.location.cell == index for f in found)
                else Verdict.BROWSER,
                findings=tuple(f for f in found if f.location.cell == index),
                source=source,
            )
            for index, source in enumerate(sources)
        ),
        findings=tuple(f for f in found if f.location.cell is None),
        requirements=(
            ResolvedFile(
                name="numpy",
                version="2.2.5",
                filename="numpy-2.2.5.whl",
                origin="lock",
                size=7_100_000,
            ),
        ),
        footprint=Footprint(
            low=180_000_000,
            high=420_000_000,
            confidence=0.7,
            download=7_100_000,
            evidence=(
                Evidence(
                    what="numpy.zeros((1000, 1000))",
                    low=8_000_000,
                    high=8_000_000,
                    location=Location(path=path, cell=0, line=1),
                ),
            ),
        ),
    )


THREAD = find(
    "jobs/threads.ipynb", 1, 2, "thread", Severity.SERVER, "threading.Thread",
    "threading.Thread: a browser's Python cannot start a thread",
)  # fmt: skip
DRIVER = find(
    "sql/orders.ipynb", 0, 1, "missing-module", Severity.SERVER, "psycopg",
    "psycopg has no wheel for this platform",
)  # fmt: skip
GARBLED = find(
    "old/py2.ipynb", 0, 1, "unreadable-cell", Severity.UNKNOWN, "print",
    "the cell cannot be read as Python: Missing parentheses",
)  # fmt: skip
SHELL = find(
    "easy/mean.ipynb", 1, 1, "os-system", Severity.WARNING, "os.system",
    "os.system returns -1 in silence",
)  # fmt: skip


def make_report(platform: str = "0.29.5") -> Report:
    """Four notebooks: one that runs, two that cannot, one that cannot be told."""
    threads = make_notebook(
        "jobs/threads.ipynb",
        Verdict.SERVER,
        ("import threading", "def work(): ...\nt = threading.Thread(target=work)\nt.start()"),
        THREAD,
    )
    orders = make_notebook("sql/orders.ipynb", Verdict.SERVER, ("import psycopg",), DRIVER)
    return Report(
        platform=platform,
        pyodide=platform,
        kernel="pyodide",
        notebooks=(
            make_notebook(
                "easy/mean.ipynb",
                Verdict.BROWSER,
                ("import statistics\nstatistics.mean([1, 2])", "import os; os.system('ls')"),
                SHELL,
            ),
            threads,
            make_notebook("old/py2.ipynb", Verdict.UNKNOWN, ("print 'hello'",), GARBLED),
            orders,
        ),
        port_next=(
            Candidate(
                project="psycopg",
                unblocks=1,
                blocks=1,
                weight=1.0,
                languages=("python", "c"),
                hardness="hard",
                command="porter new psycopg --from pkg:pypi/psycopg@3.2.1",
            ),
            Candidate(project="lxml", unblocks=0, blocks=3, weight=0.0, hardness="moderate"),
        ),
    )
