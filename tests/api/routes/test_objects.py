"""`/objects/…`: covers for everybody, the rest for signed links, and nothing else of the disk."""

import hashlib
import http.client
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.api.conftest import LINK_SECRET, MAX_UPLOAD_BYTES, Served
from worker import wiring
from worker.ports import Store
from worker.rules.keys import public_key
from worker.settings import Settings, StoreSettings
from worker.signing import links

DATA = b"\xff\xd8 a cover, as far as this test goes"
SHA256 = hashlib.sha256(DATA).hexdigest()
COVER = public_key("covers", SHA256, "jpg")
UPLOAD = "uploads/default/upl_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D"


@pytest.fixture
def store(settings: Settings) -> Store:
    made = wiring.store(settings)
    made.put(COVER, DATA, content_type="image/jpeg")
    made.put(UPLOAD, b"private bytes", content_type="application/octet-stream")
    return made


def _signed(key: str, method: str = "GET", *, life_s: int = 60, secret: str = LINK_SECRET) -> str:
    until_s = int(time.time()) + life_s
    return f"/objects/{key}?" + links.sign(method=method, key=key, expires_s=until_s, secret=secret)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_cover_is_served_for_ever(client: httpx2.Client, store: Store, method: str) -> None:
    answer = client.request(method, f"/objects/{COVER}")

    assert answer.status_code == 200
    assert answer.content == (DATA if method == "GET" else b"")
    assert answer.headers["content-length"] == str(len(DATA))
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["etag"] == f'"{SHA256}"'
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "content-disposition" not in answer.headers


@pytest.mark.parametrize(
    ("told", "status"),
    [
        (f'"{SHA256}"', 304),
        (f'W/"{SHA256}"', 304),
        (f'"other", "{SHA256}"', 304),
        ("*", 304),
        ('"other"', 200),
    ],
)
def test_a_cover_that_the_caller_has_is_not_sent(
    client: httpx2.Client, store: Store, told: str, status: int
) -> None:
    answer = client.get(f"/objects/{COVER}", headers={"If-None-Match": told})

    assert answer.status_code == status
    assert answer.content == (DATA if status == 200 else b"")
    assert answer.headers["etag"] == f'"{SHA256}"'


@pytest.mark.parametrize(
    ("wanted", "status", "content"),
    [
        ("bytes=0-1", 206, DATA[:2]),
        ("bytes=5-", 206, DATA[5:]),
        ("bytes=-3", 206, DATA[-3:]),
        ("bytes=0-99999", 206, DATA),
        ("bytes=5-2", 200, DATA),
        ("bytes=x-y", 200, DATA),
        ("bytes=" + "9" * 5000 + "-", 200, DATA),
        ("lines=1-2", 200, DATA),
        ("bytes=0-1,3-4", 200, DATA),
    ],
)
def test_a_range_is_served_and_a_malformed_one_passed_over(
    client: httpx2.Client, store: Store, wanted: str, status: int, content: bytes
) -> None:
    answer = client.get(f"/objects/{COVER}", headers={"Range": wanted})

    assert (answer.status_code, answer.content) == (status, content)


@pytest.mark.parametrize("wanted", ["bytes=99999-", f"bytes={len(DATA)}-", "bytes=-0"])
def test_a_range_outside_the_object_is_a_problem(
    client: httpx2.Client, store: Store, wanted: str
) -> None:
    answer = client.get(f"/objects/{COVER}", headers={"Range": wanted})

    assert (answer.status_code, answer.json()["code"]) == (416, "request.invalid")
    assert answer.headers["content-range"] == f"bytes */{len(DATA)}"
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("size_bytes", [0, 1])
def test_an_empty_object_has_no_range(client: httpx2.Client, store: Store, size_bytes: int) -> None:
    key = public_key("covers", hashlib.sha256(bytes(size_bytes)).hexdigest(), "jpg")
    store.put(key, bytes(size_bytes), content_type="image/jpeg")

    answer = client.get(f"/objects/{key}", headers={"Range": "bytes=-5"})

    assert answer.status_code == (206 if size_bytes else 416)


def test_an_outside_range_of_another_version_is_the_whole(
    client: httpx2.Client, store: Store
) -> None:
    headers = {"Range": "bytes=99999-", "If-Range": '"other"'}

    assert client.get(f"/objects/{COVER}", headers=headers).content == DATA


def test_a_range_of_another_version_is_the_whole(client: httpx2.Client, store: Store) -> None:
    headers = {"Range": "bytes=0-1", "If-Range": '"other"'}

    assert client.get(f"/objects/{COVER}", headers=headers).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_private_object_is_read_by_its_link(
    client: httpx2.Client, store: Store, method: str
) -> None:
    answer = client.request(method, _signed(UPLOAD))

    assert answer.status_code == 200
    assert answer.content == (b"private bytes" if method == "GET" else b"")
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["content-type"] == "application/octet-stream"


def test_the_stores_own_link_opens_its_object(
    client: httpx2.Client, store: Store, settings: Settings
) -> None:
    link = store.signed_url(UPLOAD, expires_s=60)
    base = settings.store.public_base_url.removesuffix("/objects")

    assert client.get(link.removeprefix(base)).content == b"private bytes"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("GET", f"/objects/{UPLOAD}", id="no-signature"),
        pytest.param("GET", f"/objects/{UPLOAD}?expires=1&signature=0", id="a-wrong-signature"),
        pytest.param("GET", _signed(UPLOAD, life_s=-1), id="expired"),
        pytest.param("GET", _signed(UPLOAD, secret="other"), id="another-secret"),
        pytest.param("GET", _signed(UPLOAD, "PUT"), id="signed-for-writing"),
        pytest.param("GET", _signed(UPLOAD).replace("1D?", "1E?"), id="another-key"),
        pytest.param("GET", "/objects/private/default/ab/none.jpg", id="nothing-there"),
        pytest.param("PUT", f"/objects/{COVER}", id="writing-a-cover-unsigned"),
        pytest.param("PUT", _signed(COVER), id="signed-for-reading"),
    ],
)
def test_without_its_signature_nothing_private_is_told(
    client: httpx2.Client, store: Store, method: str, path: str
) -> None:
    answer = client.request(method, path, content=b"x" if method == "PUT" else None)

    assert (answer.status_code, answer.json()["code"]) == (403, "auth.forbidden")
    assert store.read(COVER, 0, 1000) == DATA


def test_an_object_is_written_by_its_link(client: httpx2.Client, store: Store) -> None:
    key = public_key("covers", hashlib.sha256(b"new").hexdigest(), "png")

    answer = client.put(_signed(key, "PUT"), content=b"new")

    assert answer.status_code == 204
    assert client.get(f"/objects/{key}").headers["content-type"] == "image/png"


def test_an_object_that_is_too_large_is_not_written(client: httpx2.Client, store: Store) -> None:
    answer = client.put(_signed("uploads/default/x", "PUT"), content=bytes(MAX_UPLOAD_BYTES + 1))

    assert (answer.status_code, answer.json()["code"]) == (413, "request.too_large")


def test_a_query_that_is_unknown_is_named(client: httpx2.Client, store: Store) -> None:
    answer = client.get(f"/objects/{COVER}?width=100")

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "width")


@pytest.mark.parametrize(
    "path",
    [
        "covers/none.jpg",
        "covers/",
        "covers",
        "covers/ab",
        "",
        "../secret.txt",
        "covers/../../secret.txt",
        "covers/..%2f..%2fsecret.txt",
        "covers/%2e%2e/%2e%2e/secret.txt",
        "covers%2f..%2f..%2fsecret.txt",
        "covers/..%5c..%5csecret.txt",
        "covers/%00",
        "covers/a%00.jpg",
        "%2fetc%2fpasswd",
        "/etc/passwd",
        "covers//etc/passwd",
        "covers/link.jpg",
        "covers/.incoming",
        "covers/" + "a" * 5000,
        "covers/%ff%fe",
    ],
)
def test_no_path_leads_out_of_the_public_objects(
    served: Served, settings: Settings, store: Store, path: str
) -> None:
    outside = settings.store.folder.parent / "secret.txt"
    outside.write_text("secret")
    (settings.store.folder / "covers" / "link.jpg").symlink_to(outside)
    target = urlsplit(served.url)
    # http.client sends the path as it stands; other clients would tidy it up.
    connection = http.client.HTTPConnection(target.netloc)

    connection.request("GET", f"/objects/{path}")
    answer = connection.getresponse()

    assert answer.status in {404, 403}
    assert b"secret" not in answer.read().replace(b"secret.txt", b"")
    connection.close()


def test_objects_are_served_from_the_embedded_store_only(
    settings: Settings, serve: Callable[[Settings], Served]
) -> None:
    minio = settings.model_copy(update={"store": StoreSettings(kind="minio")})

    answer = httpx2.get(f"{serve(minio).url}/objects/covers/x.jpg")

    assert (answer.status_code, answer.json()["code"]) == (404, "request.not_found")


@pytest.mark.parametrize(
    ("extension", "content_type"),
    [
        pytest.param("vtt", "text/vtt", id="vtt"),
        pytest.param("m3u8", "application/vnd.apple.mpegurl", id="m3u8"),
        pytest.param("mpd", "application/dash+xml", id="mpd"),
        pytest.param("gif", "image/gif", id="gif"),
        pytest.param("webp", "image/webp", id="webp"),
        pytest.param("mp4", "video/mp4", id="mp4"),
    ],
)
def test_players_of_any_page_read_what_snapshots_make(
    client: httpx2.Client, settings: Settings, extension: str, content_type: str
) -> None:
    key = public_key("snapshots", SHA256, extension)
    wiring.store(settings).put(key, DATA, content_type=content_type)

    whole = client.get(f"/objects/{key}", headers={"Origin": "https://page.example"})
    part = client.get(f"/objects/{key}", headers={"Range": "bytes=2-4"})

    assert (whole.status_code, whole.content) == (200, DATA)
    assert (part.status_code, part.content) == (206, DATA[2:5])
    assert part.headers["content-range"] == f"bytes 2-4/{len(DATA)}"
    for answer in (whole, part):
        assert answer.headers["content-type"] == content_type
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert "sandbox" in answer.headers["content-security-policy"]
