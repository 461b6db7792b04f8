"""`/file/…`, read: redirects, facts in headers and in JSON, pictures, versions."""

import io
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from PIL import Image
from pydantic import SecretStr

from tests.api.conftest import Served
from tests.api.dialects.tencent_smh.answers import code_of
from tests.api.dialects.tencent_smh.cook import Cook
from tests.api.dialects.tencent_smh.shop import STARTED_MS, Shop
from tests.media import Clip, is_red
from tests.minio_server import Minio, client_of
from worker.contracts.libraries import Entry
from worker.jobs.cover import CoverStory
from worker.settings import Settings

Behind = Callable[[httpx2.Response], httpx2.Response]
Blob = Callable[[bytes], Path]
MakeClip = Callable[[Clip], Path]
HELLO = b"123456789"
HELLO_CRC64 = "11051210869376104954"  # the check value of CRC-64/XZ


@pytest.fixture
def file(shop: Shop, blob: Blob) -> Entry:
    """`docs/hello.txt` in a file library, with metadata."""
    place = shop.library(kind="file")
    docs = shop.directory(place, "docs")
    meta = {"colour": "blue", "note": "grün & 100%"}
    return shop.put(
        place, "hello.txt", blob(HELLO), parent_id=docs, at_ms=STARTED_MS + 7, meta=meta
    )


def _get(api: httpx2.Client, shop: Shop, path: str, **queries: str | int) -> httpx2.Response:
    return api.get(f"/file/smh1/-/{path}", params={"access_token": shop.token(), **queries})


def _facts(file: Entry) -> dict[str, str]:
    assert file.version is not None
    return {
        "x-smh-type": "file",
        "x-smh-creation-time": "2023-11-14T22:13:20.007Z",
        "x-smh-modification-time": "2023-11-14T22:13:20.007Z",
        "x-smh-content-type": "text/plain; charset=utf-8",
        "x-smh-size": "9",
        "x-smh-etag": file.version.etag,
        "x-smh-crc64": HELLO_CRC64,
        "x-smh-meta-colour": "blue",
        "x-smh-meta-note": "gr%C3%BCn & 100%25",
    }


def _told(answer: httpx2.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("x-smh-")}


def test_a_download_is_a_redirect_that_tells_the_files_facts(
    api: httpx2.Client, shop: Shop, file: Entry, behind: Behind
) -> None:
    answer = _get(api, shop, "docs/hello.txt")

    assert (answer.status_code, answer.content) == (302, b"")
    assert answer.headers["cache-control"] == "private, no-store"
    assert _told(answer) == _facts(file)
    assert behind(answer).content == HELLO


def test_a_head_tells_the_facts_and_never_redirects(
    api: httpx2.Client, shop: Shop, file: Entry
) -> None:
    given = {"access_token": shop.token()}

    answer = api.head("/file/smh1/-/docs/hello.txt", params=given)

    assert (answer.status_code, answer.content) == (200, b"")
    assert "location" not in answer.headers
    assert _told(answer) == _facts(file)
    missing = api.head("/file/smh1/-/docs/none.txt", params=given)
    assert (missing.status_code, missing.content) == (404, b"")


@pytest.mark.parametrize("path", ["docs/hello.txt", "docs%2Fhello.txt", "/docs//hello.txt/"])
def test_slashes_may_be_escaped_or_doubled(
    api: httpx2.Client, shop: Shop, file: Entry, path: str
) -> None:
    """One SDK of the vendor keeps slashes, the other escapes them [K-java, K-js]."""
    assert _get(api, shop, path).status_code == 302


@pytest.mark.parametrize(
    "path", ["docs", "docs/", "docs/none", "none/hello.txt", "docs/hello.txt/x"]
)
def test_what_is_no_file_is_not_found(
    api: httpx2.Client, shop: Shop, file: Entry, path: str
) -> None:
    assert code_of(_get(api, shop, path)) == (404, "FileNotFound")


@pytest.mark.parametrize("path", ["", "/", "%2F"])
def test_a_file_has_a_path(api: httpx2.Client, shop: Shop, file: Entry, path: str) -> None:
    assert code_of(_get(api, shop, path)) == (400, "EmptyPath")


def test_a_version_is_read_by_its_history_id(
    api: httpx2.Client, shop: Shop, file: Entry, blob: Blob, behind: Behind
) -> None:
    newer = shop.replace(file, blob(b"newer"), at_ms=STARTED_MS + 99)
    assert file.version is not None
    assert newer.version is not None

    old = _get(api, shop, "docs/hello.txt", history_id=file.version.id)
    new = _get(api, shop, "docs/hello.txt", history_id=newer.version.id)

    assert (behind(old).content, old.headers["x-smh-crc64"]) == (HELLO, HELLO_CRC64)
    assert (behind(new).content, new.headers["x-smh-size"]) == (b"newer", "5")
    # Overwriting moves only the time of modification.
    assert new.headers["x-smh-creation-time"] == old.headers["x-smh-creation-time"]
    assert new.headers["x-smh-modification-time"].endswith("20.099Z")
    assert _get(api, shop, "docs/hello.txt").headers["x-smh-size"] == "5"


@pytest.mark.parametrize("history_id", ["0", "none", "../x", "x" * 300, "é", "null"])
def test_an_unknown_version_is_not_found(
    api: httpx2.Client, shop: Shop, file: Entry, history_id: str
) -> None:
    answer = _get(api, shop, "docs/hello.txt", history_id=history_id)
    assert code_of(answer) == (404, "FileNotFound")


def test_a_version_of_another_file_is_not_found(
    api: httpx2.Client, shop: Shop, file: Entry, blob: Blob
) -> None:
    other = shop.put(file.place, "other.txt", blob(b"a secret"), parent_id=file.parent_id)
    assert other.version is not None

    answer = _get(api, shop, "docs/hello.txt", history_id=other.version.id)

    assert code_of(answer) == (404, "FileNotFound")


@pytest.mark.parametrize(
    ("told", "expected"), [("inline", "inline"), ("attachment", "attachment"), ("", "inline")]
)
def test_the_disposition_is_that_of_the_link(
    api: httpx2.Client, shop: Shop, file: Entry, behind: Behind, told: str, expected: str
) -> None:
    found = behind(_get(api, shop, "docs/hello.txt", content_disposition=told))

    assert found.headers["content-disposition"].startswith(f'{expected}; filename="hello.txt"')


@pytest.mark.parametrize(
    "query",
    [
        "content_disposition=form-data",
        "content_disposition=inline&content_disposition=inline",
        "traffic_limit=102399",
        "traffic_limit=104857601",
        "traffic_limit=fast",
        "purpose=theft",
        "history_id=a&history_id=b",
        "info&period=59",
        "info&period=7201",
        "preview&size=0",
        "preview&scale=50",
        "preview&width_size=50",
        "preview&height_size=50",
    ],
)
def test_wrong_parameters_are_refused(
    api: httpx2.Client, shop: Shop, file: Entry, query: str
) -> None:
    answer = api.get(f"/file/smh1/-/docs/hello.txt?access_token={shop.token()}&{query}")

    assert code_of(answer) == (400, "ParamInvalid")
    assert query.removeprefix("preview&").removeprefix("info&").partition("=")[0] in answer.text


def test_what_clients_send_for_the_vendor_alone_is_accepted(
    api: httpx2.Client, shop: Shop, file: Entry
) -> None:
    told: dict[str, str | int] = {
        "traffic_limit": 102400,
        "purpose": "download",
        "internal_domain": 1,
    }
    assert _get(api, shop, "docs/hello.txt", **told).status_code == 302


@pytest.mark.parametrize("flag", ["info", "info=1", "info="])
def test_info_tells_the_facts_and_a_link(
    api: httpx2.Client, shop: Shop, file: Entry, served_bytes: Callable[[str], bytes], flag: str
) -> None:
    answer = api.get(f"/file/smh1/-/docs/hello.txt?{flag}&access_token={shop.token()}")

    assert file.version is not None
    told = answer.json()
    assert answer.status_code == 200
    assert served_bytes(told.pop("cosUrl")) == HELLO
    assert told == {
        "type": "file",
        "creationTime": "2023-11-14T22:13:20.007Z",
        "modificationTime": "2023-11-14T22:13:20.007Z",
        "contentType": "text/plain; charset=utf-8",
        "size": "9",
        "eTag": file.version.etag,
        "crc64": HELLO_CRC64,
        "versionId": file.version.id,
        "fileType": "other",
        "previewByDoc": False,
        "previewByCI": False,
        "previewAsIcon": False,
        "metaData": {"x-smh-meta-colour": "blue", "x-smh-meta-note": "grün & 100%"},
    }


def test_a_check_of_permission_gives_no_link(api: httpx2.Client, shop: Shop, file: Entry) -> None:
    assert "cosUrl" not in _get(api, shop, "docs/hello.txt", info="", pre_check=1).json()
    assert "cosUrl" in _get(api, shop, "docs/hello.txt", info="", pre_check=0).json()


def test_a_link_lives_as_long_as_was_asked(api: httpx2.Client, shop: Shop, file: Entry) -> None:
    now_s = datetime.now().astimezone().timestamp()

    def life_s(**queries: int) -> float:
        url = httpx2.URL(_get(api, shop, "docs/hello.txt", info="", **queries).json()["cosUrl"])
        return int(url.params["expires"]) - now_s

    assert 55 <= life_s(period=60) <= 65
    assert 7190 <= life_s() <= 7210


def test_a_preview_is_a_square_of_that_file(
    api: httpx2.Client, shop: Shop, cook: Cook, photo: Path, make_clip: MakeClip, behind: Behind
) -> None:
    place = shop.library(multi_album=True)
    album = shop.directory(place, "summer")
    shop.put(place, "a.jpg", photo, parent_id=album)
    shop.put(place, "b.mp4", make_clip(Clip(red_then_blue=True)), parent_id=album)
    cook.start()

    def picture(name: str, **queries: int) -> Image.Image:
        answer = _get(api, shop, f"summer/{name}", preview="", **queries)
        assert (answer.status_code, answer.content) == (302, b"")
        return Image.open(io.BytesIO(behind(answer).content))

    assert picture("b.mp4", size=48).size == (48, 48)
    whole = picture("b.mp4", frame_number=3)
    assert whole.size == (640, 360)
    assert is_red(whole)
    assert picture("a.jpg", size=32).size == (32, 32)
    assert behind(_get(api, shop, "summer/a.jpg", preview="")).content == photo.read_bytes()


def test_a_preview_of_an_older_version_is_of_that_version(
    api: httpx2.Client, shop: Shop, cook: Cook, photo: Path, blob: Blob, behind: Behind
) -> None:
    entry = shop.put(shop.library(), "a.jpg", photo)
    shop.replace(entry, blob(b"broken"))
    cook.start()
    assert entry.version is not None

    answer = _get(api, shop, "a.jpg", preview="", size=32, history_id=entry.version.id)

    assert Image.open(io.BytesIO(behind(answer).content)).size == (32, 32)


def test_what_has_no_picture_is_downloaded_instead(
    api: httpx2.Client, shop: Shop, file: Entry, behind: Behind
) -> None:
    assert behind(_get(api, shop, "docs/hello.txt", preview="", size=64)).content == HELLO


@pytest.fixture
def bucketed(settings: Settings, minio: Minio) -> Settings:
    """The settings with objects and libraries in buckets of their own."""
    changes = {
        "kind": "minio",
        "endpoint": minio.endpoint,
        "access_key": SecretStr(minio.access_key),
        "secret_key": SecretStr(minio.secret_key),
        "bucket": f"objects-{uuid4().hex}",
    }
    store = settings.store.model_copy(update=changes)
    libraries = settings.libraries.model_copy(update={"bucket": f"libraries-{uuid4().hex}"})
    for bucket in (store.bucket, libraries.bucket):
        client_of(minio).make_bucket(bucket)
    return settings.model_copy(update={"store": store, "libraries": libraries})


@pytest.mark.minio
def test_versions_in_a_bucket_are_read_by_their_ids(
    bucketed: Settings, serve: Callable[[Settings], Served], photo: Path, blob: Blob
) -> None:
    """The store's version ids are the history ids, and links lead to the bucket itself."""
    shop, served = Shop(bucketed), serve(bucketed)
    first = shop.put(shop.library(), "a b+ü.jpg", photo)
    newer = shop.replace(first, blob(b"newer"))
    assert first.version is not None
    assert newer.version is not None
    old = {"access_token": shop.token(), "history_id": first.version.id}

    with httpx2.Client(base_url=f"{served.url}/api/v1") as api:
        name = "a%20b+%C3%BC.jpg"
        link = api.get(f"/file/smh1/-/{name}", params=old).headers["location"]
        assert httpx2.get(link).content == photo.read_bytes()
        part = httpx2.get(link, headers={"Range": "bytes=0-3"})
        assert (part.status_code, part.content) == (206, photo.read_bytes()[:4])
        newest = api.get(f"/file/smh1/-/{name}", params={"access_token": shop.token()})
        assert httpx2.get(newest.headers["location"]).content == b"newer"
        listed = api.get(f"/directory-history/smh1/-/history-list/{name}", params=old).json()
        assert [each["id"] for each in listed["contents"]] == [newer.version.id, first.version.id]


@pytest.mark.minio
def test_covers_in_a_bucket_are_private(
    bucketed: Settings, serve: Callable[[Settings], Served], story: CoverStory, photo: Path
) -> None:
    shop, served = Shop(bucketed), serve(bucketed)
    shop.put(shop.library(), "a.jpg", photo)
    cook = Cook(bucketed, shop, story)
    cook.start()
    given: dict[str, str | int] = {"access_token": shop.token(), "size": 40}

    answer = httpx2.get(f"{served.url}/api/v1/album/smh1/-/cover", params=given, timeout=20)
    cook.stop()

    link = answer.headers["location"]
    assert Image.open(io.BytesIO(httpx2.get(link).content)).size == (40, 40)
    assert httpx2.get(link.partition("?")[0]).status_code == 403
