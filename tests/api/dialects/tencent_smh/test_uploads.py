"""Uploads begun, renewed, asked about and aborted, and every way they are refused."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
import redis

from tests.api.conftest import MAX_UPLOAD_BYTES
from tests.api.dialects.tencent_smh.answers import code_of
from tests.api.dialects.tencent_smh.clerk import Clerk
from tests.api.dialects.tencent_smh.shop import Shop
from tests.api.dialects.tencent_smh.uploader import DIRECTIONS, Uploader
from worker.contracts.libraries import Place
from worker.settings import Settings
from worker.state.transfers import MAX_OPEN

PLACE = "smh1/-"
LONG = "x" * 256


@pytest.fixture
def token(shop: Shop) -> str:
    """Opens a file library for all that is done inside a space."""
    shop.library(kind="file")
    return shop.token("smh1", "space_admin", user_id="ann")


def test_directions_are_what_both_clients_of_the_vendor_read(
    uploader: Uploader, token: str, api: httpx2.Client
) -> None:
    simple = uploader.begin(f"{PLACE}/a.txt", token)
    parted = uploader.begin(f"{PLACE}/b.txt", token, multipart="")

    assert set(simple) == DIRECTIONS
    assert set(parted) == DIRECTIONS | {"uploadId"}
    for told in (simple, parted):
        assert told["domain"] == api.base_url.netloc.decode()
        assert told["path"].startswith("/api/v1/storage/")
        assert "?" not in told["path"]
        assert list(told["headers"]) == ["Authorization"]
        assert told["confirmKey"].replace("_", "").isalnum()
        left = datetime.fromisoformat(told["expiration"]) - datetime.now(UTC)
        assert timedelta(hours=23, minutes=59) < left <= timedelta(hours=24)
        assert told["expiration"].endswith("Z")


@pytest.mark.parametrize(
    ("facts", "path", "queries", "code"),
    [
        pytest.param({"kind": "file"}, "", {}, (400, "EmptyFileName"), id="no-name"),
        pytest.param({"kind": "file"}, f"{LONG}", {}, (400, "FileNameLengthExceed"), id="long"),
        pytest.param(
            {"kind": "file"}, f"{LONG}/a", {}, (400, "DirectoryNameLengthExceed"), id="long-above"
        ),
        pytest.param({"kind": "file"}, "a/%2e%2E/b", {}, (400, "ParamInvalid"), id="dots"),
        pytest.param({"kind": "file"}, "a%2F..%2Fb", {}, (400, "ParamInvalid"), id="escaped-dots"),
        pytest.param({"kind": "file"}, "a%00b", {}, (400, "ParamInvalid"), id="nul"),
        pytest.param({"kind": "file"}, "no/a", {}, (404, "DirectoryNotFound"), id="no-parent"),
        pytest.param({}, "a.txt", {}, (400, "ExtnameNotAllowed"), id="text-in-media"),
        pytest.param({}, "jpg", {}, (400, "ExtnameNotAllowed"), id="no-extension-in-media"),
        pytest.param({}, "album/a.jpg", {}, (404, "DirectoryNotFound"), id="album-of-none"),
        pytest.param(
            {"multi_album": True},
            "a.jpg",
            {},
            (400, "UploadToRootDirectoryNotAllowed"),
            id="beside-albums",
        ),
        pytest.param(
            {"kind": "file"},
            "a",
            {"filesize": MAX_UPLOAD_BYTES + 1},
            (400, "QuotaLimitReached"),
            id="too-large",
        ),
        *(
            pytest.param(
                {"kind": "file"}, "a", {"filesize": size}, (400, "ParamInvalid"), id=f"size-{size}"
            )
            for size in ("-1", "1.5", "", "x")
        ),
        pytest.param(
            {"kind": "file"},
            "a",
            {"conflict_resolution_strategy": "never"},
            (400, "InvalidConflictResolutionStrategy"),
            id="strategy",
        ),
    ],
)
@pytest.mark.parametrize("multipart", [False, True], ids=["simple", "multipart"])
def test_what_could_never_be_confirmed_is_refused_before_a_byte_comes(  # one row of one table
    api: httpx2.Client,
    shop: Shop,
    facts: dict[str, Any],
    path: str,
    queries: dict[str, Any],
    code: tuple[int, str],
    *,
    multipart: bool,
) -> None:
    shop.library(**facts)
    told = {"access_token": shop.token("smh1", "admin"), **queries}
    told |= {"multipart": "1"} if multipart else {}

    answer = api.request("POST" if multipart else "PUT", f"/file/{PLACE}/{path}", params=told)

    assert code_of(answer) == code


@pytest.mark.parametrize(
    ("grant", "strategy", "status"),
    [
        pytest.param("", "rename", 403, id="reading-only"),
        pytest.param("delete_file", "rename", 403, id="another-grant"),
        pytest.param("upload_file", "rename", 201, id="upload"),
        pytest.param("begin_upload", "rename", 201, id="begin"),
        pytest.param("upload_file", "overwrite", 403, id="upload-never-overwrites"),
        pytest.param("upload_file_force", "overwrite", 201, id="force"),
        pytest.param("space_admin", "overwrite", 201, id="space-admin"),
        pytest.param("admin", "overwrite", 201, id="admin"),
    ],
)
def test_beginning_needs_a_grant_even_where_reading_is_public(
    api: httpx2.Client, shop: Shop, *, grant: str, strategy: str, status: int
) -> None:
    shop.library(kind="file", public_read=True)
    token = shop.token("smh1", *filter(None, [grant]))
    queries = {"access_token": token, "conflict_resolution_strategy": strategy}

    answer = api.put(f"/file/{PLACE}/a.txt", params=queries)

    assert answer.status_code == status
    assert status == 201 or code_of(answer) == (403, "NoPermission")
    assert code_of(api.put(f"/file/{PLACE}/a.txt")) == (400, "EmptyAccessToken")


def test_a_taken_name_is_told_at_once_where_the_client_asked_to_be_asked(
    api: httpx2.Client, shop: Shop, token: str
) -> None:
    shop.directory(Place("smh1", "-"), "taken")
    for queries, code in (
        ({"conflict_resolution_strategy": "ask"}, 409),
        ({"conflict_resolution_strategy": "overwrite"}, 409),
        ({"force": "1"}, 409),
        ({"force": "0"}, 201),
        ({}, 201),
    ):
        told = {"access_token": token, **queries}
        assert api.put(f"/file/{PLACE}/taken", params=told).status_code == code


@pytest.mark.parametrize(
    ("headers", "meta"),
    [
        pytest.param({"x-smh-meta-foo": "bar"}, {"x-smh-meta-foo": "bar"}, id="as-given"),
        pytest.param({"X-Smh-Meta-Foo": "a%20b"}, {"x-smh-meta-foo": "a b"}, id="escaped"),
        pytest.param({"x-smh-meta-foo": "你好".encode()}, {"x-smh-meta-foo": "你好"}, id="utf-8"),
    ],
)
def test_custom_metadata_is_kept_with_the_version(
    api: httpx2.Client,
    uploader: Uploader,
    token: str,
    clerk: Clerk,
    headers: dict[str, Any],
    meta: dict[str, str],
) -> None:
    clerk.start()
    begun = api.put(f"/file/{PLACE}/a.txt", params={"access_token": token}, headers=headers)
    uploader.send(begun.json(), b"text")

    told = uploader.confirm(PLACE, begun.json(), token).json()

    assert told["metaData"] == meta


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"x-smh-meta-a": "x" * 1100}, id="long-value"),
        pytest.param({f"x-smh-meta-{n}": "x" * 40 for n in range(40)}, id="many"),
        pytest.param({"x-smh-meta-a!": "x"}, id="odd-name"),
        pytest.param({"x-smh-meta-": "x"}, id="no-name"),
    ],
)
def test_too_much_metadata_is_refused(
    api: httpx2.Client, token: str, headers: dict[str, str]
) -> None:
    answer = api.put(f"/file/{PLACE}/a", params={"access_token": token}, headers=headers)

    assert code_of(answer) == (400, "ParamInvalid")


def test_renewing_gives_the_same_way_in_again(
    api: httpx2.Client, uploader: Uploader, token: str
) -> None:
    begun = uploader.begin(f"{PLACE}/a.txt", token, multipart="1")

    answer = api.post(
        f"/file/{PLACE}/{begun['confirmKey']}", params={"renew": "", "access_token": token}
    )

    assert (answer.status_code, answer.json()) == (200, begun)


def test_the_status_tells_the_parts_that_have_come(
    api: httpx2.Client, uploader: Uploader, token: str, clerk: Clerk
) -> None:
    clerk.start()
    begun = uploader.begin(f"{PLACE}/a.txt", token, multipart="1")
    etag = uploader.send(begun, b"12345", part=2).headers["etag"]
    url = f"/file/{PLACE}/{begun['confirmKey']}"
    queries = {"upload": "1", "access_token": token}

    answer = api.get(url, params=queries)

    told = answer.json()
    assert (answer.status_code, told["confirmed"], told["path"]) == (200, False, ["a.txt"])
    assert (told["type"], told["force"]) == ("file", False)
    ((part,),) = [told["parts"]]
    assert part.pop("LastModified").endswith("Z")
    assert part == {"PartNumber": 2, "ETag": etag, "Size": 5}
    assert told["uploadPartInfo"] == {k: v for k, v in begun.items() if k != "confirmKey"}
    uploader.send(begun, b"1", part=1)
    assert uploader.confirm(PLACE, begun, token).status_code == 200
    assert api.get(url, params=queries).json()["confirmed"] is True


def test_a_library_has_only_so_many_uploads_that_are_not_confirmed(
    api: httpx2.Client, uploader: Uploader, token: str, settings: Settings
) -> None:
    begun = uploader.begin(f"{PLACE}/a", token)
    later_ms = time.time() * 1000 + 60_000
    with redis.Redis.from_url(settings.redis.url.get_secret_value()) as client:
        client.zadd("ff:transfers:smh1", {f"other_{n}": later_ms for n in range(MAX_OPEN - 1)})
    queries = {"access_token": token}

    answer = api.put(f"/file/{PLACE}/b", params=queries)

    assert code_of(answer) == (400, "QuotaLimitReached")
    api.delete(f"/file/{PLACE}/{begun['confirmKey']}", params={"upload": "", **queries})
    assert api.put(f"/file/{PLACE}/b", params=queries).status_code == 201


def test_an_aborted_upload_is_gone_with_its_bytes(
    api: httpx2.Client, shop: Shop, uploader: Uploader, token: str
) -> None:
    begun = uploader.begin(f"{PLACE}/a.txt", token, multipart="1")
    uploader.send(begun, b"1", part=1)
    url, folder = f"/file/{PLACE}/{begun['confirmKey']}", shop.settings.store.folder
    kept = [path for path in (folder / "uploads").rglob("upl_*") if path.is_file()]

    answer = api.delete(url, params={"upload": "1", "access_token": token})

    assert (answer.status_code, answer.json()) == (200, {})
    assert len(kept) == 1
    assert not kept[0].exists()
    late = uploader.send(begun, b"2", part=2)
    assert (late.status_code, "<Code>NoSuchUpload</Code>" in late.text) == (404, True)
    assert code_of(uploader.confirm(PLACE, begun, token)) == (404, "ConfirmKeyNotFound")
    for method, flag in (("POST", "renew"), ("GET", "upload"), ("DELETE", "upload")):
        again = api.request(method, url, params={flag: "1", "access_token": token})
        assert code_of(again) == (404, "UploadNotFound")


def test_a_confirmed_upload_cannot_be_aborted(
    api: httpx2.Client, uploader: Uploader, token: str, clerk: Clerk
) -> None:
    clerk.start()
    begun = uploader.begin(f"{PLACE}/a.txt", token)
    uploader.send(begun, b"1")
    uploader.confirm(PLACE, begun, token)

    answer = api.delete(
        f"/file/{PLACE}/{begun['confirmKey']}", params={"upload": "1", "access_token": token}
    )

    assert code_of(answer) == (409, "UploadComplete")


def test_an_upload_is_its_users_and_its_spaces(
    api: httpx2.Client, shop: Shop, uploader: Uploader, token: str
) -> None:
    shop.library("smh2", kind="file")
    key = uploader.begin(f"{PLACE}/a.txt", token)["confirmKey"]
    others = shop.token("smh1", "upload_file", user_id="bob")
    elsewhere = shop.token("smh2", "admin")
    admins = shop.token("smh1", "admin", user_id="root")

    def renew(place: str, told: str) -> httpx2.Response:
        return api.post(f"/file/{place}/{key}", params={"renew": "1", "access_token": told})

    assert code_of(renew(PLACE, others)) == (403, "UploadNotBelongYou")
    assert code_of(renew("smh2/-", elsewhere)) == (404, "UploadNotFound")
    assert renew(PLACE, admins).status_code == 200
