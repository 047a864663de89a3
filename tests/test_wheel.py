import base64
import csv
import hashlib
import io
import json
import os
import zipfile
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from porter.artefact import artefact_key
from porter.disclosed import MEMBER, parse_disclosed
from porter.errors import BuildFailed
from porter.platform import Platform
from porter.sbom import render_sbom
from porter.toolchain.model import Toolchain
from porter.wheel import check_wheel_tag, finish_wheel, fits

NAME = "sample-1.0-cp313-cp313-pyemscripten_2025_0_wasm32.whl"


def make_built(folder: Path) -> Path:
    folder.mkdir()
    path = folder / NAME
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("sample/__init__.py", "x = 1\n")
        module = zipfile.ZipInfo("sample/_core.so", (2024, 5, 6, 7, 8, 9))
        module.external_attr = 0o100755 << 16
        wheel.writestr(module, b"\0asm" * 1000)
        wheel.writestr("sample/odd, name.txt", "é".encode())
        wheel.writestr("sample-1.0.dist-info/RECORD", "wrong,,\n")
        wheel.writestr("sample-1.0.dist-info/METADATA", "Name: sample\n")
    return path


def test_bills_and_modules_name_no_folder_of_this_machine(tmp_path: Path) -> None:
    built = make_built(tmp_path / "built")
    scratch = tmp_path / "work" / "x"
    told = {
        "sample-1.0.dist-info/sboms/rust.cyclonedx.json": f'"path+file://{scratch}/src#a@1.0"',
        "sample/config.py": f"by = '{scratch}/src/.mesonpy-4bcb_ban/lib', '{tmp_path}/tools'",
        "sample-1.0.dist-info/METADATA.txt": f"{scratch}/src",
    }
    with zipfile.ZipFile(built, "a") as wheel:
        for name, text in told.items():
            wheel.writestr(name, text)
    finish_wheel(built, tmp_path / NAME, added={}, places={scratch: "/build", tmp_path: "/porter"})
    with zipfile.ZipFile(tmp_path / NAME) as wheel:
        assert [wheel.read(name).decode() for name in told] == [
            '"path+file:///build/src#a@1.0"',
            "by = '/build/src/.mesonpy/lib', '/porter/tools'",
            f"{scratch}/src",
        ]


def test_a_finished_wheel_is_whole_and_true(tmp_path: Path) -> None:
    built = make_built(tmp_path / "built")
    finish_wheel(built, tmp_path / NAME, added={"sboms/x.json": b"{}"})
    with zipfile.ZipFile(tmp_path / NAME) as wheel:
        assert wheel.testzip() is None
        names = wheel.namelist()
        assert names[-1] == "sample-1.0.dist-info/RECORD"
        assert "sample-1.0.dist-info/sboms/x.json" in names
        record = io.StringIO(wheel.read(names[-1]).decode())
        rows = {name: (digest, size) for name, digest, size in csv.reader(record)}
        assert list(rows) == names
        assert rows.pop(names[-1]) == ("", "")
        for name, (digest, size) in rows.items():
            content = wheel.read(name)
            real = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
            assert digest == f"sha256={real.decode()}"
            assert int(size) == len(content)
        modes = {info.filename: info.external_attr >> 16 & 0o777 for info in wheel.infolist()}
        assert modes["sample/_core.so"] == 0o755
        assert modes["sample/__init__.py"] == 0o644


def test_equal_inputs_give_equal_bytes(tmp_path: Path) -> None:
    outputs = []
    for number in range(2):
        built = make_built(tmp_path / str(number))
        os.utime(built, (number * 1e6, number * 1e6))
        finish_wheel(built, tmp_path / f"{number}.whl", added={})
        outputs.append((tmp_path / f"{number}.whl").read_bytes())
    assert outputs[0] == outputs[1]


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        (NAME, True),
        ("a-1-py3-none-any.whl", True),
        ("a-1-py2.py3-none-any.whl", True),
        ("a-1-cp38-abi3-pyemscripten_2025_0_wasm32.whl", True),
        ("a-1-cp313-cp313-emscripten_3_1_69_wasm32.whl", False),
        ("a-1-cp313-cp313-linux_x86_64.whl", False),
        ("a-1-cp312-cp312-pyemscripten_2025_0_wasm32.whl", False),
    ],
)
def test_what_the_platform_takes(platform: Platform, name: str, taken: bool) -> None:
    assert fits(name, platform) is taken
    if taken:
        check_wheel_tag(Path(name), platform)
    else:
        with pytest.raises(BuildFailed, match="cannot install"):
            check_wheel_tag(Path(name), platform)


INPUTS = {"name": "sample", "flags": "cflags=-O2\nldflags=", "env": ""}


def test_the_bill_of_materials_is_valid_and_discloses_the_compiler(platform: Platform) -> None:
    toolchain = Toolchain(
        provider="debian",
        platform=platform.pyodide,
        root=Path("/t"),
        xbuildenv=Path("/t/x"),
        path=(),
        emscripten="3.1.69",
        clang="19.1.7",
        ccache=None,
        components=(),
        identity="f" * 64,
    )

    def render(*, audited: bool) -> bytes:
        return render_sbom(
            name="sample",
            version="1.0",
            source="pkg:pypi/sample@1.0",
            source_sha256="a" * 64,
            inputs=INPUTS,
            platform=platform,
            toolchain=toolchain,
            tools={"porter": "0.1.0", "pyodide-build": "0.39.2"},
            audited=audited,
        )

    document = render(audited=True)
    assert document == render(audited=True)
    assert b"skipped" not in document
    assert b"skipped" in render(audited=False)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(document.decode()) is None
    data = json.loads(document)
    component = data["metadata"]["component"]
    assert component["purl"] == "pkg:pypi/sample@1.0"
    assert component["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]
    tools = {tool["name"]: tool["version"] for tool in data["metadata"]["tools"]["components"]}
    assert tools == {
        "clang": "19.1.7",
        "emscripten": "3.1.69",
        "porter": "0.1.0",
        "pyodide-build": "0.39.2",
    }
    assert MEMBER.startswith("sboms/")
    told = parse_disclosed(document)
    assert (told.name, told.version, told.source) == ("sample", "1.0", "pkg:pypi/sample@1.0")
    assert (told.inputs, told.key) == (INPUTS, artefact_key(INPUTS))
