import base64
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.signing.standard_webhooks import Verifier, WebhookRefused, new_secret, sign

# The example of the specification and of its reference implementations.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = datetime.fromtimestamp(1614265330, UTC)
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
OTHER = "whsec_" + base64.b64encode(b"o" * 64).decode()


class Memory:
    """Ids that were seen, as a receiver keeps them."""

    def __init__(self) -> None:
        self.seconds: dict[str, int] = {}

    def __call__(self, message_id: str, seconds: int) -> bool:
        known = message_id in self.seconds
        self.seconds[message_id] = seconds
        return known


def signed(**changes: Any) -> dict[str, str]:
    message = {"message_id": MESSAGE_ID, "at": AT, "body": BODY, "secrets": [SECRET], **changes}
    return sign(**message)


def verified(headers: dict[str, str], body: bytes = BODY, *, off_s: float = 0) -> str:
    return Verifier([SECRET]).verify(headers, body, now=AT + timedelta(seconds=off_s))


def refusal(headers: dict[str, str], body: bytes = BODY, *, off_s: float = 0) -> str:
    with pytest.raises(WebhookRefused) as refused:
        verified(headers, body, off_s=off_s)
    assert refused.value.detail
    return refused.value.reason


def test_the_published_example_is_signed_as_published() -> None:
    assert signed() == {
        "webhook-id": MESSAGE_ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNATURE,
    }


def test_a_genuine_message_gives_its_id() -> None:
    assert verified(signed()) == MESSAGE_ID


def test_header_names_may_come_in_any_case() -> None:
    assert verified({name.title(): value for name, value in signed().items()}) == MESSAGE_ID


def test_a_message_now_is_taken_by_the_clock() -> None:
    headers = signed(at=datetime.now(UTC))

    assert Verifier([SECRET]).verify(headers, BODY) == MESSAGE_ID


@pytest.mark.parametrize("secrets", [[SECRET, OTHER], [OTHER, SECRET]], ids=["first", "second"])
def test_during_a_rotation_either_end_may_still_use_the_old_secret(secrets: list[str]) -> None:
    by_both = signed(secrets=secrets)

    assert by_both["webhook-signature"].count("v1,") == 2
    assert verified(by_both) == MESSAGE_ID
    assert Verifier(secrets).verify(signed(), BODY, now=AT) == MESSAGE_ID


def test_one_secret_may_be_given_as_it_is() -> None:
    assert Verifier(SECRET).verify(signed(), BODY, now=AT) == MESSAGE_ID


def test_times_of_other_zones_are_the_same_moments() -> None:
    """The reference library relabels such a time as UTC and signs another moment."""
    assert signed(at=AT.astimezone(timezone(timedelta(hours=8)))) == signed()


def test_a_body_need_be_neither_text_nor_json() -> None:
    """The reference library fails at decoding them."""
    for body in (b"", b"\xff\xfe", b"no json", "封面".encode()):
        assert verified(signed(body=body), body) == MESSAGE_ID


@pytest.mark.parametrize("off_s", [0, 300, -300])
def test_a_clock_may_be_five_minutes_off(off_s: int) -> None:
    assert verified(signed(), off_s=off_s) == MESSAGE_ID


@pytest.mark.parametrize("off_s", [301, -301, 86400])
def test_a_clock_further_off_is_refused(off_s: int) -> None:
    assert refusal(signed(), off_s=off_s) == "skewed"


@pytest.mark.parametrize(
    ("header", "value", "reason"),
    [
        pytest.param("webhook-id", "msg_other", "mismatch", id="other-id"),
        pytest.param("webhook-id", "", "missing", id="empty-id"),
        pytest.param("webhook-id", f"{MESSAGE_ID}.1614265330", "malformed", id="dot-in-id"),
        pytest.param("webhook-id", "m" * 257, "malformed", id="long-id"),
        pytest.param("webhook-id", "ä", "malformed", id="id-beyond-ascii"),
        pytest.param("webhook-id", "a\n", "malformed", id="line-break"),
        pytest.param("webhook-timestamp", "1614265331", "mismatch", id="other-time"),
        pytest.param("webhook-timestamp", "", "missing", id="empty-time"),
        pytest.param("webhook-timestamp", "1614265330.0", "malformed", id="fraction"),
        pytest.param("webhook-timestamp", "-1614265330", "malformed", id="negative"),
        pytest.param("webhook-timestamp", "9" * 5000, "malformed", id="endless-time"),
        pytest.param("webhook-timestamp", "١٦١٤٢٦٥٣٣٠", "malformed", id="other-digits"),
        pytest.param("webhook-timestamp", "0", "skewed", id="long-ago"),
        pytest.param("webhook-signature", "", "missing", id="empty-signature"),
        # The reference library raises ValueError for the next two.
        pytest.param("webhook-signature", SIGNATURE.replace(",", ""), "mismatch", id="no-comma"),
        pytest.param("webhook-signature", f"{SIGNATURE},x", "mismatch", id="two-commas"),
        pytest.param("webhook-signature", SIGNATURE.replace("v1", "v2"), "mismatch", id="v2"),
        pytest.param("webhook-signature", SIGNATURE.replace("v1", "v1a"), "mismatch", id="v1a"),
        pytest.param("webhook-signature", SIGNATURE[:-1], "mismatch", id="no-padding"),
        pytest.param("webhook-signature", SIGNATURE.lower(), "mismatch", id="lower-case"),
        pytest.param("webhook-signature", "v1,ä\ud800", "mismatch", id="lone-surrogate"),
        pytest.param("webhook-signature", "v1, " * 9000, "malformed", id="endless"),
    ],
)
def test_a_changed_header_is_refused(header: str, value: str, reason: str) -> None:
    assert refusal({**signed(), header: value}) == reason


@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_refused(header: str) -> None:
    headers = signed()
    del headers[header]

    assert refusal(headers) == "missing"


def test_a_changed_body_is_refused() -> None:
    assert refusal(signed(), BODY + b" ") == "mismatch"
    assert refusal(signed(), b"") == "mismatch"


def test_another_secret_is_refused() -> None:
    assert refusal(signed(secrets=[OTHER])) == "mismatch"


def test_one_genuine_signature_among_others_is_enough() -> None:
    headers = {**signed(), "webhook-signature": f"v1a,AAAA v1,AAAA  {SIGNATURE} v9"}

    assert verified(headers) == MESSAGE_ID


def test_a_message_passes_once() -> None:
    """The reference library has no memory: the same message verifies again."""
    memory = Memory()
    verifier = Verifier([SECRET], seen=memory)

    assert verifier.verify(signed(), BODY, now=AT) == MESSAGE_ID
    later = signed(at=AT + timedelta(seconds=60))
    for headers in (signed(), later):
        with pytest.raises(WebhookRefused) as refused:
            verifier.verify(headers, BODY, now=AT)
        assert refused.value.reason == "replayed"


def test_an_id_is_remembered_for_as_long_as_its_message_stays_good() -> None:
    memory = Memory()
    verifier = Verifier([SECRET], seen=memory)
    early = AT - timedelta(seconds=300)

    verifier.verify(signed(), BODY, now=early)

    assert early + timedelta(seconds=memory.seconds[MESSAGE_ID]) > AT + timedelta(seconds=300)


def test_nothing_is_remembered_of_a_message_that_is_not_genuine() -> None:
    memory = Memory()

    with pytest.raises(WebhookRefused):
        Verifier([SECRET], seen=memory).verify(signed(), b"other", now=AT)

    assert memory.seconds == {}


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", id="no-mark"),
        pytest.param("whsec_", id="empty"),
        pytest.param("whsec_" + base64.b64encode(b"s" * 23).decode(), id="23-bytes"),
        pytest.param("whsec_" + base64.b64encode(b"s" * 65).decode(), id="65-bytes"),
        pytest.param("whsec_" + "!" * 40, id="no-base64"),
        pytest.param(SECRET[:10] + "!" + SECRET[10:], id="one-character-more"),
        pytest.param("whsec_" + "ä" * 40, id="beyond-ascii"),
        pytest.param("whsec_" + "A" * 41, id="cut-base64"),
    ],
)
def test_a_malformed_secret_is_named_as_such_and_not_shown(secret: str) -> None:
    for use in (lambda: signed(secrets=[secret]), lambda: Verifier([SECRET, secret])):
        with pytest.raises(ValueError, match="24-64 bytes") as refused:
            use()
        assert secret.removeprefix("whsec_") == "" or secret not in str(refused.value)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"secrets": []}, id="no-secret"),
        pytest.param({"message_id": "a.b"}, id="dot-in-id"),
        pytest.param({"message_id": ""}, id="empty-id"),
        pytest.param({"at": AT.replace(tzinfo=None)}, id="no-zone"),
    ],
)
def test_what_nobody_would_believe_is_not_signed(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"secret|id|zone"):
        signed(**changes)


def test_a_verifier_without_a_secret_is_none() -> None:
    with pytest.raises(ValueError, match="no secret"):
        Verifier([])


def test_new_secrets_are_fit_and_each_another() -> None:
    first, second = new_secret(), new_secret()

    assert first != second
    assert len(base64.b64decode(first.removeprefix("whsec_"))) == 32
    assert Verifier([first]).verify(signed(secrets=[first]), BODY, now=AT) == MESSAGE_ID


TEXTS = st.text(max_size=50)


@given(
    headers=st.dictionaries(
        st.sampled_from(["webhook-id", "Webhook-Timestamp", "webhook-signature", "Webhook-Id"]),
        TEXTS | st.sampled_from([MESSAGE_ID, "1614265330", "v1,", SIGNATURE]),
    ),
    body=st.binary(max_size=50),
)
def test_whatever_comes_is_refused_as_such(headers: dict[str, str], body: bytes) -> None:
    assert refusal(headers, body)


@given(body=st.binary(), secret=st.binary(min_size=24, max_size=64), shift_h=st.integers(-12, 12))
def test_what_is_signed_is_believed(body: bytes, secret: bytes, shift_h: int) -> None:
    text = "whsec_" + base64.b64encode(secret).decode()
    at = AT.astimezone(timezone(timedelta(hours=shift_h)))

    headers = signed(body=body, secrets=[text], at=at)

    assert Verifier([text]).verify(headers, body, now=AT) == MESSAGE_ID
