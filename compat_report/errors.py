"""Every way the report says no, each with its exit code and the next step.

What is wrong with one notebook is a finding of that notebook, never an error: the rest of the
report stands. These are for what the whole report cannot do without.
"""

from porter.errors import PorterError


class CompatReportError(PorterError):
    """What failed, where, and what to do next."""


class BadPolicy(CompatReportError):
    """A policy, a mapping file or a table of uses cannot be read as written."""

    exit_code = 2


class NoNotebooks(CompatReportError):
    """Nothing to report on was found where it was looked for."""

    exit_code = 4


class SourceAway(CompatReportError):
    """A runtime or an index that was asked for cannot be reached, or does not say what it should."""

    exit_code = 4
