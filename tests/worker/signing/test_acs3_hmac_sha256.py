from datetime import UTC, datetime

import pytest

from tests.worker.signing.requests import (
    AT,
    NAMED,
    NONCE,
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
from worker.signing import acs3_hmac_sha256
from worker.signing.wire import AccessKey, RawRequest, SignatureRefused

FORM = NAMED._replace(
    headers=(*NAMED.headers, ("Content-Type", "application/x-www-form-urlencoded")),
    body=b"Title=a+b",
)


def test_the_documented_example_is_signed_as_published() -> None:
    """Alibaba Cloud, "V3 request structure and signature", the fixed RunInstances example."""
    request = RawRequest(
        "POST",
        "/",
        "RegionId=cn-shanghai&ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
        (
            ("host", "ecs.cn-shanghai.aliyuncs.com"),
            ("x-acs-action", "RunInstances"),
            ("x-acs-version", "2014-05-26"),
        ),
    )

    result = acs3_hmac_sha256.sign(
        request,
        AccessKey("YourAccessKeyId", "YourAccessKeySecret"),
        at=datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC),
        nonce="3156853299f313e23d1673dc12e1703d",
    )

    assert result.headers[-1] == (
        "Authorization",
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;"
        "x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0",
    )


def test_a_signed_request_tells_who_calls_what_and_when() -> None:
    claim = check(acs3_hmac_sha256, signed(acs3_hmac_sha256, key=TEMPORARY_KEY))

    assert (claim.access_key_id, claim.at, claim.nonce) == ("AKID", AT, NONCE)
    assert (claim.action, claim.version) == ("UpdateMediaCover", "2014-06-18")
    assert claim.security_token == "token+/="


@pytest.mark.parametrize(
    ("query", "same"),
    [
        pytest.param("A=b%20c", "A=b+c", id="plus-for-space"),
        pytest.param("A=b%2Bc", "A=b%2bc", id="a-plus-itself"),
        pytest.param("A=http%3A%2F%2Fx%2F%2A%281%29", "A=http://x/*(1)", id="bare-reserved"),
        pytest.param("B=&A=1", "A=1&B=", id="empty-value"),
        pytest.param("A=%E5%B0%81~", "A=%e5%b0%81%7E", id="escapes"),
    ],
)
def test_a_query_written_another_way_has_the_same_signature(query: str, same: str) -> None:
    one = signed(acs3_hmac_sha256, NAMED._replace(query=query))

    check(acs3_hmac_sha256, one._replace(query=same))


CHANGES = [
    pytest.param(part("method", "GET"), "mismatch", id="method"),
    pytest.param(part("target", "/other"), "uncovered", id="path"),
    pytest.param(in_query("MediaId=1", "MediaId=2"), "mismatch", id="query-value"),
    pytest.param(in_query("MediaId=1", "MediaId=1&B="), "mismatch", id="more-query"),
    pytest.param(in_query("MediaId=1", "MediaId=1&MediaId=1"), "repeated", id="twice-in-query"),
    pytest.param(in_query("MediaId=1", "MediaId=1&Media%49d=1"), "repeated", id="twice-escaped"),
    pytest.param(in_query("MediaId=1", "SignatureType=BEARERTOKEN"), "bearer", id="bearer-query"),
    pytest.param(in_query("MediaId=1", "BearerToken=x"), "bearer", id="bearer-token-in-query"),
    pytest.param(added_header("x-acs-bearer-token", "x"), "bearer", id="bearer-token"),
    pytest.param(added_header("x-acs-signature-type", "BEARERTOKEN"), "bearer", id="bearer-header"),
    pytest.param(part("body", b"x"), "uncovered", id="body-of-no-type"),
    pytest.param(with_header("Host", "other.example"), "mismatch", id="host"),
    pytest.param(with_header("x-acs-action", "DeleteMedia"), "mismatch", id="action"),
    pytest.param(with_header("x-acs-version", "2017-03-21"), "mismatch", id="version"),
    pytest.param(with_header("x-acs-date", "2026-11-21T18:55:05Z"), "mismatch", id="date"),
    pytest.param(with_header("x-acs-signature-nonce", "other"), "mismatch", id="nonce"),
    pytest.param(with_header("x-acs-security-token", "other"), "mismatch", id="token"),
    pytest.param(with_header("x-acs-content-sha256", "0" * 64), "payload", id="payload-hash"),
    pytest.param(
        with_header("x-acs-content-sha256", "UNSIGNED-PAYLOAD"), "payload", id="unsigned-payload"
    ),
    pytest.param(added_header("x-acs-extra", "1"), "uncovered", id="one-header-more"),
    pytest.param(without_header("x-acs-signature-nonce"), "malformed", id="no-nonce"),
    pytest.param(added_header("X-Acs-Action", "DeleteMedia"), "repeated", id="two-actions"),
    pytest.param(added_header("HOST", "mts.example"), "repeated", id="two-hosts"),
    pytest.param(without_header("Authorization"), "missing", id="no-authorization"),
    *[
        pytest.param(in_authorization("ACS3-HMAC-SHA256", other), "algorithm", id=other)
        for other in ("ACS3-HMAC-SM3", "ACS3-RSA-SHA256", "SDK-HMAC-SHA256", "ACS3-HMAC-SHA1")
    ],
    *[
        pytest.param(in_authorization(f"{name};", ""), "uncovered", id=f"{name}-not-covered")
        for name in (
            "host",
            "x-acs-action",
            "x-acs-content-sha256",
            "x-acs-date",
            "x-acs-security-token",
            "x-acs-signature-nonce",
        )
    ],
    pytest.param(
        in_authorization(";x-acs-version", ""), "uncovered", id="x-acs-version-not-covered"
    ),
    pytest.param(with_header("x-acs-date", "20261121T185504Z"), "date_malformed", id="date-form"),
    pytest.param(with_header("x-acs-date", ""), "missing", id="empty-date"),
    pytest.param(with_header("x-acs-signature-nonce", ""), "malformed", id="empty-nonce"),
    pytest.param(with_header("x-acs-signature-nonce", "n" * 129), "malformed", id="long-nonce"),
    pytest.param(part("query", "&".join("abc" * 400)), "malformed", id="endless-parameters"),
    pytest.param(part("query", "a" * 2_000_000), "malformed", id="endless-parameter"),
]


@pytest.mark.parametrize(("change", "reason"), CHANGES)
def test_a_changed_request_is_refused(change: Change, reason: str) -> None:
    request = change(signed(acs3_hmac_sha256, key=TEMPORARY_KEY))

    with pytest.raises(SignatureRefused) as refused:
        check(acs3_hmac_sha256, request)

    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(part("body", b"Title=a+c"), "payload", id="body"),
        pytest.param(with_header("Content-Type", "text/plain"), "mismatch", id="content-type"),
        pytest.param(in_authorization("content-type;", ""), "uncovered", id="type-not-covered"),
    ],
)
def test_a_changed_form_is_refused(change: Change, reason: str) -> None:
    request = change(signed(acs3_hmac_sha256, FORM))

    with pytest.raises(SignatureRefused) as refused:
        check(acs3_hmac_sha256, request)

    assert refused.value.reason == reason


def test_a_parameter_stands_in_the_query_or_in_the_form_not_in_both() -> None:
    request = signed(acs3_hmac_sha256, FORM._replace(body=b"MediaId=2"))

    with pytest.raises(SignatureRefused) as refused:
        acs3_hmac_sha256.read(request)

    assert refused.value.reason == "repeated"


def test_a_form_and_a_body_of_another_type_are_covered() -> None:
    check(acs3_hmac_sha256, signed(acs3_hmac_sha256, FORM))
    check(
        acs3_hmac_sha256,
        signed(acs3_hmac_sha256, with_header("Content-Type", "application/json")(FORM)),
    )


def test_an_unsigned_content_type_of_no_body_is_left_alone() -> None:
    """The vendor's asynchronous client sends one."""
    request = signed(acs3_hmac_sha256)

    check(acs3_hmac_sha256, added_header("Content-Type", "application/octet-stream")(request))


@pytest.mark.parametrize(
    "change",
    [
        in_query("MediaId=1", "MediaId=1&MediaId=1"),
        without_header("Host"),
        without_header("x-acs-action"),
        part("target", "/other"),
        part("body", b"of no type"),
    ],
    ids=["repeated", "no-host", "no-action", "path", "body-of-no-type"],
)
def test_what_nobody_would_believe_is_not_signed(change: Change) -> None:
    with pytest.raises(SignatureRefused):
        signed(acs3_hmac_sha256, change(NAMED))
