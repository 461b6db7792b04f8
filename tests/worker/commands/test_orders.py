"""The names that files get: no two sources share one, and no source is written over."""

from pathlib import Path

import pytest

from worker.commands.orders import Order, orders


def covers_of(sources: list[str], out_dir: Path) -> list[Order]:
    return orders(sources, out_dir, is_label={"64"}.__contains__, nameless="cover")


def stems(sources: list[str], out_dir: Path) -> list[str]:
    return [order.stem for order in covers_of(sources, out_dir)]


def test_sources_of_one_name_get_files_of_their_own(tmp_path: Path) -> None:
    sources = ["a/x.jpg", "b/x.png", "https://h/x.mp4?s=1", "-"]

    assert stems(sources, tmp_path) == ["x", "x-2", "x-3", "stdin"]


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        pytest.param("x-64.jpg", "x-2", id="the-very-file"),
        pytest.param("x-64.png", "x-2", id="of-another-ending"),
        pytest.param("x-64", "x-2", id="without-an-ending"),
        pytest.param("x-65.jpg", "x", id="of-no-label"),
        pytest.param("xy-64.jpg", "x", id="of-another-stem"),
    ],
)
def test_no_file_is_written_over_a_source(tmp_path: Path, name: str, stem: str) -> None:
    assert stems([str(tmp_path / "x.jpg"), str(tmp_path / name)], tmp_path)[0] == stem


def test_a_source_of_another_folder_is_in_nobodys_way(tmp_path: Path) -> None:
    assert stems([str(tmp_path / "x.jpg"), str(tmp_path / "x-64.jpg")], tmp_path / "out") == [
        "x",
        "x-64",
    ]


@pytest.mark.parametrize("given", ["link", "target"])
def test_a_source_behind_a_link_is_not_written_over_under_either_name(
    tmp_path: Path, given: str
) -> None:
    out_dir, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    out_dir.mkdir()
    elsewhere.mkdir()
    link, target = (out_dir, elsewhere) if given == "link" else (elsewhere, out_dir)
    (target / "x-64.jpg").touch()
    (link / "x-64.jpg").symlink_to(target / "x-64.jpg")

    assert stems(["a/x.jpg", str(link / "x-64.jpg")], out_dir)[0] == "x-2"


@pytest.mark.parametrize("source", ["/", "https://h/", ".", "https://h"])
def test_a_source_without_a_name_gets_the_one_that_is_given(source: str, tmp_path: Path) -> None:
    assert stems([source], tmp_path) == ["cover"]
