"""Labels of the files of snapshot jobs."""

import pytest

from worker.rules.labels import PREVIEW, STORYBOARD, Numbered, is_label, numbered


@pytest.mark.parametrize(
    ("kind", "number", "label"),
    [
        ("snapshot", 1, "snapshot-001"),
        ("snapshot", 1000, "snapshot-1000"),
        ("candidate", 20, "candidate-20"),
        ("sheet", 7, "sheet-07"),
        ("tile", 5000, "tile-5000"),
    ],
)
def test_files_are_numbered_by_kind(kind: Numbered, number: int, label: str) -> None:
    assert numbered(kind, number) == label
    assert is_label(label)


@pytest.mark.parametrize("label", [STORYBOARD, PREVIEW])
def test_there_is_one_of_some_kinds(label: str) -> None:
    assert is_label(label)


@pytest.mark.parametrize("text", ["", "cover", "256", "snapshot", "snapshot-", "previews", "x-1"])
def test_other_names_are_no_labels(text: str) -> None:
    assert not is_label(text)
