from datetime import UTC, datetime

import pytest

from tests.worker.signing.requests import (
    AT,
    CALL,
    NONCE,
    TEMPORARY_KEY,
    Change,
    added_header,
    check,
    in_query,
    part,
    signed,
    with_header,
)
from worker.signing import rpc_hmac_sha1
from worker.signing.wire import AccessKey, RawRequest, SignatureRefused

FORM = CALL._replace(
    headers=(("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),),
    body=b"Title=a+b&Tags=",
)


def test_the_documented_example_is_signed_as_published() -> None:
    """ApsaraVideo VOD, "Signature method", the GetVideoPlayAuth example."""
    request = RawRequest(
        "GET",
        "/",
        "Format=JSON&Action=GetVideoPlayAuth&Version=2017-03-21"
        "&VideoId=5aed81b74ba84920be578cdfe004af4b",
        (),
    )

    result = rpc_hmac_sha1.sign(
        request,
        AccessKey("testAccessKeyId", "testAccessKeySecret"),
        at=datetime(2017, 10, 10, 12, 2, 54, tzinfo=UTC),
        nonce="8f8a035d-6496-4268-afd4-67c22837e38d",
    )

    assert result.query == (
        "AccessKeyId=testAccessKeyId&Action=GetVideoPlayAuth&Format=JSON"
        "&SignatureMethod=HMAC-SHA1&SignatureNonce=8f8a035d-6496-4268-afd4-67c22837e38d"
        "&SignatureVersion=1.0&Timestamp=2017-10-10T12%3A02%3A54Z&Version=2017-03-21"
        "&VideoId=5aed81b74ba84920be578cdfe004af4b&Signature=Ibgh7y8Vp47LBuAsf5Xhi1SvDss%3D"
    )


def test_a_signed_request_tells_who_calls_what_and_when() -> None:
    claim = check(rpc_hmac_sha1, signed(rpc_hmac_sha1, key=TEMPORARY_KEY))

    assert (claim.access_key_id, claim.at, claim.nonce) == ("AKID", AT, NONCE)
    assert (claim.action, claim.version) == ("UpdateMediaCover", "2014-06-18")
    assert claim.security_token == "token+/="


def test_the_action_is_that_of_the_parameters_whatever_a_header_says() -> None:
    """The vendor's current client sends x-acs-action with this signature too, not covered."""
    request = added_header("x-acs-action", "DeleteMedia")(signed(rpc_hmac_sha1))

    assert check(rpc_hmac_sha1, request).action == "UpdateMediaCover"


def test_an_action_in_a_header_alone_is_none() -> None:
    nameless = CALL._replace(query="Version=2014-06-18")

    assert check(rpc_hmac_sha1, signed(rpc_hmac_sha1, nameless)).action is None


def test_a_form_is_covered_with_the_query() -> None:
    request = signed(rpc_hmac_sha1, FORM)

    assert "Title" not in request.query
    check(rpc_hmac_sha1, request)


@pytest.mark.parametrize(
    ("query", "same"),
    [
        pytest.param("A=b%20c", "A=b+c", id="plus-for-space"),
        pytest.param("A=http%3A%2F%2Fx%2F%2A%281%29", "A=http://x/*(1)", id="bare-reserved"),
        pytest.param("X=&Y=", "Y&X=", id="empty-values"),
    ],
)
def test_a_query_written_another_way_has_the_same_signature(query: str, same: str) -> None:
    one = signed(rpc_hmac_sha1, CALL._replace(query=query))
    assert query in one.query

    check(rpc_hmac_sha1, one._replace(query=one.query.replace(query, same)))


CHANGES = [
    pytest.param(part("method", "GET"), "mismatch", id="method"),
    pytest.param(part("target", "/other"), "uncovered", id="path"),
    pytest.param(in_query("UpdateMediaCover", "DeleteMedia"), "mismatch", id="action"),
    pytest.param(in_query("Version=2014", "Version=2015"), "mismatch", id="version"),
    pytest.param(in_query("MediaId=1", "MediaId=2"), "mismatch", id="value"),
    pytest.param(in_query("MediaId=1&", ""), "mismatch", id="one-less"),
    pytest.param(in_query("MediaId=1", "MediaId=1&B="), "mismatch", id="one-more"),
    pytest.param(in_query("%3A04Z", "%3A05Z"), "mismatch", id="time"),
    pytest.param(in_query(NONCE, "other"), "mismatch", id="nonce"),
    pytest.param(in_query("SecurityToken=", "SecurityToken=a"), "mismatch", id="token"),
    pytest.param(in_query("AccessKeyId=AKID", "AccessKeyId=OTHER"), "mismatch", id="access-key"),
    pytest.param(in_query("MediaId=1", "MediaId=1&MediaId=1"), "repeated", id="repeated"),
    pytest.param(in_query("MediaId=1", "Action=DeleteMedia"), "repeated", id="two-actions"),
    pytest.param(in_query("&Signature=", "&Signature=x&Signature="), "repeated", id="signatures"),
    pytest.param(in_query("&Signature=", "&Signatur="), "missing", id="no-signature"),
    pytest.param(in_query("&Signature=", "&Signature=A"), "malformed", id="signature-form"),
    pytest.param(in_query("HMAC-SHA1", "HMAC-SHA256"), "algorithm", id="method-of-signing"),
    pytest.param(in_query("Version=1.0", "Version=2.0"), "algorithm", id="signature-version"),
    pytest.param(in_query("SignatureMethod=HMAC-SHA1&", ""), "algorithm", id="no-method"),
    pytest.param(in_query("MediaId=1", "SignatureType=BEARERTOKEN"), "bearer", id="bearer"),
    pytest.param(in_query("MediaId=1", "BearerToken=x"), "bearer", id="bearer-token"),
    pytest.param(added_header("x-acs-bearer-token", "x"), "bearer", id="bearer-header"),
    pytest.param(in_query("AccessKeyId=AKID", "AccessKeyId="), "malformed", id="no-access-key"),
    pytest.param(in_query(NONCE, ""), "malformed", id="no-nonce"),
    pytest.param(in_query(NONCE, "%C3%A4"), "malformed", id="nonce-beyond-ascii"),
    pytest.param(in_query("Timestamp=", "Timestmp="), "missing", id="no-time"),
    pytest.param(in_query("T18%3A55%3A04Z", ""), "date_malformed", id="time-form"),
    pytest.param(part("body", b"a=b"), "payload", id="body-of-no-type"),
]


@pytest.mark.parametrize(("change", "reason"), CHANGES)
def test_a_changed_request_is_refused(change: Change, reason: str) -> None:
    request = change(signed(rpc_hmac_sha1, key=TEMPORARY_KEY))

    with pytest.raises(SignatureRefused) as refused:
        check(rpc_hmac_sha1, request)

    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(part("body", b"Title=a+c&Tags="), "mismatch", id="value"),
        pytest.param(part("body", b"Title=a+b"), "mismatch", id="one-less"),
        pytest.param(part("body", b""), "mismatch", id="none"),
        pytest.param(part("body", b"Title=a+b&Tags=&MediaId=1"), "repeated", id="as-in-query"),
        pytest.param(with_header("Content-Type", "application/json"), "payload", id="no-form"),
    ],
)
def test_a_changed_form_is_refused(change: Change, reason: str) -> None:
    request = change(signed(rpc_hmac_sha1, FORM))

    with pytest.raises(SignatureRefused) as refused:
        check(rpc_hmac_sha1, request)

    assert refused.value.reason == reason


def test_a_body_that_no_signature_covers_is_not_signed() -> None:
    with pytest.raises(SignatureRefused) as refused:
        signed(rpc_hmac_sha1, CALL._replace(body=b"{}"))

    assert refused.value.reason == "payload"
