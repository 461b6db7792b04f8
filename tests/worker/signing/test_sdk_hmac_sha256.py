from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.worker.signing.requests import (
    AT,
    HUAWEI,
    PROJECT,
    TEMPORARY_KEY,
    Change,
    added_header,
    check,
    in_authorization,
    in_query,
    part,
    signed,
    with_header,
    without_header,
)
from worker.signing import sdk_hmac_sha256
from worker.signing.wire import AccessKey, RawRequest, SignatureRefused


def test_the_guide_s_example_is_signed_as_published() -> None:
    """API Request Signing Guide, "Signing a request"."""
    key = AccessKey("QTWAOYTTINDUT2QVKYUC", "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc")
    request = RawRequest(
        "GET",
        "/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs",
        "limit=2&marker=13551d6b-755d-4757-b956-536f674975c0",
        (("Content-Type", "application/json"), ("Host", "service.region.example.com")),
    )
    at = datetime(2019, 11, 15, 3, 36, 55, tzinfo=UTC)

    result = sdk_hmac_sha256.sign(request, key, at=at)

    assert result.headers[-2:] == (
        ("X-Sdk-Date", "20191115T033655Z"),
        (
            "Authorization",
            "SDK-HMAC-SHA256 Access=QTWAOYTTINDUT2QVKYUC, "
            "SignedHeaders=content-type;host;x-sdk-date, "
            "Signature=7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe",
        ),
    )


def test_a_signed_request_tells_who_signed_it_and_when() -> None:
    claim = check(sdk_hmac_sha256, signed(sdk_hmac_sha256, key=TEMPORARY_KEY))

    assert (claim.access_key_id, claim.at, claim.security_token) == ("AKID", AT, "token+/=")
    assert claim.nonce is None


def test_times_of_other_zones_are_the_same_moments() -> None:
    elsewhere = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))

    assert signed(sdk_hmac_sha256, at=elsewhere) == signed(sdk_hmac_sha256)


def test_a_time_without_a_zone_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="zone"):
        signed(sdk_hmac_sha256, at=AT.replace(tzinfo=None))


def test_a_retried_request_is_believed_again() -> None:
    request = signed(sdk_hmac_sha256)

    assert check(sdk_hmac_sha256, request) == check(sdk_hmac_sha256, request)


@pytest.mark.parametrize(
    ("query", "same"),
    [
        pytest.param("b=2&a=1", "a=1&b=2", id="order"),
        pytest.param("a=%41%7e", "a=A~", id="needless-escapes"),
        pytest.param("a=%e5%b0%81", "a=%E5%B0%81", id="case-of-escapes"),
        pytest.param("a=b+c", "a=b%2Bc", id="plus-is-a-plus"),
        pytest.param("a=http://x/*(1)", "a=http%3A%2F%2Fx%2F%2A%281%29", id="bare-reserved"),
        pytest.param("a=2&a=1&a=", "a=&a=1&a=2", id="repeated-names"),
        pytest.param("a=b=c&d", "a=b%3Dc&d=", id="equals-signs"),
        pytest.param("a=%zz&%", "a=%25zz&%25=", id="broken-escapes"),
        pytest.param("&&a=1&", "a=1", id="empty-parts"),
        pytest.param("aB=1&a%5B=2&a~=3", "a~=3&a%5B=2&aB=1", id="order-of-decoded-names"),
        pytest.param("a=B&a=%5B", "a=%5B&a=B", id="order-of-decoded-values"),
    ],
)
def test_a_query_written_another_way_has_the_same_signature(query: str, same: str) -> None:
    one = signed(sdk_hmac_sha256, HUAWEI._replace(query=query))

    check(sdk_hmac_sha256, one._replace(query=same))


@pytest.mark.parametrize(
    "path",
    ["/v1.0/{}/asset%2Fcover", "/v1.0/{}/asset/cover/", "/v1.0/{}/%61sset/cover"],
    ids=["escaped-slash", "last-slash", "needless-escape"],
)
def test_a_path_written_another_way_has_the_same_signature(path: str) -> None:
    check(sdk_hmac_sha256, signed(sdk_hmac_sha256)._replace(target=path.format(PROJECT)))


def test_values_beyond_ascii_are_covered_as_the_bytes_they_travel_as() -> None:
    # The last byte of this letter reads as a no-break space, which is no space of a header.
    value = "  covers à ".encode().decode("latin-1")
    name = added_header("X-Title", value)

    check(
        sdk_hmac_sha256,
        with_header("X-Title", value.strip(" "))(signed(sdk_hmac_sha256, name(HUAWEI))),
    )


CHANGES = [
    pytest.param(part("method", "POST"), "mismatch", id="method"),
    pytest.param(part("target", f"/v1.0/{PROJECT}/asset/details"), "mismatch", id="path"),
    pytest.param(in_query("a=1", "a=2"), "mismatch", id="query-value"),
    pytest.param(in_query("a=1", "c=1"), "mismatch", id="query-name"),
    pytest.param(in_query("%20", "+"), "mismatch", id="plus-for-space"),
    pytest.param(part("query", ""), "mismatch", id="no-query"),
    pytest.param(part("body", b"{}"), "mismatch", id="body"),
    pytest.param(with_header("Host", "other.example"), "mismatch", id="host"),
    pytest.param(with_header("Content-Type", "text/plain"), "mismatch", id="content-type"),
    pytest.param(with_header("X-Sdk-Date", "20261121T185505Z"), "mismatch", id="date"),
    pytest.param(with_header("X-Security-Token", "other"), "mismatch", id="security-token"),
    pytest.param(without_header("Host"), "malformed", id="no-host"),
    pytest.param(added_header("Host", "vod.example"), "repeated", id="two-hosts"),
    pytest.param(added_header("Authorization", "x"), "repeated", id="two-authorizations"),
    pytest.param(without_header("Authorization"), "missing", id="no-authorization"),
    pytest.param(with_header("Authorization", ""), "missing", id="empty-authorization"),
    pytest.param(with_header("Authorization", "Bearer x"), "algorithm", id="other-scheme"),
    *[
        pytest.param(in_authorization("SDK-HMAC-SHA256", other), "algorithm", id=other)
        for other in (
            "SDK-HMAC-SM3",
            "SDK-ECDSA-P256-SHA256",
            "SDK-SM2-SM3",
            "V11-HMAC-SHA256",
            "sdk-hmac-sha256",
        )
    ],
    pytest.param(in_authorization("AKID", ""), "malformed", id="no-access-key"),
    pytest.param(in_authorization("AKID", "AK ID"), "malformed", id="space-in-access-key"),
    pytest.param(in_authorization("AKID", "OTHER"), None, id="other-access-key"),
    pytest.param(in_authorization("host;", ""), "uncovered", id="host-not-covered"),
    pytest.param(in_authorization("x-sdk-date;", ""), "uncovered", id="date-not-covered"),
    pytest.param(in_authorization("content-type;", ""), "uncovered", id="type-not-covered"),
    pytest.param(in_authorization(";x-security-token", ""), "uncovered", id="token-not-covered"),
    pytest.param(in_authorization("x-project-id;", ""), "uncovered", id="project-not-covered"),
    pytest.param(in_authorization("host;", "host;host;"), "repeated", id="host-covered-twice"),
    pytest.param(in_authorization("host;", "host;x-none;"), "malformed", id="absent-header"),
    pytest.param(in_authorization("host;", "Host;"), "malformed", id="upper-case-name"),
    pytest.param(in_authorization("Signature=", "Signature=A"), "malformed", id="signature-form"),
    pytest.param(in_authorization("AKID", "A" * 9000), "malformed", id="endless-authorization"),
    pytest.param(with_header("X-Sdk-Date", "2026-11-21T18:55:04Z"), "date_malformed", id="iso"),
    pytest.param(with_header("X-Sdk-Date", "20261321T185504Z"), "date_malformed", id="month-13"),
    pytest.param(with_header("X-Sdk-Date", ""), "missing", id="empty-date"),
    pytest.param(with_header("X-Project-Id", "f" * 32), "malformed", id="other-project"),
    pytest.param(with_header("Content-Type", "a\nb:c"), "malformed", id="line-break"),
    pytest.param(part("method", "put"), "malformed", id="lower-case-method"),
    pytest.param(part("method", "PUT\n"), "malformed", id="line-break-in-method"),
    pytest.param(part("target", f"/{PROJECT}" + "/a" * 40_000), "malformed", id="endless-path"),
    pytest.param(part("target", "/\u5c01"), "malformed", id="path-that-cannot-travel"),
]


@pytest.mark.parametrize(("change", "reason"), CHANGES)
def test_a_changed_request_is_refused(change: Change, reason: str | None) -> None:
    request = change(signed(sdk_hmac_sha256, key=TEMPORARY_KEY))
    if reason is None:
        # The id is not covered: it names the secret, and another one's would not match.
        assert check(sdk_hmac_sha256, request).access_key_id == "OTHER"
        return

    with pytest.raises(SignatureRefused) as refused:
        check(sdk_hmac_sha256, request)

    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("declared", "reason"),
    [
        pytest.param("UNSIGNED-PAYLOAD", "payload", id="unsigned"),
        pytest.param("STREAMING-SDK-HMAC-SHA256-PAYLOAD", "payload", id="streaming"),
        pytest.param("0" * 64, "payload", id="another"),
        pytest.param("", "payload", id="empty"),
    ],
)
def test_only_the_hash_of_the_body_itself_counts(declared: str, reason: str) -> None:
    request = signed(sdk_hmac_sha256)
    covering = in_authorization("x-sdk-date", "x-sdk-content-sha256;x-sdk-date")(request)
    request = added_header("X-Sdk-Content-Sha256", declared)(covering)

    with pytest.raises(SignatureRefused) as refused:
        sdk_hmac_sha256.read(request)

    assert refused.value.reason == reason


def test_a_declared_hash_must_be_covered() -> None:
    request = added_header("X-Sdk-Content-Sha256", "0" * 64)(signed(sdk_hmac_sha256))

    with pytest.raises(SignatureRefused) as refused:
        sdk_hmac_sha256.read(request)

    assert refused.value.reason == "uncovered"


def test_names_that_proxies_drop_are_not_signed() -> None:
    """Nor does the vendor's client sign a name with an underscore."""
    request = signed(sdk_hmac_sha256, added_header("X-Sdk_note", "a")(HUAWEI))

    assert "SignedHeaders=content-type;host;x-project-id;x-sdk-date," in request.headers[-1][1]


def test_headers_that_are_not_covered_may_change_on_the_way() -> None:
    request = signed(sdk_hmac_sha256)
    for change in (
        with_header("Accept", "application/json"),
        added_header("Accept", "text/html"),
        added_header("X-Forwarded-For", "192.0.2.1"),
    ):
        request = change(request)

    check(sdk_hmac_sha256, request)


@pytest.mark.parametrize(
    "change",
    [without_header("Host"), added_header("Host", "b"), added_header("X-A", "a\nb")],
    ids=["no-host", "two-hosts", "line-break"],
)
def test_what_nobody_would_believe_is_not_signed(change: Change) -> None:
    with pytest.raises(SignatureRefused):
        signed(sdk_hmac_sha256, change(HUAWEI))
