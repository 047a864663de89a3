"""Results as JUnit XML, the form that CI services read."""

from collections.abc import Iterable

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from porter.check.model import CheckResult, Outcome, TestResult

RESULTS = {Outcome.FAILED: Failure, Outcome.ERROR: Error, Outcome.SKIPPED: Skipped}


def render_junit(checks: Iterable[CheckResult]) -> bytes:
    """A suite a wheel and runtime, a case an import or test."""
    document = JUnitXml("porter test")
    for check in checks:
        suite = TestSuite(f"{check.wheel.name} ({check.host})")
        suite.add_property("platform", check.platform)
        suite.add_property("runtime", check.host)
        suite.add_testcases([_case(result) for result in check.results])
        document.add_testsuite(suite)
    document.update_statistics()
    return bytes(document.tostring())


def _case(result: TestResult) -> TestCase:
    file, _, name = result.name.rpartition("::")
    case = TestCase(name, _printable(file.replace("/", ".").replace("::", ".")), result.seconds)
    kind = RESULTS.get(result.outcome)
    if kind is not None:
        lines = _printable(result.reason).splitlines()
        outcome = kind(lines[-1] if lines else "")
        outcome.text = "\n".join(lines)
        case.result = [outcome]
    return case


def _printable(text: str) -> str:
    """Without the characters that XML 1.0 has no way to write."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)
