"""A bucket of a real server that speaks S3, and the command line on it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import run_porter
from services import KEY, SECRET, Bucket, run_bucket

from compat_report.company.sources import Source, by_name, is_bucket, suffix_of
from porter.home import Home

NOTEBOOK = {
    "nbformat": 4,
    "nbformat_minor": 4,
    "metadata": {},
    "cells": [
        {
            "cell_type": "code",
            "source": "import json",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
    ],
}


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[Bucket]:
    with run_bucket(tmp_path / "objects") as bucket:
        yield bucket


def credentials(bucket: Bucket) -> dict[str, str]:
    return {**bucket.env, "AWS_ALLOW_HTTP": "true"}


def test_notebooks_in_a_bucket(bucket: Bucket, catalog_home: Home, tmp_path: Path) -> None:
    for name in ("a.ipynb", "team/b.ipynb", ".ipynb_checkpoints/a.ipynb", "data.csv"):
        path = bucket.folder / "wheels" / "books" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(NOTEBOOK))
    cache = tmp_path / "cache"

    def report(*more: str, env: dict[str, str]) -> list[tuple[str, str]]:
        options: list[str | Path] = ["--offline", "--format", "json", "--cache", cache]
        ran = run_porter(
            "report",
            *options,
            *more,
            home=catalog_home.root,
            cwd=tmp_path,
            env=env,
        )
        assert ran.code == 0, ran.err
        return [(n["path"], n["verdict"]) for n in ran.json["notebooks"]]

    env = credentials(bucket)
    expected = [
        ("s3://wheels/books/a.ipynb", "browser"),
        ("s3://wheels/books/team/b.ipynb", "browser"),
    ]
    assert report("s3://wheels/books", env=env) == expected
    (bucket.folder / "wheels" / "books" / "team" / "b.ipynb").write_text('{"cells": [')
    assert report("s3://wheels/books/team/b.ipynb", env=env) == [(expected[1][0], "unknown")]


def test_a_bucket_that_is_away(catalog_home: Home, tmp_path: Path) -> None:
    env = {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_ALLOW_HTTP": "true",
    }
    ran = run_porter("report", "s3://none", home=catalog_home.root, cwd=tmp_path, env=env)
    assert ran.code == 4, ran.err
    assert "s3://none cannot be listed" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("given", "is_one"),
    [
        ("s3://b/p", True),
        ("gs://b", True),
        ("a.ipynb", False),
        ("http://x/y", False),
        ("s3:/b", False),
    ],
)
def test_what_is_a_bucket(given: str, is_one: bool) -> None:
    assert is_bucket(given) is is_one


def test_sources_are_sorted_each_once() -> None:
    a, b = (Source(name=name, place=f"/{name}") for name in ("a.py", "b.ipynb"))
    assert by_name([b, a, b]) == [a, b]
    assert [suffix_of(source.place) for source in (a, b)] == [".py", ".ipynb"]
