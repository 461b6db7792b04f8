"""`/library-objects/…`: one version of a library's file, for those who have a link to it."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

import httpx2
import pytest

from tests.api.conftest import LINK_SECRET, Served
from worker import wiring
from worker.contracts.libraries import Place, Version, VersionDraft
from worker.ports import Library, LinkLook
from worker.settings import Settings, StoreSettings
from worker.signing import links

PLACE = Place("smh1albums", "-")
ENTRY = "ent_01JC6Z5G0Q8V2N3M4P5R6S7T8W"
DATA = bytes(range(256)) * 2000
FORGED = f"{PLACE.library_id}/-/{ENTRY}/00000001-0123456789abcdef"


@pytest.fixture
def library(settings: Settings) -> Library:
    return wiring.library(settings)


Put = Callable[..., Version]


@pytest.fixture
def put(library: Library, tmp_path: Path) -> Put:
    """Keeps bytes as a version of the entry."""

    def keep(data: bytes = DATA, content_type: str = "video/mp4") -> Version:
        file = tmp_path / "file"
        file.write_bytes(data)
        draft = VersionDraft(
            transfer=f"trn_{time.time_ns()}",
            size_bytes=len(data),
            crc64="1",
            content_type=content_type,
            at_ms=1_765_000_000_000,
            way="created",
        )
        return library.put(PLACE, ENTRY, file, draft)

    return keep


@pytest.fixture
def path_of(library: Library) -> Callable[..., str]:
    """A link's path and query; the server of the tests has a port of its own."""

    def make(version: Version, **look: Any) -> str:
        given: dict[str, Any] = {"expires_s": 60, "name": "clip.mp4", **look}
        link = urlsplit(library.link(PLACE, ENTRY, version, look=LinkLook(**given)))
        return f"{link.path}?{link.query}"

    return make


PathOf = Callable[..., str]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_link_opens_its_version(
    client: httpx2.Client, put: Put, path_of: PathOf, method: str
) -> None:
    version = put()
    put(b"a newer one", "image/png")

    answer = client.request(method, path_of(version))

    assert answer.status_code == 200
    assert answer.content == (DATA if method == "GET" else b"")
    assert answer.headers["content-length"] == str(len(DATA))
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["etag"] == version.etag
    assert answer.headers["last-modified"] == "Sat, 06 Dec 2025 05:46:40 GMT"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize(
    ("headers", "status", "content"),
    [
        pytest.param({"Range": "bytes=0-9"}, 206, DATA[:10], id="first"),
        pytest.param({"Range": "bytes=511000-"}, 206, DATA[511_000:], id="to-the-end"),
        pytest.param({"Range": "bytes=-3"}, 206, DATA[-3:], id="last"),
        pytest.param({"Range": "bytes=0-9", "If-Range": '"other"'}, 200, DATA, id="changed"),
        pytest.param({"Range": "bytes=900000-"}, 416, None, id="outside"),
        pytest.param({"If-None-Match": '"other"'}, 200, DATA, id="another-is-known"),
    ],
)
def test_a_link_serves_ranges(
    client: httpx2.Client,
    put: Put,
    path_of: PathOf,
    headers: dict[str, str],
    status: int,
    content: bytes | None,
) -> None:
    answer = client.get(path_of(put()), headers=headers)

    assert answer.status_code == status
    assert content is None or answer.content == content


def test_a_version_that_the_caller_has_is_not_sent(
    client: httpx2.Client, put: Put, path_of: PathOf
) -> None:
    version = put()

    answer = client.get(path_of(version), headers={"If-None-Match": version.etag})

    assert (answer.status_code, answer.content) == (304, b"")


def test_a_range_of_the_same_version_is_a_range(
    client: httpx2.Client, put: Put, path_of: PathOf
) -> None:
    version = put()
    headers = {"Range": "bytes=1-2", "If-Range": version.etag}

    assert client.get(path_of(version), headers=headers).content == DATA[1:3]


@pytest.mark.parametrize(
    ("content_type", "attachment", "kind"),
    [
        pytest.param("video/mp4", False, "inline", id="video"),
        pytest.param("image/jpeg", False, "inline", id="picture"),
        pytest.param("text/plain; charset=utf-8", False, "inline", id="text"),
        pytest.param("video/mp4", True, "attachment", id="as-asked"),
        pytest.param("text/html", False, "attachment", id="page"),
        pytest.param("image/svg+xml", False, "attachment", id="drawing-with-scripts"),
        pytest.param("application/octet-stream", False, "attachment", id="bytes"),
    ],
)
def test_a_browser_runs_nothing_of_what_is_kept(
    client: httpx2.Client,
    put: Put,
    path_of: PathOf,
    content_type: str,
    attachment: bool,
    kind: str,
) -> None:
    answer = client.get(path_of(put(content_type=content_type), attachment=attachment))

    assert answer.headers["content-type"] == content_type
    assert answer.headers["content-disposition"].partition(";")[0] == kind
    assert answer.headers["x-content-type-options"] == "nosniff"
    # Neither policy allows scripts, forms or anything of another origin.
    assert answer.headers["content-security-policy"] in {
        "default-src 'none'; sandbox",
        "default-src 'none'; media-src 'self'; sandbox allow-same-origin",
    }


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("clip.mp4", id="plain"),
        pytest.param("昨日 \U0001f600.mp4", id="unicode"),
        pytest.param('a "quoted" \\ name.mp4', id="quotes"),
        pytest.param("50%25 & more=+#?.mp4", id="query-characters"),
        pytest.param("it's; filename=x.mp4", id="parameter"),
        pytest.param("", id="empty"),
    ],
)
def test_the_name_arrives_as_it_is(
    client: httpx2.Client, put: Put, path_of: PathOf, name: str
) -> None:
    answer = client.get(path_of(put(), name=name))

    shown = answer.headers["content-disposition"]
    plain, _, exact = shown.partition("; filename*=UTF-8''")
    assert shown.isascii()
    assert unquote(exact) == name
    # For clients that know no filename* (RFC 6266 §4.3): one text in quotes, without escapes.
    assert re.fullmatch(r'inline; filename="[^"\\\\%]*"', plain)


def test_a_name_with_a_line_end_adds_no_header(
    client: httpx2.Client, put: Put, path_of: PathOf
) -> None:
    answer = client.get(path_of(put(), name="a\r\nX-Evil: 1\x00.mp4"))

    assert answer.status_code == 200
    assert "x-evil" not in answer.headers
    assert "%0D%0A" in answer.headers["content-disposition"]


def test_an_expired_link_opens_nothing(client: httpx2.Client, put: Put, path_of: PathOf) -> None:
    path = path_of(put(), expires_s=1)
    assert client.get(path).status_code == 200
    time.sleep(2.1)

    answer = client.get(path)

    assert (answer.status_code, answer.json()["code"]) == (403, "auth.forbidden")


CHANGES: dict[str, Callable[[str], str]] = {
    "unsigned": lambda path: path.partition("?")[0],
    "another-name": lambda path: path.replace("name=clip.mp4", "name=clip.exe"),
    "without-its-name": lambda path: path.replace("name=clip.mp4&", ""),
    "as-attachment": lambda path: path.replace("attachment=0", "attachment=1"),
    "longer": lambda path: path.replace("expires=1", "expires=2"),
    "another-signature": lambda path: path[:-1] + ("0" if path[-1] != "0" else "1"),
    "another-entry": lambda path: path.replace("7T8W/", "7T8X/"),
    "another-space": lambda path: path.replace("/-/", "/space2/"),
    "another-version": lambda path: path.replace("/00000001-", "/00000002-"),
    "document": lambda path: "/".join([*path.partition("?")[0].split("/")[:-1], "entry.json"]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_changed_link_opens_nothing(
    client: httpx2.Client, put: Put, path_of: PathOf, change: Callable[[str], str]
) -> None:
    path = path_of(put())
    assert change(path) != path

    answer = client.get(change(path))

    assert (answer.status_code, answer.json()["code"]) == (403, "auth.forbidden")


def test_a_link_signed_for_an_object_opens_no_file(client: httpx2.Client, put: Put) -> None:
    version = put()
    key = f"library-objects/{'/'.join(PLACE)}/{ENTRY}/{version.id}"
    signed = links.sign(method="GET", key=key, expires_s=int(time.time()) + 60, secret=LINK_SECRET)

    answer = client.get(f"/{key}?{signed}")

    assert answer.status_code == 403


def test_a_query_that_is_unknown_is_named(client: httpx2.Client, put: Put, path_of: PathOf) -> None:
    answer = client.get(f"{path_of(put())}&width=1")

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "width")


def test_a_file_that_was_deleted_is_not_found(
    client: httpx2.Client, library: Library, put: Put, path_of: PathOf
) -> None:
    path = path_of(put())
    library.delete(PLACE, ENTRY)

    answer = client.get(path)

    assert (answer.status_code, answer.json()["code"]) == (404, "request.not_found")


def test_a_page_of_any_site_may_read_behind_a_link(
    client: httpx2.Client, put: Put, path_of: PathOf
) -> None:
    answer = client.get(path_of(put()), headers={"Origin": "https://photos.example"})

    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_a_link_only_reads(client: httpx2.Client, put: Put, path_of: PathOf, method: str) -> None:
    assert client.request(method, path_of(put())).status_code == 405


def test_files_are_served_from_a_local_library_only(
    settings: Settings, serve: Callable[[Settings], Served]
) -> None:
    minio = settings.model_copy(update={"store": StoreSettings(kind="minio")})
    query = urlencode({"expires": "1", "signature": "0"})

    answer = httpx2.get(f"{serve(minio).url}/library-objects/{FORGED}?{query}")

    assert (answer.status_code, answer.json()["code"]) == (404, "request.not_found")
