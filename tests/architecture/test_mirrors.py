"""Tests are found where the code is: tests/worker/a/test_b.py is about worker/a/b.py."""

from pathlib import Path

from tests.architecture.house import ROOT, assert_none


def mirrored(test: Path) -> Path:
    """The module a test file is about; both paths relative to the repository."""
    return test.relative_to("tests").with_name(test.name.removeprefix("test_"))


def test_every_mirror_shows_a_module() -> None:
    assert_none(
        str(test.relative_to(ROOT))
        for package in ("worker", "api")
        for test in sorted((ROOT / "tests" / package).rglob("test_*.py"))
        if not (ROOT / mirrored(test.relative_to(ROOT))).is_file()
    )


def test_every_folder_of_tests_is_a_package() -> None:
    # Two files of one name in different folders need it.
    bare = {
        str(file.parent.relative_to(ROOT))
        for file in (ROOT / "tests").rglob("test_*.py")
        if not (file.parent / "__init__.py").is_file()
    }

    assert bare == set()


def test_a_test_without_its_module_would_be_found() -> None:
    assert mirrored(Path("tests/worker/rules/test_retry.py")) == Path("worker/rules/retry.py")
    assert not (ROOT / mirrored(Path("tests/worker/rules/test_nothing_at_all.py"))).exists()
