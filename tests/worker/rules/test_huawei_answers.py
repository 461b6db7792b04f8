import json
from datetime import UTC, datetime
from typing import Any

import pytest

from worker.errors import ProviderError
from worker.rules.huawei_answers import (
    covered_of,
    error_of,
    storage_error_of,
    token_of,
    upload_place_of,
)
from worker.rules.vendor_answers import Reply

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def reply(status: int, told: Any = None, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, named, b"" if told is None else json.dumps(told).encode())


@pytest.mark.parametrize(
    ("status", "code", "ours", "unsure"),
    [
        (403, "VOD.10051", "provider.unavailable", True),
        (403, "VOD.10052", "provider.unavailable", True),
        (403, "VOD.10053", "provider.rejected", False),
        (403, "VOD.10054", "provider.auth", False),
        (400, "VOD.10062", "provider.not_found", False),
        (403, "VOD.10062", "provider.not_found", False),
        (400, "VOD.10061", "provider.rejected", False),
        (400, "VOD.10083", "provider.rejected", False),
        (400, "VOD.10111", "provider.auth", False),
        (400, "VST.10002", "provider.unavailable", True),
        (400, "VOD.99999", "provider.rejected", False),
        (401, "APIGW.0301", "provider.auth", False),
        (401, "APIG.0301", "provider.auth", False),
        (400, "APIGW.0303", "provider.auth", False),
        (404, "APIGW.0101", "provider.rejected", False),
        (429, "APIGW.0308", "provider.throttled", False),
        (400, "APIG.0308", "provider.throttled", False),
        (404, "", "provider.not_found", False),
        (401, "", "provider.auth", False),
        (502, "", "provider.unavailable", True),
        (200, "VOD.10062", "provider.unavailable", True),
        (302, "", "provider.unavailable", True),
    ],
)
def test_the_code_decides_before_the_status(
    status: int, code: str, ours: str, unsure: bool
) -> None:
    error = error_of(reply(status, {"error_code": code, "error_msg": "no"}), NOW, writes=True)
    assert (error.code, error.unsure) == (ours, unsure)


def test_the_error_names_the_request_by_the_header_or_the_body() -> None:
    told = {"error_code": "APIGW.0308", "error_msg": "slow down", "request_id": "body-id"}
    by_header = error_of(reply(429, told, x_request_id="head-id"), NOW, writes=True)
    by_body = error_of(reply(429, told, retry_after="3"), NOW, writes=True)

    assert by_header.message == (
        "Huawei VOD answered with status 429 APIGW.0308 (request head-id): slow down"
    )
    assert "(request body-id)" in by_body.message
    assert (by_header.delay_s, by_body.delay_s) == (None, 3)


def test_a_pause_is_told_only_where_waiting_helps() -> None:
    assert error_of(reply(400, {}, retry_after="3"), NOW, writes=True).delay_s is None
    assert error_of(reply(503, {}, retry_after="3"), NOW, writes=True).delay_s == 3


@pytest.mark.parametrize(
    ("covers", "url"),
    [
        ([{"cover_url": "https://c/1.jpg"}, {"cover_url": "https://c/2.jpg"}], "https://c/1.jpg"),
        ([{"cover_url": ""}], None),
        ([{}], None),
        (["x"], None),
        ([], None),
        (None, None),
        ("x", None),
    ],
)
def test_details_tell_the_first_cover(covers: object, url: str | None) -> None:
    told = {"asset_id": "a", "base_info": {"cover_info_array": covers}}
    assert covered_of(reply(200, told, x_request_id="R1"), NOW) == (url, "R1")


@pytest.mark.parametrize("told", [None, [], {}, {"base_info": None}, {"base_info": []}])
def test_details_without_base_info_are_junk(told: object) -> None:
    with pytest.raises(ProviderError) as caught:
        covered_of(reply(200, told), NOW)
    assert (caught.value.code, caught.value.unsure) == ("provider.unavailable", False)


@pytest.mark.parametrize("told", [None, {}, {"cover_upload_url": ""}, {"cover_upload_url": 7}])
def test_an_update_that_tells_no_place_to_upload_to_is_junk(told: object) -> None:
    with pytest.raises(ProviderError) as caught:
        upload_place_of(reply(200, told), NOW)
    assert (caught.value.code, caught.value.unsure) == ("provider.unavailable", False)


def test_a_place_to_upload_to_does_not_show_its_signature() -> None:
    place = upload_place_of(reply(200, {"cover_upload_url": "https://o/x?Signature=canary"}), NOW)
    assert place.url.endswith("canary")
    assert "canary" not in repr(place)


@pytest.mark.parametrize(
    ("status", "code", "unsure"),
    [
        (400, "provider.rejected", False),
        (403, "provider.rejected", False),
        (404, "provider.rejected", False),
        (429, "provider.throttled", False),
        (503, "provider.unavailable", True),
        (302, "provider.unavailable", True),
    ],
)
def test_storage_refuses_a_link_not_our_credentials(status: int, code: str, unsure: bool) -> None:
    error = storage_error_of(Reply(status, {}, b"<Error><Code>AccessDenied</Code></Error>"), NOW)
    assert (error.code, error.unsure) == (code, unsure)
    assert "AccessDenied" in error.message


def test_a_token_comes_in_a_header_and_its_end_in_the_body() -> None:
    told = {"token": {"expires_at": "2026-01-03T00:00:00.000000Z"}}
    assert token_of(reply(201, told, x_subject_token="T"), NOW) == (
        "T",
        "2026-01-03T00:00:00.000000Z",
    )
    assert token_of(reply(201, None, x_subject_token="T"), NOW) == ("T", None)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (201, "provider.unavailable"),
        (400, "provider.auth"),
        (401, "provider.auth"),
        (404, "provider.auth"),
        (429, "provider.throttled"),
        (500, "provider.unavailable"),
    ],
)
def test_no_token_is_our_credentials_fault_or_iams(status: int, code: str) -> None:
    with pytest.raises(ProviderError) as caught:
        token_of(reply(status, {"error": {"message": "canary"}}), NOW)
    assert caught.value.code == code
    assert "canary" not in caught.value.message
