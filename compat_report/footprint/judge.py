"""What a footprint means for a tab, and for a policy."""

from collections.abc import Iterator

from compat_report.footprint.size import OBJECT_LIMIT, TAB_LIMIT, format_size
from compat_report.model import Finding, Location
from compat_report.reported import Evidence, Footprint
from compat_report.rules import find

# From here on the limit is near.
CLOSE = 0.7


def judge_footprint(
    footprint: Footprint,
    *,
    path: str,
    memory: int | None = None,
    data: int | None = None,
    download: int | None = None,
    confidence: float | None = None,
) -> tuple[Finding, ...]:
    """Findings of a notebook named `path`; limits in bytes, `memory` never above the tab's.

    Each stands where most of the estimate comes from.
    """
    limit = TAB_LIMIT if memory is None else min(memory, TAB_LIMIT)
    return (
        *_judge_memory(footprint, path, limit),
        *_judge_objects(footprint),
        *_judge_volume(footprint, path, data, download),
        *_judge_confidence(footprint, path, confidence),
    )


def _judge_memory(footprint: Footprint, path: str, limit: int) -> Iterator[Finding]:
    if footprint.low > limit:
        code = "memory-exceeded"
    elif footprint.high > limit:
        code = "memory-unsure"
    elif footprint.high > limit * CLOSE:
        code = "memory-close"
    else:
        return
    worst = _worst(footprint)
    yield find(
        code,
        worst.location if worst else Location(path=path),
        worst.what if worst else "the notebook",
        low=format_size(footprint.low),
        high=format_size(footprint.high),
        limit=format_size(limit),
    )


def _judge_objects(footprint: Footprint) -> Iterator[Finding]:
    for reason in footprint.evidence:
        if reason.whole and reason.low > OBJECT_LIMIT:
            yield find(
                "object-too-large", reason.location, reason.what, low=format_size(reason.low)
            )


def _judge_volume(
    footprint: Footprint, path: str, data: int | None, download: int | None
) -> Iterator[Finding]:
    for code, found, limit in (
        ("data-exceeded", footprint.data, data),
        ("download-exceeded", footprint.download, download),
    ):
        if limit is not None and found > limit:
            yield find(
                code,
                Location(path=path),
                "the notebook",
                found=format_size(found),
                limit=format_size(limit),
            )


def _judge_confidence(
    footprint: Footprint, path: str, confidence: float | None
) -> Iterator[Finding]:
    if confidence is not None and footprint.confidence < confidence:
        yield find(
            "estimate-unsure",
            Location(path=path),
            "the notebook",
            confidence=footprint.confidence,
            limit=confidence,
        )


def _worst(footprint: Footprint) -> Evidence | None:
    return max(footprint.evidence, key=lambda reason: (reason.low, reason.high), default=None)
