"""Files of a folder or of another index come in as uploads do, and no other way."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import run_porter
from upstreams import Public, run_public
from wheels import make_wheel, put_wheel

from index_server.care.inventory import take_inventory
from index_server.errors import BadSettings, NotHere, UpstreamFailed
from index_server.holdings import Holdings
from index_server.model import Stage
from index_server.records.database import delete_file
from index_server.uploads.intake import Outcome, Taken, make_intake, take_folder, take_index
from porter.home import Home
from porter.progress import Quiet


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    make_wheel(folder, "acme-tools", requires=["acme-base"])
    make_wheel(folder / "deeper", "acme-base")
    return folder


def take(index: Holdings, folder: Path, stage: Stage = Stage.PRODUCTION) -> dict[str, Taken]:
    taken = take_folder(make_intake(index, actor="tests", stage=stage), folder, Quiet())
    return {file.filename: file for file in taken}


def outcomes(taken: dict[str, Taken]) -> Counter[Outcome]:
    return Counter(file.outcome for file in taken.values())


def test_a_folder(index: Holdings, wheels: Path) -> None:
    (wheels / "notes.txt").write_text("not a wheel")
    assert outcomes(take(index, wheels)) == {Outcome.ACCEPTED: 2}
    assert set(index.snapshot.projects) == {"acme-base", "acme-tools"}
    (file,) = index.snapshot.projects["acme-tools"].files
    assert (file.requires, file.imports) == (("acme-base",), ("acme_tools",))
    assert file.uploaded_by == "tests"
    assert take_inventory(index, Quiet()).problems == ()
    # The folder is its owner's: what changes there changes nothing here.
    for path in wheels.rglob("*.whl"):
        with path.open("r+b") as wheel:
            wheel.write(b"changed")
    assert take_inventory(index, Quiet()).problems == ()


def test_again(index: Holdings, wheels: Path) -> None:
    take(index, wheels)
    make_wheel(wheels, "acme-tools", "1.1")
    assert outcomes(take(index, wheels)) == {Outcome.THERE: 2, Outcome.ACCEPTED: 1}


def test_into_staging(index: Holdings, wheels: Path) -> None:
    take(index, wheels, Stage.STAGING)
    files = [file for project in index.snapshot.projects.values() for file in project.files]
    assert {file.stage for file in files} == {Stage.STAGING}


def test_what_an_upload_would_be_refused_is_refused(index: Holdings, wheels: Path) -> None:
    (wheels / "acme_junk-1.0-py3-none-any.whl").write_bytes(b"no zip")
    (wheels / "acme_empty-1.0-py3-none-any.whl").write_bytes(b"")
    (wheels / "no name.whl").write_bytes(b"")
    make_wheel(wheels, "acme-liar").rename(wheels / "acme_other-1.0-py3-none-any.whl")
    odd = "cp313-cp313-amiga_500"
    make_wheel(wheels, "acme-odd", tag=odd)
    taken = take(index, wheels)
    assert outcomes(taken) == {Outcome.ACCEPTED: 2, Outcome.REFUSED: 5}
    refused = [file for file in taken.values() if file.outcome is Outcome.REFUSED]
    assert all(file.reason for file in refused)
    assert set(index.snapshot.projects) == {"acme-base", "acme-tools"}
    assert take_inventory(index, Quiet()).problems == ()
    assert list(index.incoming.iterdir()) == []


def test_a_name_is_used_once(index: Holdings, wheels: Path, tmp_path: Path) -> None:
    put_wheel(index, make_wheel(tmp_path, "acme-base", body="another"))
    gone = put_wheel(index, make_wheel(tmp_path, "acme-tools"))
    delete_file(index.engine, gone.filename, actor="tests")
    taken = take(index, wheels)
    assert outcomes(taken) == {Outcome.REFUSED: 2}
    reasons = sorted(file.reason for file in taken.values())
    assert "other bytes" in reasons[0]
    assert "was deleted" in reasons[1]


def test_no_folder(index: Holdings, tmp_path: Path) -> None:
    with pytest.raises(NotHere):
        take(index, tmp_path / "nothing")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Public]:
    with run_public(tmp_path_factory.mktemp("public")) as public:
        make_wheel(public.wheels, "tinylib", "1.0", requires=["tinydep"])
        make_wheel(public.wheels, "tinylib", "1.1")
        make_wheel(public.wheels, "tinydep", "2.0")
        yield public


@pytest.fixture
def public(running: Public) -> Public:
    running.be("up")
    running.forget()
    return running


def take_from(index: Holdings, url: str, *projects: str) -> dict[str, Taken]:
    intake = make_intake(index, actor="tests", stage=Stage.PRODUCTION)
    taken = take_index(intake, url, projects, Quiet(), env=os.environ)
    index.refresh()
    return {file.filename: file for file in taken}


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("mode", ["up", "html"])
def test_an_index(index: Holdings, public: Public, mode: str, slash: str) -> None:
    public.be(mode)
    assert outcomes(take_from(index, f"{public.url}{slash}")) == {Outcome.ACCEPTED: 3}
    assert set(index.snapshot.projects) == {"tinydep", "tinylib"}
    assert take_inventory(index, Quiet()).problems == ()


def test_some_projects_of_an_index(index: Holdings, public: Public) -> None:
    assert outcomes(take_from(index, public.url, "TinyDep")) == {Outcome.ACCEPTED: 1}
    with pytest.raises(NotHere):
        take_from(index, public.url, "no-such-thing")
    with pytest.raises(BadSettings):
        take_from(index, public.url, "no name")
    with pytest.raises(BadSettings):
        take_from(index, "ftp://127.0.0.1/simple")


def test_an_index_again_fetches_nothing_twice(index: Holdings, public: Public) -> None:
    take_from(index, public.url, "tinydep")
    public.forget()
    assert outcomes(take_from(index, public.url)) == {Outcome.ACCEPTED: 2, Outcome.THERE: 1}
    assert not any("tinydep-" in path for path in public.asked)


def test_what_is_yanked_stays_yanked(index: Holdings, public: Public) -> None:
    public.be("yanked")
    take_from(index, public.url, "tinydep")
    (file,) = index.snapshot.projects["tinydep"].files
    assert file.yanked == "withdrawn"


@pytest.mark.parametrize("mode", ["lying", "long"])
def test_an_index_that_lies(index: Holdings, public: Public, mode: str) -> None:
    public.be(mode)
    assert outcomes(take_from(index, public.url)) == {Outcome.REFUSED: 3}
    assert index.snapshot.projects == {}


@pytest.mark.parametrize("mode", ["500", "garbage", "gone"])
def test_an_index_that_fails(index: Holdings, public: Public, mode: str) -> None:
    public.be(mode)
    with pytest.raises((UpstreamFailed, NotHere)):
        take_from(index, public.url, "tinylib")


def test_the_command(index: Holdings, wheels: Path, home: Home, tmp_path: Path) -> None:
    (wheels / "acme_junk-1.0-py3-none-any.whl").write_bytes(b"no zip")
    done = run_porter(
        "index", "import", wheels, "--data", index.settings.data, "--json",
        home=home.root, cwd=tmp_path,
    )  # fmt: skip
    assert done.code == 1, done.err
    told = json.loads(done.out)
    assert told["counts"] == {"accepted": 2, "refused": 1}
    assert {file["outcome"] for file in told["files"]} == {"accepted", "refused"}
