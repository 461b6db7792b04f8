import pytest

from worker.contracts.libraries import EntryKind, LibraryInfo
from worker.rules.library_places import Misplaced, file_at, misplaced_directory

FILES = LibraryInfo(id="files", tenant="acme", kind="file", created_ms=0)
FLAT = LibraryInfo(id="flat", tenant="acme", kind="media", created_ms=0)
ALBUMS = LibraryInfo(id="albums", tenant="acme", kind="media", multi_album=True, created_ms=0)


def _names(path: str) -> list[str]:
    return path.split("/") if path else []


@pytest.mark.parametrize(
    ("library", "path", "found"),
    [
        pytest.param(FILES, "a.txt", "file", id="file-in-a-space"),
        pytest.param(FILES, "a/b/c.jpg", "file", id="file-in-a-directory"),
        pytest.param(FLAT, "a.jpg", "image", id="medium-in-a-space-without-albums"),
        pytest.param(ALBUMS, "album/a.mp4", "video", id="medium-in-an-album"),
        pytest.param(FLAT, "album/a.jpg", Misplaced.NO_ALBUMS, id="an-album-that-cannot-be"),
        pytest.param(FLAT, "a.txt", Misplaced.NO_MEDIUM, id="no-medium"),
        pytest.param(ALBUMS, "a.txt", Misplaced.NO_MEDIUM, id="no-medium-beside-albums"),
        pytest.param(ALBUMS, "a.jpg", Misplaced.BESIDE_ALBUMS, id="medium-beside-albums"),
        pytest.param(ALBUMS, "album/b/a.jpg", Misplaced.IN_ALBUM, id="medium-below-an-album"),
        pytest.param(FILES, "", Misplaced.UNNAMED, id="no-name"),
        pytest.param(ALBUMS, "", Misplaced.UNNAMED, id="no-name-beside-albums"),
    ],
)
def test_files_stand_where_the_library_has_them(
    library: LibraryInfo, path: str, found: EntryKind | Misplaced
) -> None:
    assert file_at(library, _names(path)) == found


@pytest.mark.parametrize(
    ("library", "path", "reason"),
    [
        pytest.param(FILES, "a/b/c", None, id="directory-anywhere"),
        pytest.param(ALBUMS, "album", None, id="album"),
        pytest.param(ALBUMS, "album/deeper", Misplaced.IN_ALBUM, id="directory-in-an-album"),
        pytest.param(FLAT, "album", Misplaced.NO_ALBUMS, id="album-of-a-library-without"),
        pytest.param(FILES, "", Misplaced.UNNAMED, id="no-name"),
    ],
)
def test_directories_stand_where_the_library_has_them(
    library: LibraryInfo, path: str, reason: Misplaced | None
) -> None:
    assert misplaced_directory(library, _names(path)) == reason
