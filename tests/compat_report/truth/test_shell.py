"""What is put into the archive that IPython is imported from."""

from compat_report.truth.shell import importable


def test_bytecode_takes_the_place_of_its_source() -> None:
    names = [
        "a/__init__.py",
        "a/__pycache__/__init__.cpython-313.pyc",
        "a/plain.py",
        "a/tests/test_a.py",
        "a/tests/__pycache__/test_a.cpython-313.pyc",
        "a/data.txt",
        "a/",
        "a-1.dist-info/METADATA",
    ]
    assert importable(names) == [
        ("a/__pycache__/__init__.cpython-313.pyc", "a/__init__.pyc"),
        ("a/plain.py", "a/plain.py"),
        ("a/data.txt", "a/data.txt"),
        ("a-1.dist-info/METADATA", "a-1.dist-info/METADATA"),
    ]
