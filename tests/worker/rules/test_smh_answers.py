import json
from datetime import UTC, datetime
from typing import Any

import pytest

from worker.errors import SourceError
from worker.rules.first_medium import Listed
from worker.rules.smh_answers import (
    FileFacts,
    facts_of_headers,
    link_of,
    listing_of,
    object_of,
    refused,
    token_of,
    vendor_code_of,
)

NOW = datetime(2026, 1, 7, tzinfo=UTC)
XML = b"<?xml version='1.0' ?><Error><Code>AccessDenied</Code><Message>no</Message></Error>"
BOMB = b"<!DOCTYPE x [<!ENTITY a 'AccessDenied'>]><Error><Code>&a;</Code></Error>"


def body(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        pytest.param(body(code="FileNotFound", message="x"), "FileNotFound", id="json"),
        pytest.param(XML, "AccessDenied", id="xml"),
        pytest.param(b"bad gateway", "", id="text"),
        pytest.param(b"", "", id="empty"),
        pytest.param(body(code=7), "", id="code-is-no-text"),
        pytest.param(body(code="a b<script>"), "", id="code-is-no-word"),
        pytest.param(body(code="A" * 65), "", id="code-is-too-long"),
        pytest.param(b"[]", "", id="no-object"),
        pytest.param(b"[" * 100_000, "", id="deep"),
        pytest.param(BOMB, "", id="entities-are-not-expanded"),
        pytest.param(b" " * 5000 + XML, "", id="only-a-prefix-is-searched"),
        pytest.param(b"\xff\xfe" + XML, "AccessDenied", id="not-utf-8"),
    ],
)
def test_the_vendors_word_is_found_in_either_form(answer: bytes, code: str) -> None:
    assert vendor_code_of(answer) == code


@pytest.mark.parametrize(
    ("status", "told", "expected"),
    [
        (400, "ParamInvalid", "source.rejected"),
        (400, "EmptyAccessToken", "source.forbidden"),
        (401, "", "source.forbidden"),
        (403, "InvalidAccessToken", "source.forbidden"),
        (403, "NoPermission", "source.forbidden"),
        (403, "AccessTokenNotMatchSpace", "source.forbidden"),
        (404, "LibraryNotFound", "source.not_found"),
        (404, "SpaceNotFound", "source.not_found"),
        (404, "DirectoryNotFound", "source.not_found"),
        (404, "FileNotFound", "source.not_found"),
        (404, "WrongLibraryIdOrSecret", "source.forbidden"),
        (404, "", "source.not_found"),
        (429, "RateLimitExceeded", "source.throttled"),
        (451, "SensitiveContentRecognized", "source.rejected"),
        (500, "InternalServerError", "source.server_error"),
        (503, "ServerOverloaded", "source.server_error"),
    ],
)
def test_a_refusal_means_its_status_then_its_word(status: int, told: str, expected: str) -> None:
    answer = body(code=told, message="secret canary") if told else b"secret canary"

    error = refused(status, answer, retry_after=None, now=NOW)

    assert (error.code, error.status, error.vendor_code) == (expected, status, told)
    assert str(status) in error.message
    assert told in error.message
    assert "canary" not in str(error)


def test_half_a_character_is_no_name_and_no_link() -> None:
    half = "\ud83d.jpg"

    page = listing_of(body(contents=[{"name": half, "type": "image"}], nextMarker=half))
    facts, link = link_of(body(cosUrl=f"https://h.example/{half}", versionId=half, eTag=half))

    assert not page.entries[0].is_eligible
    assert (page.next_marker, facts, link) == (None, FileFacts(), None)


def test_a_refusal_says_how_long_to_wait() -> None:
    assert refused(429, b"", retry_after="7", now=NOW).delay_s == 7


def test_a_listing_is_read_leniently() -> None:
    contents = [
        {"name": "a", "type": "image", "creationTime": "1970-01-01T00:00:01.5Z", "new": [1]},
        {"name": "b", "type": "video", "creationTime": "1970-01-01T08:00:00.000+08:00"},
        {"name": "c", "type": "image", "creationTime": "1970-01-01T00:00:02"},
        {"name": "d", "type": "image", "creationTime": "yesterday", "removedByQuota": True},
        {"name": 5, "type": None},
        "odd",
    ]

    page = listing_of(body(contents=contents, totalNum="250", nextMarker=1013, eTag="x"))

    assert page.entries == (
        Listed("a", "image", 1_500_000),
        Listed("b", "video", 0),
        Listed("c", "image", 2_000_000),
        Listed("d", "image", None, removed=True),
        Listed("", "", None),
        Listed("", "", None),
    )
    assert (page.total, page.next_marker) == (250, "1013")


@pytest.mark.parametrize(
    ("marker", "expected"),
    [(1013, "1013"), ("MTAx==", "MTAx=="), ("", None), (None, None), (True, None), (1.5, None)],
)
def test_a_marker_is_a_number_or_a_string_and_kept_as_it_is(
    marker: object, expected: str | None
) -> None:
    assert listing_of(body(contents=[], nextMarker=marker)).next_marker == expected


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"{}", id="no-contents"),
        pytest.param(body(contents=None), id="contents-null"),
        pytest.param(body(contents={}), id="contents-no-list"),
        pytest.param(body(contents=[], nextMarker="m" * 5000), id="endless-marker"),
        pytest.param(b"<html>", id="not-json"),
        pytest.param(b"7", id="no-object"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b'{"contents":[],"totalNum":' + b"9" * 5000 + b"}", id="endless-number"),
    ],
)
def test_a_listing_that_tells_nothing_is_an_error(answer: bytes) -> None:
    with pytest.raises(SourceError) as caught:
        listing_of(answer)

    assert caught.value.code == "source.rejected"


@pytest.mark.parametrize(
    ("told", "facts"),
    [
        pytest.param({}, FileFacts(), id="nothing"),
        pytest.param(
            {"size": "1048576", "eTag": '"abc-2"', "crc64": "18446744073709551615", "versionId": 7},
            FileFacts(1_048_576, "abc-2", "18446744073709551615", "7"),
            id="strings",
        ),
        pytest.param({"size": 12, "crc64": -1}, FileFacts(12, None, str(2**64 - 1)), id="numbers"),
        pytest.param(
            {"size": "-1", "crc64": "1.5", "eTag": '""', "versionId": ""}, FileFacts(), id="odd"
        ),
        pytest.param({"eTag": 'W/"abc"'}, FileFacts(), id="weak-etag"),
        pytest.param({"size": True, "crc64": [], "eTag": 5}, FileFacts(), id="other-types"),
    ],
)
def test_facts_of_a_file_may_be_strings_or_numbers(
    told: dict[str, object], facts: FileFacts
) -> None:
    assert link_of(json.dumps(told).encode()) == (facts, None)


@pytest.mark.parametrize(
    ("link", "expected"),
    [("https://a/b?q=1", "https://a/b?q=1"), ("", None), (5, None), ("h" * 9000, None)],
)
def test_a_link_is_taken_when_it_is_text(link: object, expected: str | None) -> None:
    assert link_of(body(cosUrl=link))[1] == expected


def test_a_download_tells_its_file_in_headers() -> None:
    headers = {"x-smh-size": "7", "x-smh-etag": '"e"', "x-smh-crc64": "-2"}

    assert facts_of_headers(headers) == FileFacts(7, "e", str(2**64 - 2))
    assert facts_of_headers({}) == FileFacts()


@pytest.mark.parametrize("name", ["expiresIn", "expiredIn"])
@pytest.mark.parametrize("life", [3600, "3600"])
def test_a_token_has_a_life(name: str, life: object) -> None:
    assert token_of(body(accessToken="acctk1", **{name: life})) == ("acctk1", 3600.0)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        body(),
        body(accessToken="", expiresIn=1),
        body(accessToken="a"),
        body(accessToken=5, expiresIn=9),
        body(accessToken="a", expiresIn=0),
        body(accessToken="a" * 5000, expiresIn=9),
        body(accessToken="a\ud800", expiresIn=9),
    ],
)
def test_an_answer_without_a_token_is_an_error(answer: bytes) -> None:
    with pytest.raises(SourceError) as caught:
        token_of(answer)

    assert caught.value.code == "source.rejected"


def test_an_object_is_an_object() -> None:
    assert object_of(b'{"a": 1}') == {"a": 1}
