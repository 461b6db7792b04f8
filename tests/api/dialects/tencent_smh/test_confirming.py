"""Confirming uploads: checked by a worker, waited for, repeated, and every way it fails."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from tests.api.conftest import Served
from tests.api.dialects.tencent_smh.answers import code_of
from tests.api.dialects.tencent_smh.clerk import Clerk
from tests.api.dialects.tencent_smh.shop import Shop
from tests.api.dialects.tencent_smh.uploader import Uploader, crc64
from worker.contracts.libraries import Place
from worker.settings import Settings

PLACE = "smh1/-"
DATA = b"the bytes of a file"


@pytest.fixture
def token(shop: Shop) -> str:
    """Opens a file library for all that is done inside a space."""
    shop.library(kind="file")
    return shop.token("smh1", "space_admin", user_id="ann")


def test_the_answer_is_the_file_as_it_is_seen_from_then_on(
    uploader: Uploader, token: str, clerk: Clerk, shop: Shop, api: httpx2.Client
) -> None:
    clerk.start()
    shop.directory(Place("smh1", "-"), "a b")

    told = uploader.put(PLACE, "a%20b/c.txt", token, DATA)

    assert (told["path"], told["name"], told["type"]) == (["a b", "c.txt"], "c.txt", "file")
    assert (told["size"], told["crc64"]) == (str(len(DATA)), crc64(DATA))
    assert (told["contentType"], told["isOverwritten"]) == ("text/plain; charset=utf-8", False)
    assert "metaData" not in told
    info = api.get(f"/file/{PLACE}/a b/c.txt", params={"info": "", "access_token": token}).json()
    same = ("creationTime", "modificationTime", "eTag", "crc64", "versionId", "size", "type")
    assert {name: info[name] for name in same} == {name: told[name] for name in same}
    history = api.get(
        f"/directory-history/{PLACE}/history-list/a b/c.txt", params={"access_token": token}
    ).json()
    assert [each["createdBy"] for each in history["contents"]] == ["ann"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(None, id="nothing"),
        pytest.param({}, id="empty"),
        pytest.param({"crc64": ""}, id="empty-text"),
        pytest.param({"crc64": crc64(DATA)}, id="text"),
        pytest.param({"crc64": int(crc64(DATA))}, id="number"),
        pytest.param({"crc64": str(int(crc64(DATA)) - 2**64)}, id="signed"),
    ],
)
def test_the_checksum_may_be_told_or_not(
    uploader: Uploader, token: str, clerk: Clerk, body: dict[str, Any] | None
) -> None:
    clerk.start()
    begun = uploader.begin(f"{PLACE}/a", token)
    uploader.send(begun, DATA)

    assert uploader.confirm(PLACE, begun, token, body=body).status_code == 200


def test_another_checksum_is_refused_before_anything_is_seen_and_the_right_one_mends_it(
    uploader: Uploader, token: str, clerk: Clerk, api: httpx2.Client
) -> None:
    clerk.start()
    begun = uploader.begin(f"{PLACE}/a", token)
    uploader.send(begun, DATA)

    wrong = uploader.confirm(PLACE, begun, token, body={"crc64": "1"})
    seen = api.head(f"/file/{PLACE}/a", params={"access_token": token})
    right = uploader.confirm(PLACE, begun, token, body={"crc64": crc64(DATA)})
    late = uploader.confirm(PLACE, begun, token, body={"crc64": "1"})

    assert code_of(wrong) == (400, "BadCrc64")
    assert seen.status_code == 404
    assert right.status_code == 200
    assert code_of(late) == (400, "BadCrc64")


@pytest.mark.parametrize("told", ["x", "1.5", "1" * 21, True, ["1"], {}])
def test_a_checksum_of_another_form_is_refused(
    uploader: Uploader, token: str, told: object
) -> None:
    begun = uploader.begin(f"{PLACE}/a", token)
    uploader.send(begun, DATA)

    answer = uploader.confirm(PLACE, begun, token, body={"crc64": told})

    assert code_of(answer) == (400, "ParamInvalid")


@pytest.mark.parametrize(
    ("multipart", "numbers", "code"),
    [
        pytest.param(False, [], "UploadIncomplete", id="nothing"),
        pytest.param(True, [], "MultipartUploadIncomplete", id="no-part"),
        pytest.param(True, [2], "MultipartUploadIncomplete", id="not-from-1"),
        pytest.param(True, [1, 3], "MultipartUploadIncomplete", id="a-gap"),
    ],
)
def test_missing_bytes_are_told(
    uploader: Uploader, token: str, *, multipart: bool, numbers: list[int], code: str
) -> None:
    begun = uploader.begin(f"{PLACE}/a", token, **({"multipart": "1"} if multipart else {}))
    for number in numbers:
        assert uploader.send(begun, b"1", part=number).status_code == 200

    assert code_of(uploader.confirm(PLACE, begun, token)) == (400, code)


@pytest.mark.parametrize("key", ["unknown", "trn_00000000000000000000000000", "a/b", "%2F"])
def test_an_unknown_key_is_told(api: httpx2.Client, token: str, key: str) -> None:
    queries = {"confirm": "", "access_token": token}

    answer = api.post(f"/file/{PLACE}/{key}", params=queries)

    assert code_of(answer) == (404, "ConfirmKeyNotFound")


@pytest.mark.parametrize(
    ("grant", "status"),
    [("", 403), ("begin_upload", 403), ("upload_file", 200), ("confirm_upload", 200)],
)
def test_confirming_needs_its_grant(
    uploader: Uploader, shop: Shop, token: str, clerk: Clerk, *, grant: str, status: int
) -> None:
    clerk.start()
    begun = uploader.begin(f"{PLACE}/a", token)
    uploader.send(begun, DATA)
    weaker = shop.token("smh1", *filter(None, [grant]))

    assert uploader.confirm(PLACE, begun, weaker).status_code == status


def test_confirming_again_says_the_same_and_makes_no_second_version(
    uploader: Uploader, token: str, clerk: Clerk, shop: Shop
) -> None:
    clerk.start()
    begun = uploader.begin(f"{PLACE}/a", token)
    uploader.send(begun, DATA)

    first = uploader.confirm(PLACE, begun, token)
    uploader.put(PLACE, "a", token, b"newer", conflict_resolution_strategy="overwrite")
    again = uploader.confirm(PLACE, begun, token)

    assert first.status_code == again.status_code == 200
    assert again.json() == first.json()
    entry = shop.state.entries.resolve(Place("smh1", "-"), ["a"])
    assert entry is not None
    assert len(shop.bytes.versions(entry.place, entry.id)) == 2
    shop.state.entries.remove(entry.place, entry.id)
    assert code_of(uploader.confirm(PLACE, begun, token)) == (404, "FileNotFound")


@pytest.mark.parametrize(
    ("at_start", "at_confirm", "path", "overwritten"),
    [
        pytest.param(None, None, "a (1).txt", False, id="rename-is-the-default"),
        pytest.param("rename", None, "a (1).txt", False, id="rename"),
        pytest.param("overwrite", None, "a.txt", True, id="overwrite"),
        pytest.param("rename", "overwrite", "a.txt", True, id="changed-at-the-end"),
    ],
)
def test_a_taken_name_is_dealt_with_as_the_client_said(
    uploader: Uploader,
    token: str,
    clerk: Clerk,
    *,
    at_start: str | None,
    at_confirm: str | None,
    path: str,
    overwritten: bool,
) -> None:
    clerk.start()
    uploader.put(PLACE, "a.txt", token, b"older")
    strategy = "conflict_resolution_strategy"
    begun = uploader.begin(f"{PLACE}/a.txt", token, **({strategy: at_start} if at_start else {}))
    uploader.send(begun, DATA)

    answer = uploader.confirm(
        PLACE, begun, token, queries={strategy: at_confirm} if at_confirm else {}
    )

    told = answer.json()
    assert told["path"] == [path]
    assert told["isOverwritten"] is overwritten


def test_a_name_that_was_taken_meanwhile_is_told_where_the_client_asked(
    uploader: Uploader, token: str, clerk: Clerk
) -> None:
    clerk.start()
    begun = uploader.begin(f"{PLACE}/a", token, conflict_resolution_strategy="ask")
    uploader.send(begun, DATA)
    uploader.put(PLACE, "a", token, b"first")

    answer = uploader.confirm(PLACE, begun, token)

    assert code_of(answer) == (409, "SameNameDirectoryOrFileExists")


def test_a_directory_that_went_meanwhile_is_told(
    uploader: Uploader, token: str, clerk: Clerk, shop: Shop
) -> None:
    clerk.start()
    place = Place("smh1", "-")
    directory = shop.directory(place, "d")
    begun = uploader.begin(f"{PLACE}/d/a", token)
    uploader.send(begun, DATA)
    shop.state.entries.remove(place, directory)

    assert code_of(uploader.confirm(PLACE, begun, token)) == (404, "DirectoryNotFound")


def test_while_the_check_goes_on_the_client_is_asked_to_come_again(
    serve: Callable[[Settings], Served], settings: Settings, shop: Shop, token: str, clerk: Clerk
) -> None:
    libraries = settings.libraries.model_copy(update={"confirm_wait_s": 0.3})
    served = serve(settings.model_copy(update={"libraries": libraries}))
    with httpx2.Client(base_url=f"{served.url}/api/v1", timeout=20) as api:
        uploader = Uploader(api, served.url)
        begun = uploader.begin(f"{PLACE}/a", token)
        uploader.send(begun, DATA)
        began_s = time.monotonic()

        answers = [uploader.confirm(PLACE, begun, token) for _ in range(2)]

        assert [code_of(answer) for answer in answers] == [(503, "ServerOverloaded")] * 2
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers)
        assert 0.5 < time.monotonic() - began_s < 5
        assert len(clerk.jobs()) == 1
        clerk.start()
        assert uploader.confirm(PLACE, begun, token).status_code == 200
        assert len(clerk.jobs()) == 1


def test_a_check_that_was_cancelled_can_be_begun_again(
    uploader: Uploader, token: str, clerk: Clerk, shop: Shop
) -> None:
    begun = uploader.begin(f"{PLACE}/a", token)
    uploader.send(begun, DATA)
    with ThreadPoolExecutor(1) as pool:
        confirming = pool.submit(uploader.confirm, PLACE, begun, token)
        while not clerk.jobs():
            time.sleep(0.01)
        shop.state.jobs.cancel("default", clerk.jobs()[0].id)
        assert code_of(confirming.result()) == (503, "ServerOverloaded")

    clerk.start()
    assert uploader.confirm(PLACE, begun, token).status_code == 200


@pytest.mark.parametrize(
    ("grant", "user_id", "acts_as"),
    [
        pytest.param("admin", None, "guest", id="admin-without-a-user"),
        pytest.param("admin", "ann", "ann", id="admin-with-a-user"),
        pytest.param("upload_file", None, "", id="no-admin"),
        pytest.param("upload_file", "ann", "ann", id="no-admin-with-a-user"),
    ],
)
def test_a_user_can_be_named_with_an_admins_token_that_has_none(
    shop: Shop, uploader: Uploader, clerk: Clerk, grant: str, user_id: str | None, acts_as: str
) -> None:
    place = shop.library(kind="file")
    token = shop.token("smh1", grant, user_id=user_id)
    clerk.start()

    uploader.put("smh1/-", "a.txt", token, b"text", user_id="guest")

    entry = shop.state.entries.resolve(place, ["a.txt"])
    assert entry is not None
    assert entry.version is not None
    assert (entry.version.created_by or "") == acts_as
