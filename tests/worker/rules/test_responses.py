from datetime import UTC, datetime

import pytest

from worker.rules.responses import (
    ContentRange,
    content_range_of,
    delay_of,
    status_error,
    strong_etag_of,
)

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "delay_s"),
    [
        (None, None),
        ("0", 0),
        ("7", 7),
        (" 120 ", 120),
        ("601", 600),
        ("9" * 5000, 600),
        ("-1", None),
        ("soon", None),
        ("", None),
        ("1.5", None),
        ("²", None),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30),
        ("Sun, 01 Mar 2026 12:00:30 -0000", 30),
        ("Sun, 01 Mar 2026 13:00:00 GMT", 600),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0),
        ("Sun, 99 Mar 2026 11:00:00 GMT", None),
    ],
)
def test_retry_after_in_either_form_is_at_most_ten_minutes(
    header: str | None, delay_s: float | None
) -> None:
    assert delay_of(header, NOW) == delay_s


@pytest.mark.parametrize(
    ("status", "delay_s"), [(408, 5), (425, 5), (429, 5), (500, 5), (503, 5), (403, None)]
)
def test_only_an_error_that_passes_carries_a_delay(status: int, delay_s: float | None) -> None:
    assert status_error(status, "5", NOW).delay_s == delay_s


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("bytes 0-9/100", ContentRange(0, 9, 100)),
        ("Bytes 5-5/6", ContentRange(5, 5, 6)),
        (None, None),
        ("", None),
        ("bytes 0-9/*", None),
        ("bytes */100", None),
        ("bytes 9-0/100", None),
        ("bytes 0-100/100", None),
        ("bytes -1-9/100", None),
        ("bytes 0-9/100, 20-29/100", None),
        ("items 0-9/100", None),
        ("bytes 0-9/" + "9" * 5000, None),
    ],
)
def test_a_content_range_is_taken_only_when_it_is_whole(
    header: str | None, found: ContentRange | None
) -> None:
    assert content_range_of(header) == found


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ('"abc"', '"abc"'),
        (' "abc" ', '"abc"'),
        ('W/"abc"', None),
        ("abc", None),
        ('""', None),
        ('"', None),
        ('"a"b"', None),
        (None, None),
    ],
)
def test_only_a_strong_tag_promises_the_same_bytes(header: str | None, tag: str | None) -> None:
    assert strong_etag_of(header) == tag
