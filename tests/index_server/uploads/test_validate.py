"""Every hostile upload is refused with its reason; what is right becomes a `File`."""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from audit.test_wasm import SMALL
from hostile import BROKEN, INFO, PLAIN, SDIST, SO, UPLOADS, WASM, WHEEL, make_form, sdist, wheel
from hypothesis import given, settings
from hypothesis import strategies as st
from packing import wheel_files

from index_server.errors import UploadRefused
from index_server.model import Stage
from index_server.settings import OnFinding
from index_server.uploads.audits import Surfaces
from index_server.uploads.validate import Checked, Rules, check_file, check_form
from porter.audit.rules import read_rules
from porter.errors import PorterError
from porter.home import Home
from porter.platform import read_platforms

NOW = datetime(2026, 1, 2, tzinfo=UTC)
type Check = Callable[..., Checked]


def json_like(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    keys = st.sampled_from(["version", "envelope", "verification_material", "statement", "subject"])
    return st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4)


def run_check(
    data: bytes,
    filename: str = WHEEL,
    fields: Mapping[str, str] | None = None,
    *,
    folder: Path,
    home: Home,
    on_finding: OnFinding = OnFinding.REFUSE,
) -> Checked:
    rules = Rules(
        compression=50,
        on_finding=on_finding,
        platforms=tuple(read_platforms().values()),
        surfaces=Surfaces(home),
    )
    form = make_form(data, filename, fields or {}, folder)
    named = check_form(form)
    return check_file(form, named, rules=rules, stage=Stage.PRODUCTION, actor="me", now=NOW)


@pytest.fixture
def check(tmp_path: Path, home: Home) -> Check:
    def run(data: bytes, filename: str = WHEEL, **options: object) -> Checked:
        return run_check(data, filename, folder=tmp_path, home=home, **options)  # type: ignore[arg-type]

    return run


def test_there_are_enough_of_them() -> None:
    assert len(UPLOADS) >= 100


@pytest.mark.parametrize("name", [*UPLOADS, *BROKEN])
def test_each_hostile_upload_is_refused(name: str, check: Check) -> None:
    upload = {**UPLOADS, **BROKEN}[name]
    with pytest.raises(UploadRefused) as caught:
        check(upload.build(), upload.filename, fields=upload.fields)
    assert upload.says in caught.value.message
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 600


def test_a_wheel_and_what_is_told_of_it(check: Check) -> None:
    text = (
        f"{PLAIN}Summary: It does.\nRequires-Python: >=3.12\nRequires-Dist: numpy>=2\n"
        "Requires-Dist: rich; extra == 'fancy'\nProvides-Extra: fancy\n\nIt does.\n"
    )
    data = wheel(metadata=text)
    digests = {"sha256_digest": hashlib.sha256(data).hexdigest().upper(), "name": "Acme.Tools"}
    fields = {"version": "1.0.0", ":action": "file_upload", "protocol_version": "1", **digests}
    checked = check(data, fields={**fields, "filetype": "bdist_wheel"})
    file = checked.file
    assert (file.project, file.version, file.filename) == ("acme-tools", "1.0", WHEEL)
    assert (file.size, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert (file.uploaded_at, file.uploaded_by, file.stage) == (NOW, "me", Stage.PRODUCTION)
    assert file.requires_python == ">=3.12"
    assert file.requires == ("numpy>=2", "rich; extra == 'fancy'")
    assert file.extras == ("fancy",)
    assert file.summary == "It does."
    assert file.imports == ("acme_tools",)
    assert checked.metadata == text.encode()
    assert file.metadata_sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert checked.shown == "acme-tools"
    assert [(a.platform, a.clean, a.blocked) for a in file.audits] == [
        ("0.29", True, False),
        ("314", True, False),
    ]
    assert not file.quarantine
    assert not file.attested


def test_import_names_that_metadata_states(check: Check) -> None:
    text = PLAIN.replace("2.1", "2.5") + "Import-Name: acme_tools\nImport-Name: secret; private\n"
    assert check(wheel(metadata=text)).file.imports == ("acme_tools",)


def test_an_sdist(check: Check) -> None:
    checked = check(sdist(), SDIST, fields={"filetype": "sdist"})
    assert checked.file.version == "1.0"
    assert not checked.file.is_wheel
    assert checked.metadata is None
    assert not checked.file.metadata_sha256
    assert checked.file.audits == ()


@pytest.mark.parametrize(
    "tag",
    [
        "py2.py3-none-any",
        "cp39-abi3-win_amd64",
        "cp313-cp313t-macosx_11_0_arm64",
        "cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64",
        "pp311-pypy311_pp73-musllinux_1_2_aarch64",
        "cp313-cp313-linux_armv7l",
        "cp313-cp313-ios_13_0_arm64_iphonesimulator",
        "cp313-cp313-android_24_arm64_v8a",
        "cp312-cp312-pyodide_2024_0_wasm32",
        "cp311-cp311-emscripten_3_1_45_wasm32",
    ],
)
def test_tags_of_a_known_family_are_taken(tag: str, check: Check) -> None:
    checked = check(wheel(tag=tag), f"acme_tools-1.0-{tag}.whl")
    assert bool(checked.file.audits) == tag.endswith("any")


def test_a_wheel_that_does_not_link_by_policy(check: Check) -> None:
    data = wheel(tag=WASM, members={SO: SMALL})
    filename = f"acme_tools-1.0-{WASM}.whl"
    with pytest.raises(UploadRefused, match="would not work on Pyodide 0"):
        check(data, filename)
    kept = check(data, filename, on_finding=OnFinding.QUARANTINE).file
    assert kept.quarantine.startswith("on Pyodide 0.29: ")
    taken = check(data, filename, on_finding=OnFinding.ACCEPT).file
    assert not taken.quarantine
    assert [audit.blocked for audit in taken.audits] == [True]
    assert taken.audits[0].findings[0].startswith("link-error: missing-global: ")


def test_an_audit_that_cannot_be_made_is_no_clean_one(tmp_path: Path) -> None:
    nowhere = Home(root=tmp_path / "nowhere")
    nowhere.root.write_text("no folder")
    data, filename = wheel(tag=WASM, members={SO: SMALL}), f"acme_tools-1.0-{WASM}.whl"
    with pytest.raises((PorterError, OSError)) as caught:
        run_check(data, filename, folder=tmp_path, home=nowhere)
    assert not isinstance(caught.value, UploadRefused)


@settings(max_examples=60)
@given(st.binary(max_size=300), st.sampled_from([WHEEL, SDIST]))
def test_any_bytes_are_a_file_or_refused(data: bytes, filename: str) -> None:
    assert refused(data, filename)


@settings(max_examples=150)
@given(st.sampled_from([WHEEL, SDIST]), st.integers(0, 5000), st.binary(min_size=1, max_size=6))
def test_a_changed_file_is_what_it_was_or_refused(
    filename: str, place: int, written: bytes
) -> None:
    whole = wheel() if filename == WHEEL else sdist()
    place %= len(whole)
    spoilt = whole[:place] + written + whole[place + len(written) :]
    assert refused(spoilt, filename) or spoilt[:4] == whole[:4]


@settings(max_examples=60)
@given(st.text(max_size=80), st.sampled_from([f"{INFO}/METADATA", f"{INFO}/WHEEL"]))
def test_any_description_is_a_file_or_refused(text: str, member: str) -> None:
    files = wheel_files(changes={member.partition("/")[2]: text.encode("utf-8", "replace")})
    assert files[member] == text.encode("utf-8", "replace")
    refused(wheel(changes={member.partition("/")[2]: files[member]}), WHEEL)


@settings(max_examples=100)
@given(st.text(max_size=60))
def test_any_name_is_one_or_refused(name: str) -> None:
    for filename in (name, f"{name}-1.0-py3-none-any.whl", f"acme-{name}.tar.gz"):
        assert refused(wheel(), filename) or filename == WHEEL


@settings(max_examples=100)
@given(st.recursive(st.none() | st.integers() | st.text(max_size=9), json_like, max_leaves=12))
def test_any_attestations_are_refused(value: object) -> None:
    assert refused(wheel(), WHEEL, attestations=json.dumps(value))


def refused(data: bytes, filename: str, **fields: str) -> bool:
    """Whether it is refused; anything but a `File` and a refusal is an error of the test."""
    with TemporaryDirectory() as folder:
        home = Home(root=Path(folder))
        try:
            checked = run_check(data, filename, fields, folder=Path(folder), home=home)
        except UploadRefused as error:
            if not error.message.isprintable():
                raise AssertionError(repr(error.message)) from error
            return True
    assert checked.file.filename == filename
    return False


def test_the_page_tells_of_each_refusal() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "uploads.md").read_text()
    codes = {upload.says for upload in UPLOADS.values()} & set(read_rules().rules)
    assert len(codes) > 12
    assert [code for code in sorted(codes) if f"`{code}`" not in page] == []
    assert [str(kind) for kind in OnFinding if f"| `{kind}`" not in page] == []
