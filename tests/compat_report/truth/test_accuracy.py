"""How right verdicts are, counted."""

import pytest

from compat_report.model import Verdict
from compat_report.reported import End, Outcome
from compat_report.truth.accuracy import Accuracy, Trial, how_it_ended


def trial(path: str, verdict: Verdict, end: End) -> Trial:
    return Trial(path=path, verdict=verdict, outcome=Outcome(end=end, host="node"))


FEW = Accuracy.of(
    [
        trial("g", Verdict.BROWSER, End.RUNS),
        trial("a", Verdict.BROWSER, End.RUNS),
        trial("b", Verdict.BROWSER, End.RUNS),
        trial("c", Verdict.BROWSER, End.CRASHES),
        trial("d", Verdict.SERVER, End.RUNS),
        trial("e", Verdict.SERVER, End.FAILS),
        trial("f", Verdict.UNKNOWN, End.RUNS),
        trial("h", Verdict.BROWSER, End.UNTESTED),
        trial("i", Verdict.UNKNOWN, End.OUT_OF_MEMORY),
    ]
)


def test_the_matrix() -> None:
    counts = {
        (str(verdict), ran): FEW.count(verdict, ran=ran)
        for verdict in Verdict
        for ran in (True, False, None)
    }
    assert {key: count for key, count in counts.items() if count} == {
        ("browser", True): 3,
        ("browser", False): 1,
        ("browser", None): 1,
        ("server", True): 1,
        ("server", False): 1,
        ("unknown", True): 1,
        ("unknown", False): 1,
    }
    assert sum(counts.values()) == len(FEW.trials)


def test_precision_and_recall() -> None:
    assert FEW.precision == pytest.approx(3 / 4)
    assert FEW.recall == pytest.approx(3 / 5)


def test_of_nothing_there_is_no_share() -> None:
    assert Accuracy.of([]).precision is None
    assert Accuracy.of([trial("h", Verdict.BROWSER, End.UNTESTED)]).recall is None


def test_what_differs_and_what_was_not_tried() -> None:
    assert [it.path for it in FEW.trials] == sorted(it.path for it in FEW.trials)
    assert [it.path for it in FEW.disagreements] == ["c", "d"]
    assert [it.path for it in FEW.untested] == ["h"]


@pytest.mark.parametrize("end", End)
def test_every_end_counts(end: End) -> None:
    ran = how_it_ended(Outcome(end=end, host="node"))
    assert ran is {End.RUNS: True, End.UNTESTED: None}.get(end, False)
