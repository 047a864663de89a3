from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compat_report.catalog.model import Resolution
from compat_report.errors import BadPolicy
from compat_report.footprint.size import GIB
from compat_report.model import (
    CellFacts,
    Facts,
    Finding,
    Import,
    Location,
    Notebook,
    Requirement,
    Severity,
)
from compat_report.policy import (
    Policy,
    apply_policy,
    find_denied,
    find_policy,
    parse_policy,
    read_policy,
)
from compat_report.policy_fields import FIELDS
from compat_report.reported import ResolvedFile

HERE = Location(path="a.ipynb", cell=0, line=1)
ROOT = Path(__file__).parents[2]


def finding(code: str = "socket", subject: str = "socket.socket", *chain: str) -> Finding:
    return Finding(
        code=code,
        severity=Severity.SERVER,
        location=HERE,
        subject=subject,
        message="",
        advice="",
        chain=chain,
    )


def test_every_field_is_read(tmp_path: Path) -> None:
    policy = parse_policy(
        {
            "memory": "2 GiB",
            "data": "500 MB",
            "download": 1000,
            "confidence": 0.5,
            "allow": {"imports": ["google.colab"], "projects": ["My_Lib"], "codes": ["event-loop"]},
            "deny": {"imports": ["requests"], "projects": ["httpx"], "codes": ["cross-origin"]},
            "severities": {"environment-variable": "server"},
            "cors-hosts": ["API.example.org", "*.example.net"],
            "mapping": "imports.toml",
            "kernel": "pyodide-kernel",
            "index": "https://index.example.org",
            "platform": "314",
        },
        folder=tmp_path,
    )
    assert policy.memory == 2 * GIB
    assert policy.data == 500_000_000
    assert policy.download == 1000
    assert policy.confidence == 0.5
    assert policy.allow.projects == {"my-lib"}
    assert policy.severities == {"environment-variable": Severity.SERVER}
    assert policy.cors_hosts == {"api.example.org", "*.example.net"}
    assert policy.mapping == tmp_path / "imports.toml"
    assert (policy.kernel, policy.platform) == ("pyodide-kernel", "314")
    assert parse_policy({}) == Policy()


def test_every_mistake_is_told_at_once_with_its_field() -> None:
    with pytest.raises(BadPolicy) as caught:
        parse_policy(
            {
                "memmory": 1,
                "memory": "9 GiB",
                "data": "much",
                "confidence": 7,
                "allow": {"import": [], "codes": ["sockets"]},
                "deny": {"imports": "requests"},
                "severities": {"socket": "fatal", "thred": "info"},
                "cors-hosts": ["https://a.org"],
                "kernel": "",
            },
            where="pyproject.toml",
        )
    message = str(caught.value)
    for told in (
        "pyproject.toml: [tool.porter.report]",
        "memmory: no such field; did you mean memory?",
        "memory: more than 0, and no more than a tab gives",
        "data: a number of bytes",
        "confidence: a number from 0 to 1, not 7",
        "allow.import: no such field; did you mean imports?",
        "allow.codes: sockets: no such code; did you mean socket?",
        "deny.imports: a list of texts",
        "severities.socket: one of server, unknown, warning, info, not 'fatal'",
        "severities.thred: no such code; did you mean thread?",
        "cors-hosts: 'https://a.org' is no host's name",
        "kernel: text, not ''",
    ):
        assert told in message, told
    assert caught.value.exit_code == 2


def test_what_is_allowed_and_denied_is_a_contradiction() -> None:
    with pytest.raises(BadPolicy, match=r"allow\.projects: httpx is in deny\.projects too"):
        parse_policy({"allow": {"projects": ["HTTPX"]}, "deny": {"projects": ["httpx"]}})


@given(
    st.dictionaries(
        st.sampled_from([*FIELDS, "other"]),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
            max_leaves=4,
        ),
    )
)  # fmt: skip
def test_any_table_is_a_policy_or_a_bad_one(data: dict[str, object]) -> None:
    with suppress(BadPolicy):
        assert isinstance(parse_policy(data), Policy)


def test_a_policy_changes_findings() -> None:
    policy = parse_policy(
        {
            "allow": {"codes": ["event-loop"], "imports": ["redis"], "projects": ["my-lib"]},
            "deny": {"codes": ["cross-origin"]},
            "severities": {"socket": "info"},
        }
    )

    def severity(found: Finding) -> Severity | None:
        kept = apply_policy(found, policy)
        return kept.severity if kept else None

    assert severity(finding("event-loop")) is None
    assert severity(finding("database", "redis.client")) is None
    assert severity(finding("missing-module", "fiona", "My_Lib", "fiona")) is None
    assert severity(finding("cross-origin", "redis")) is Severity.SERVER
    assert severity(finding("socket")) is Severity.INFO
    assert severity(finding("thread", "redistribute")) is Severity.SERVER
    assert apply_policy(finding("thread"), policy) == finding("thread")


def test_what_is_denied_is_found_where_it_is_asked_for() -> None:
    policy = parse_policy({"deny": {"imports": ["google.cloud"], "projects": ["Evil_Lib"]}})
    facts = Facts(
        notebook=Notebook(path="a.ipynb", format="ipynb", sha256=""),
        cells=(
            CellFacts(
                index=0,
                imports=(
                    Import(name="google.cloud.storage", location=HERE),
                    Import(name="google.protobuf", location=HERE),
                ),
                requirements=(
                    Requirement(name="evil-lib", text="evil-lib", tool="pip", location=HERE),
                ),
            ),
        ),
    )
    wheel = ResolvedFile(name="evil.lib", version="1", filename="", origin="pypi")
    found = find_denied(facts, Resolution(files=(wheel,)), policy)
    assert [(f.subject, f.location.cell, f.severity) for f in found] == [
        ("google.cloud.storage", 0, "server"),
        ("evil-lib", 0, "server"),
        ("evil.lib", None, "server"),
    ]
    assert all(apply_policy(f, policy) == f for f in found)


def test_the_nearest_table_upwards_is_found(tmp_path: Path) -> None:
    inner = tmp_path / "notebooks" / "deep"
    inner.mkdir(parents=True)
    assert find_policy([inner / "a.ipynb"]) is None
    outer = tmp_path / "pyproject.toml"
    outer.write_text("[tool.porter.report]\nconfidence = 0.4\n")
    (tmp_path / "notebooks" / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    (inner / "pyproject.toml").write_text("not TOML at all [")
    assert find_policy([inner / "a.ipynb", tmp_path / "b.ipynb"]) == outer
    assert read_policy(outer).confidence == 0.4


def test_a_file_may_hold_the_table_alone(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text('memory = "1 GiB"\nmapping = "m.toml"\n')
    assert read_policy(file) == Policy(memory=GIB, mapping=tmp_path / "m.toml")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"[project]\nname = 'x'\n", "it has no"),
        (b"memory = [", "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
        (None, "cannot be read"),
        (b"[tool.porter.report]\nmemory = -1\n", "memory: a number of bytes"),
    ],
)
def test_a_file_that_is_no_policy_is_told_by_name(
    text: bytes | None, told: str, tmp_path: Path
) -> None:
    file = tmp_path / "pyproject.toml"
    if text is not None:
        file.write_bytes(text)
    with pytest.raises(BadPolicy) as caught:
        read_policy(file)
    assert str(file) in caught.value.message
    assert told in caught.value.message


def test_each_field_has_its_line_in_the_reference() -> None:
    page = (ROOT / "docs/reference/report-policy.md").read_text()
    for name in FIELDS:
        assert f"| `{name}` |" in page, name
