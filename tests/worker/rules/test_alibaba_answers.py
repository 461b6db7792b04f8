import json
from datetime import UTC, datetime
from typing import Any

import pytest

from worker.errors import ProviderError
from worker.rules.alibaba_answers import (
    answer_of,
    image_of,
    images_of,
    media_cover_of,
    video_cover_of,
)
from worker.rules.vendor_answers import Reply

NOW = datetime(2026, 1, 2, tzinfo=UTC)
RID = {"RequestId": "0DC39B9E-13D4-40BA-AE76-CFF9BD64239D"}


def failure(reply: Reply, *, writes: bool = True) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        answer_of(reply, "Alibaba MPS", NOW, writes=writes)
    return caught.value


def refused(status: int, code: str, **headers: str) -> Reply:
    told = {**RID, "HostId": "mts", "Code": code, "Message": "no", "Recommend": "x"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, named, json.dumps(told).encode())


@pytest.mark.parametrize(
    ("status", "code", "ours", "unsure"),
    [
        (400, "Throttling", "provider.throttled", False),
        (400, "Throttling.User", "provider.throttled", False),
        (302, "Throttling.Api", "provider.throttled", False),
        (503, "Throttling.User", "provider.throttled", False),
        (404, "InvalidAccessKeyId.NotFound", "provider.auth", False),
        (400, "InvalidAccessKeyId.Inactive", "provider.auth", False),
        (400, "SignatureDoesNotMatch", "provider.auth", False),
        (400, "IncompleteSignature", "provider.auth", False),
        (400, "InvalidTimeStamp.Expired", "provider.auth", False),
        (400, "InvalidSecurityToken.Expired", "provider.auth", False),
        (400, "MissingSecurityToken", "provider.auth", False),
        (400, "PermissionDenied.ResourceAccess", "provider.auth", False),
        (403, "Forbidden", "provider.auth", False),
        (403, "OperationDenied", "provider.auth", False),
        (400, "SignatureNonceUsed", "provider.unavailable", True),
        (404, "InvalidParameter.ResourceNotFound", "provider.not_found", False),
        (400, "InvalidParameter.ResourceNotFound", "provider.not_found", False),
        (400, "InvalidParameter.ResourceDeleted", "provider.not_found", False),
        (404, "InvalidVideo.NotFound", "provider.not_found", False),
        (404, "NoSuchResource", "provider.not_found", False),
        (404, "InvalidAction.NotFound", "provider.rejected", False),
        (404, "InvalidApi.NotFound", "provider.rejected", False),
        (400, "InvalidParameter.Format", "provider.rejected", False),
        (400, "MissingMediaId", "provider.rejected", False),
        (500, "InternalError", "provider.unavailable", True),
        (400, "InternalError", "provider.unavailable", True),
        (503, "ServiceUnavailable", "provider.unavailable", True),
        (200, "Throttling", "provider.unavailable", True),
    ],
)
def test_the_code_decides_before_the_status(
    status: int, code: str, ours: str, unsure: bool
) -> None:
    body = refused(status, code)
    if status == 200:
        body = Reply(200, {}, json.dumps({"Code": code}).encode())
    error = failure(body)
    assert (error.code, error.unsure) == (ours, unsure)


@pytest.mark.parametrize("status", [200, 204, 302, 500])
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"RequestId": 7}', b'{"Requ'])
def test_what_is_no_answer_leaves_a_write_unsure_and_a_read_not(status: int, body: bytes) -> None:
    reply = Reply(status, {}, body)
    assert failure(reply).unsure
    assert not failure(reply, writes=False).unsure


def test_an_error_in_xml_is_understood() -> None:
    body = b"<?xml version='1.0'?><Error><Code>Throttling.User</Code><Message>x</Message></Error>"
    assert failure(Reply(400, {}, body)).code == "provider.throttled"


@pytest.mark.parametrize(
    ("headers", "delay_s"),
    [
        ({"x_acs_retry_after": "250"}, 0.25),
        ({"retry_after": "4"}, 4),
        ({"x_acs_retry_after": "250", "retry_after": "4"}, 0.25),
        ({"x_acs_retry_after": "soon", "retry_after": "4"}, 4),
        ({}, None),
    ],
)
def test_a_throttled_call_waits_as_long_as_told(
    headers: dict[str, str], delay_s: float | None
) -> None:
    assert failure(refused(400, "Throttling.User", **headers)).delay_s == delay_s


def test_the_error_names_code_and_request() -> None:
    assert failure(refused(400, "MissingMediaId")).message == (
        f"Alibaba MPS answered with status 400 MissingMediaId (request {RID['RequestId']}): no"
    )


@pytest.mark.parametrize(("url", "shown"), [("http://c/1.jpg", "http://c/1.jpg"), ("", None)])
def test_the_cover_of_a_medium_is_that_of_its_row(url: str, shown: str | None) -> None:
    rows = [{"MediaId": "b", "CoverURL": "http://c/2.jpg"}, {"MediaId": "a", "CoverURL": url}]
    answer = {**RID, "MediaList": {"Media": rows}}
    assert media_cover_of(answer, "a") == (shown, RID["RequestId"])


@pytest.mark.parametrize(
    "answer", [{}, {"MediaList": {"Media": []}}, {"MediaList": []}, {"MediaList": {"Media": [7]}}]
)
def test_a_medium_that_is_not_listed_is_not_there(answer: dict[str, Any]) -> None:
    with pytest.raises(ProviderError) as caught:
        media_cover_of(answer, "a")
    assert caught.value.code == "provider.not_found"


def test_the_cover_of_a_video_is_told_or_none() -> None:
    assert (
        video_cover_of({**RID, "Video": {"CoverURL": "https://c/1.jpg"}}).url == "https://c/1.jpg"
    )
    assert video_cover_of({**RID, "Video": {}}).url is None
    assert video_cover_of({**RID}).url is None


FILE = {"Width": 200, "Height": "100", "FileSize": "8932"}
IMAGE = {"ImageId": "i1", "Status": "Normal", "URL": "https://c/x.png?auth_key=canary"}


def test_an_image_tells_where_its_bytes_are_and_what_they_are() -> None:
    found = image_of({**RID, "ImageInfo": {**IMAGE, "Mezzanine": FILE}})

    assert found == ("i1", "Normal", "https://c/x.png?auth_key=canary", 8932, 200, 100)
    assert "canary" not in repr(found)


def test_what_an_image_does_not_tell_is_none() -> None:
    found = image_of({"ImageInfo": {**IMAGE, "Mezzanine": {"FileSize": "big", "Width": None}}})
    assert found[3:] == (None, None, None)


def test_an_answer_without_an_image_is_junk() -> None:
    with pytest.raises(ProviderError) as caught:
        image_of({**RID, "ImageInfo": {}})
    assert caught.value.code == "provider.unavailable"


def test_several_images_come_by_their_ids() -> None:
    rows = [IMAGE, {**IMAGE, "ImageId": "i2"}, {}, 7]
    assert list(images_of({**RID, "ImageInfo": rows})) == ["i1", "i2"]
    assert images_of({**RID}) == {}
