import json
from datetime import UTC, datetime
from typing import Any

import pytest

from worker.errors import ProviderError
from worker.rules.smh_writes import (
    begun_of,
    beside,
    error_of,
    labelled_url,
    labels_of,
    labels_with,
    parts_of,
    storage_error_of,
)
from worker.rules.vendor_answers import Reply

NOW = datetime(2026, 11, 21, tzinfo=UTC)
BEGUN: dict[str, Any] = {
    "domain": "bucket-1250000000.cos.ap-beijing.myqcloud.com",
    "path": "/smh/a%20b?sign=canary",
    "headers": {"x-cos-security-token": "canary", "Authorization": "q-sign canary"},
    "confirmKey": "key",
    "expiration": "2099-01-01T00:00:00.000Z",
}


def reply(told: Any, status: int = 201) -> Reply:
    return Reply(status, {}, json.dumps(told).encode())


def test_an_upload_that_has_begun_is_read_and_hides_its_signature() -> None:
    begun = begun_of(reply(BEGUN), NOW)

    assert (begun.domain, begun.path, begun.confirm_key) == (
        BEGUN["domain"],
        BEGUN["path"],
        "key",
    )
    assert dict(begun.headers) == BEGUN["headers"]
    assert "canary" not in repr(begun)


@pytest.mark.parametrize(
    "change",
    [
        {"domain": "user@evil.example"},
        {"domain": "evil.example/a"},
        {"domain": ""},
        {"domain": None},
        {"path": "no-slash"},
        {"path": "/a b"},
        {"path": "/a\r\nX: 1"},
        {"headers": None},
        {"headers": ["a"]},
        {"headers": {"X": "a\r\nB: c"}},
        {"headers": {"a b": "c"}},
        {"headers": {"X": "ü"}},
        {"confirmKey": ""},
        {"confirmKey": "a b"},
    ],
    ids=str,
)
def test_what_cannot_be_sent_is_no_upload(change: dict[str, Any]) -> None:
    with pytest.raises(ProviderError) as caught:
        begun_of(reply({**BEGUN, **change}), NOW)

    assert (caught.value.code, caught.value.unsure) == ("provider.unavailable", False)


@pytest.mark.parametrize(
    ("told", "labels"),
    [
        ({"labels": ["a", "b"]}, ["a", "b"]),
        ({"labels": ["a", 1, None]}, ["a"]),
        ({"labels": None}, []),
        ({}, []),
    ],
    ids=str,
)
def test_labels_are_read_leniently(told: Any, labels: list[str]) -> None:
    assert labels_of(reply(told, 200), NOW) == labels


@pytest.mark.parametrize("told", [[], "x", {"labels": "a"}, {"labels": {"a": 1}}], ids=str)
def test_labels_that_are_none_are_an_error(told: Any) -> None:
    with pytest.raises(ProviderError):
        labels_of(reply(told, 200), NOW)


def test_only_the_label_of_a_cover_is_replaced() -> None:
    labels = labels_with(["ours", "cover:http://old", "cover", "cover:http://older"], "http://new")

    assert labels == ["ours", "cover", "cover:http://new"]
    assert labelled_url(labels) == "http://new"
    assert labelled_url(["ours", "cover"]) is None


@pytest.mark.parametrize("path", ["", "/", "..", "a/../b", "./a"])
def test_a_path_that_names_no_file_is_refused(path: str) -> None:
    with pytest.raises(ProviderError):
        parts_of(path)


def test_a_cover_is_kept_beside_its_file() -> None:
    assert beside(parts_of("/trip//clip.mp4")) == ("trip", "clip.mp4.cover.jpg")


@pytest.mark.parametrize(
    ("status", "word", "writes", "code", "unsure"),
    [
        (403, "InvalidAccessToken", True, "provider.auth", False),
        (404, "WrongLibraryIdOrSecret", True, "provider.auth", False),
        (404, "ConfirmKeyNotFound", True, "provider.unavailable", True),
        (404, "FileNotFound", True, "provider.not_found", False),
        (409, "SameNameDirectoryOrFileExists", True, "provider.rejected", False),
        (500, "InternalServerError", True, "provider.unavailable", True),
        (500, "InternalServerError", False, "provider.unavailable", False),
        (204, "", True, "provider.unavailable", True),
        (429, "", True, "provider.throttled", False),
    ],
)
def test_an_error_is_told_by_its_word_and_its_status(
    status: int, word: str, writes: bool, code: str, unsure: bool
) -> None:
    error = error_of(reply({"code": word, "message": "canary"}, status), NOW, writes=writes)

    assert (error.code, error.unsure) == (code, unsure)
    assert "canary" not in str(error)


@pytest.mark.parametrize("status", [401, 403, 500, 503, 302])
def test_storage_that_does_not_take_an_upload_is_asked_anew(status: int) -> None:
    told = Reply(status, {}, b"<Error><Code>AccessDenied</Code></Error>")

    error = storage_error_of(told, NOW)

    assert (error.code, error.unsure) == ("provider.unavailable", False)
    assert "AccessDenied" in error.message
