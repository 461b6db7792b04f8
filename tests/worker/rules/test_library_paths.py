import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.contracts.libraries import LibraryInfo
from worker.rules.library_paths import (
    check_directory_place,
    check_file_place,
    check_library_id,
    check_name,
    check_space_id,
    segments,
)

FILES = LibraryInfo(id="files", tenant="acme", kind="file", created_ms=0)
FLAT = LibraryInfo(id="flat", tenant="acme", kind="media", created_ms=0)
ALBUMS = LibraryInfo(id="albums", tenant="acme", kind="media", multi_album=True, created_ms=0)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("", (), id="top"),
        pytest.param("/", (), id="top-as-a-slash"),
        pytest.param("a.jpg", ("a.jpg",), id="one"),
        pytest.param("holiday/Straße 100%+1.jpg", ("holiday", "Straße 100%+1.jpg"), id="two"),
        pytest.param("/a//b/", ("a", "b"), id="slashes-around-and-doubled"),
        pytest.param("a\\..\\b", ("a\\..\\b",), id="backslashes-are-characters"),
        pytest.param("..a/...", ("..a", "..."), id="dots-in-names"),
        pytest.param(" /a", (" ", "a"), id="a-space-is-a-name"),
        pytest.param("/".join("a" * 64), tuple("a" * 64), id="as-deep-as-may-be"),
        pytest.param("é" * 127, ("é" * 127,), id="254-bytes"),
        pytest.param("相册/😀.png", ("相册", "😀.png"), id="other-scripts"),
    ],
)
def test_a_path_is_its_names(text: str, names: tuple[str, ...]) -> None:
    assert segments(text) == names


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("..", "named '..'", id="up"),
        pytest.param("a/../b", "named '..'", id="up-in-between"),
        pytest.param("./a", "named '.'", id="here"),
        pytest.param("a\0b", "control", id="nul"),
        pytest.param("a\nb", "control", id="line-feed"),
        pytest.param("a\x7f", "control", id="delete"),
        pytest.param("a\x85b", "control", id="next-line"),
        pytest.param("a\udcffb", "UTF-8", id="half-a-pair"),
        pytest.param("a" * 256, "255 bytes", id="256-bytes"),
        pytest.param("é" * 128, "255 bytes", id="256-bytes-of-128-characters"),
        pytest.param("/".join("a" * 65), "64 names", id="too-deep"),
    ],
)
def test_a_path_that_no_entry_has_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        segments(text)


@pytest.mark.parametrize("text", ["", "a/b", ".", ".."])
def test_not_every_text_is_a_name(text: str) -> None:
    with pytest.raises(ValueError, match="name"):
        check_name(text)


@given(st.text())
def test_names_on_a_path_lead_nowhere_else(text: str) -> None:
    try:
        names = segments(text)
    except ValueError:
        return
    assert not {"", ".", ".."} & set(names)
    assert segments("/".join(names)) == names


@pytest.mark.parametrize(
    ("library", "path", "may"),
    [
        pytest.param(FILES, "a.txt", True, id="file-in-a-space"),
        pytest.param(FILES, "a/b/c.txt", True, id="file-in-a-directory"),
        pytest.param(FLAT, "a.jpg", True, id="medium-in-a-space-without-albums"),
        pytest.param(FLAT, "album/a.jpg", False, id="medium-in-an-album-that-cannot-be"),
        pytest.param(ALBUMS, "a.jpg", False, id="medium-beside-albums"),
        pytest.param(ALBUMS, "album/a.jpg", True, id="medium-in-an-album"),
        pytest.param(ALBUMS, "album/b/a.jpg", False, id="medium-below-an-album"),
        pytest.param(FILES, "", False, id="no-name"),
    ],
)
def test_files_stand_where_the_library_has_them(library: LibraryInfo, path: str, may: bool) -> None:
    if may:
        check_file_place(library, segments(path))
    else:
        with pytest.raises(ValueError, match=r"stand|name"):
            check_file_place(library, segments(path))


@pytest.mark.parametrize(
    ("library", "path", "may"),
    [
        pytest.param(FILES, "a/b/c", True, id="directory-anywhere"),
        pytest.param(FLAT, "album", False, id="album-of-a-library-without"),
        pytest.param(FLAT, "", True, id="top"),
        pytest.param(ALBUMS, "album", True, id="album"),
        pytest.param(ALBUMS, "album/deeper", False, id="directory-in-an-album"),
    ],
)
def test_directories_stand_where_the_library_has_them(
    library: LibraryInfo, path: str, may: bool
) -> None:
    if may:
        check_directory_place(library, segments(path))
    else:
        with pytest.raises(ValueError, match="album"):
            check_directory_place(library, segments(path))


@pytest.mark.parametrize("text", ["smh0123456789", "A_b-c", "1", "a" * 64])
def test_ids_are_short_and_plain(text: str) -> None:
    check_library_id(text)
    check_space_id(text)


@pytest.mark.parametrize("text", ["", "-", "-a", "a" * 65, "a.b", "a/b", "ä", "a\n", ".."])
def test_other_ids_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"an id is"):
        check_library_id(text)


@pytest.mark.parametrize("text", ["-", "list", "count"])
def test_a_space_has_no_id_that_means_something_else(text: str) -> None:
    with pytest.raises(ValueError, match="meaning of its own"):
        check_space_id(text)
