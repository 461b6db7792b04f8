import pytest

from worker.contracts.libraries import EntryKind
from worker.rules.library_kinds import CONTENT_TYPES, content_type_of_name, kind_of


@pytest.mark.parametrize(
    ("name", "kind", "content_type"),
    [
        pytest.param("a.jpg", "image", "image/jpeg", id="photo"),
        pytest.param("IMG_1.HEIC", "image", "image/heic", id="capitals"),
        pytest.param("clip.mov", "video", "video/quicktime", id="clip"),
        pytest.param("stream.ts", "video", "video/mp2t", id="transport-stream"),
        pytest.param("a.b.mp4", "video", "video/mp4", id="the-last-ending-counts"),
        pytest.param("notes.txt", None, "text/plain; charset=utf-8", id="text"),
        pytest.param("page.html", None, "application/octet-stream", id="page"),
        pytest.param("page.jpg.html", None, "application/octet-stream", id="page-behind-a-photo"),
        pytest.param("drawing.svg", None, "application/octet-stream", id="drawing-with-scripts"),
        pytest.param("jpg", None, "application/octet-stream", id="no-ending"),
        pytest.param(".jpg", None, "application/octet-stream", id="only-a-dot-name"),
        pytest.param("a.jpg.", None, "application/octet-stream", id="an-empty-ending"),
        pytest.param("a.jpg ", None, "application/octet-stream", id="a-space-behind"),
    ],
)
def test_the_ending_of_a_name_says_kind_and_type(
    name: str, kind: EntryKind | None, content_type: str
) -> None:
    assert kind_of(name, "media") == kind
    assert kind_of(name, "file") == "file"
    assert content_type_of_name(name) == content_type


def test_no_type_is_run_by_a_browser_as_a_page() -> None:
    dangerous = ("html", "xml", "svg", "script", "css")

    assert [known for known in CONTENT_TYPES.values() if any(d in known for d in dangerous)] == []
