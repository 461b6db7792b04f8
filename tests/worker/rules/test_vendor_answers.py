from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from worker.rules.vendor_answers import (
    Reply,
    Told,
    code_of_status,
    delay_of_ms,
    failure,
    object_of,
    offset_of,
    told_of,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def reply(status: int = 400, body: bytes = b"") -> Reply:
    return Reply(status, {}, body)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (200, "provider.unavailable"),
        (204, "provider.unavailable"),
        (302, "provider.unavailable"),
        (400, "provider.rejected"),
        (401, "provider.auth"),
        (403, "provider.auth"),
        (404, "provider.not_found"),
        (408, "provider.unavailable"),
        (413, "provider.rejected"),
        (429, "provider.throttled"),
        (500, "provider.unavailable"),
        (503, "provider.unavailable"),
    ],
)
def test_a_status_means_a_code(status: int, code: str) -> None:
    assert code_of_status(status) == code


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'"x"', b"{", b"<html>", b"[" * 100_000, b"\xff\xfe", b"null"]
)
def test_what_is_no_object_is_none(body: bytes) -> None:
    assert object_of(reply(body=body)) is None


def test_what_an_answer_tells_is_cut_to_what_a_log_can_bear() -> None:
    told = told_of("A.B", "line\r\n  two\x00\x1b[31m" + "x" * 999, "RID-1", reply())

    assert told.code == "A.B"
    assert told.request_id == "RID-1"
    assert told.message.startswith("line two[31mxx")
    assert len(told.message) == 200


@pytest.mark.parametrize("odd", [None, 7, [], "", "a b", "x\ny", "é", "a" * 65])
def test_codes_and_request_ids_of_another_form_are_left_out(odd: object) -> None:
    assert told_of(odd, odd, odd, reply()) == Told("", told_of(None, odd, None, reply()).message)


def test_the_code_of_xml_counts_where_there_is_no_other() -> None:
    xml = reply(403, b"<?xml version='1.0'?><Error><Code>SignatureDoesNotMatch</Code></Error>")
    assert told_of(None, None, None, xml).code == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    ("code", "writes", "unsure"),
    [
        ("provider.unavailable", True, True),
        ("provider.unavailable", False, False),
        ("provider.rejected", True, False),
        ("provider.throttled", True, False),
        ("provider.auth", True, False),
    ],
)
def test_only_what_failed_at_their_end_leaves_a_write_unsure(
    code: str, writes: bool, unsure: bool
) -> None:
    assert failure("V", code, reply(), Told(), writes=writes).unsure is unsure


def test_the_error_names_code_and_request_but_repeats_nothing_about_credentials() -> None:
    told = Told("A.B", "string to sign was canary", "RID")
    rejected = failure("V", "provider.rejected", reply(), told, writes=True)
    refused = failure("V", "provider.auth", reply(), told, writes=True)

    words = "V answered with status 400 A.B (request RID)"
    assert rejected.message == f"{words}: string to sign was canary"
    assert refused.message == f"{words}."


@pytest.mark.parametrize(
    ("theirs_s", "offset_s"), [(0, None), (299, None), (300, 300), (-3600, -3600), (86400, 86400)]
)
def test_clocks_that_are_far_apart_are_told(theirs_s: int, offset_s: float | None) -> None:
    theirs = datetime.fromtimestamp(NOW.timestamp() + theirs_s, UTC)
    assert offset_of(format_datetime(theirs, usegmt=True), NOW) == offset_s


@pytest.mark.parametrize("date", [None, "", "soon", "Fri, 02 Jan 2026 09:04:05", "99"])
def test_a_date_that_cannot_be_read_says_nothing(date: str | None) -> None:
    assert offset_of(date, NOW) is None


@pytest.mark.parametrize(
    ("text", "delay_s"),
    [
        ("250", 0.25),
        (" 1000 ", 1.0),
        ("999999999999", 600.0),
        (None, None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
    ],
)
def test_milliseconds_become_seconds(text: str | None, delay_s: float | None) -> None:
    assert delay_of_ms(text) == delay_s


def test_an_answer_does_not_show_what_it_carries() -> None:
    assert repr(Reply(200, {"x-subject-token": "canary"}, b"canary")) == "Reply(200)"
