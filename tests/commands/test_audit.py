"""`porter audit`, and the audit in `porter build`, as a person meets them."""

import zipfile
from pathlib import Path

from audit.corpus import make_wheel
from conftest import Porter
from projects import SOURCE, make_tiny

MISSING = SOURCE.replace(
    "return PyLong_FromLong(42)", "return PyLong_FromLong(nowhere(1))"
).replace("static PyObject *answer", "int nowhere(int);\nstatic PyObject *answer", 1)


def test_a_build_that_would_die_gives_no_wheel(porter: Porter, tmp_path: Path) -> None:
    project = make_tiny(tmp_path / "tiny", source=MISSING)
    ran = porter("build", project)
    assert ran.code == 1
    assert "dies-when-called: missing-function" in ran.err
    assert "nothing supplies the function nowhere" in ran.err
    assert "what to do: link the library that defines it" in ran.err
    assert not list((tmp_path / "cwd" / "dist").glob("*.whl"))
    log = Path(ran.err.split("full log: ")[1].splitlines()[0])
    assert "missing-function" in log.read_text()

    forced = porter("build", "--no-audit", "--json", project)
    assert forced.code == 0, forced.err
    assert [item["audit"] for item in forced.json["wheels"]] == ["skipped"]
    wheel = next((tmp_path / "cwd" / "dist").glob("*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        assert b'"skipped"' in archive.read("tiny-1.0.dist-info/sboms/porter.cdx.json")

    audited = porter("audit", wheel, "--json")
    assert audited.code == 1
    found = audited.json["audits"][0]
    assert found["platform"] == "0.29.5"
    assert {f["code"] for f in found["findings"]} >= {"missing-function", "audit-skipped"}
    dies = next(f for f in found["findings"] if f["code"] == "missing-function")
    assert dies["member"].endswith(".so")
    assert dies["subject"] == "nowhere"

    # The recipe may take it upon itself.
    (project / "recipe.toml").write_text('[audit.allow]\n"missing-function:nowhere" = "unused"\n')
    allowed = porter("build", "--json", project)
    assert allowed.code == 0, allowed.err
    assert [item["audit"] for item in allowed.json["wheels"]] == ["clean, 1 allowed"]


def test_a_compiler_that_failed_in_silence(porter: Porter, tmp_path: Path) -> None:
    project = make_tiny(tmp_path / "tiny", source="#error no\n")
    setup = project / "setup.py"
    setup.write_text(setup.read_text().replace('["tiny.c"]', '["tiny.c"], optional=True') + "\n")
    (project / "tiny_fallback.py").write_text("")
    ran = porter("build", project)
    assert "empty-platform-wheel" in ran.err + ran.out or "pure-fallback" in ran.err + ran.out


def test_wheels_of_every_kind_in_one_run(porter: Porter, tmp_path: Path) -> None:
    good = make_wheel(tmp_path, {"m.py": b""})
    bad = tmp_path / "broken-1.0-py3-none-any.whl"
    bad.write_bytes(b"not a zip")
    ran = porter("audit", good, bad, "--platform", "0.29.5", "--with", good)
    assert ran.code == 1
    assert "refused: not-a-wheel: broken-1.0-py3-none-any.whl" in ran.out
    assert porter("audit", good).code == 0


def test_what_cannot_be_audited(porter: Porter, tmp_path: Path) -> None:
    absent = porter("audit", tmp_path / "absent.whl")
    assert (absent.code, "no such wheel" in absent.err) == (4, True)
    unknown = porter("audit", make_wheel(tmp_path, {"m.py": b""}), "--platform", "9.9")
    assert (unknown.code, "no platform '9.9'" in unknown.err) == (2, True)
    sdist_only = porter("audit", "pkg:pypi/regex@2026.11.15")
    assert sdist_only.code == 4
    assert "`porter build pkg:pypi/regex@2026.11.15` makes one" in sdist_only.err


def test_a_wheel_of_the_index(porter: Porter) -> None:
    ran = porter("audit", "--json", "pkg:pypi/iniconfig@2.1.0")
    assert ran.code == 0, ran.err
    assert ran.json["audits"][0]["names"] == ["iniconfig"]
