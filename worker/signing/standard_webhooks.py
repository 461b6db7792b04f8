"""Standard Webhooks 1.0: signing messages, and the verifier that receivers may use as it is.

Source: standardwebhooks.com, specification 1.0. Signed are id, Unix time and raw body, joined by
dots, with HMAC-SHA256 under each secret that is in use.
"""

import binascii
import hmac
import re
import secrets as random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, Protocol

Reason = Literal["missing", "malformed", "skewed", "mismatch", "replayed"]

_SECRET_PREFIX = "whsec_"  # noqa: S105 - the mark of a secret, not one
# No dot: it parts id, time and body in the signed text, and must not be movable between them.
_MESSAGE_ID = re.compile(r"[!-\-/-~]{1,256}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_LONGEST_SIGNATURES = 8192


class WebhookRefused(Exception):  # noqa: N818 - named by what happened, as all refusals here
    """A message that must not be believed; `detail` is safe to show to its sender."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason
        self.detail = detail


class SeenIds(Protocol):
    """A receiver's memory of messages: remembers an id for so many seconds.

    Returns whether the id was there already, deciding and remembering in one step (`SET NX EX`).
    """

    def __call__(self, message_id: str, seconds: int) -> bool: ...


def new_secret() -> str:
    """A fresh secret of 32 random bytes, in the form `whsec_` and base64."""
    return _SECRET_PREFIX + binascii.b2a_base64(random.token_bytes(32), newline=False).decode()


def sign(*, message_id: str, at: datetime, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """The three headers of one attempt; `at` is that of the attempt, the id is that of the event.

    One signature per secret, in their order, so that receivers with an old one still believe.
    Raises ValueError for an `at` without zone, an unfit id, no secret or a malformed one.
    """
    if at.tzinfo is None:
        raise ValueError("a time to sign with needs a zone")
    if not _MESSAGE_ID.fullmatch(message_id):
        raise ValueError("a message id is 1-256 visible ASCII characters without a dot")
    timestamp = str(int(at.timestamp()))
    text = f"{message_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_signature(key, text) for key in _keys(secrets)),
    }


class Verifier:
    """Tells genuine messages of a sender from all others.

    `secrets` are those in use, `window_s` how far the sender's clock may be off either way. With
    `seen`, a message passes once: an id that comes again is refused as "replayed", which is to be
    answered like a success, since the sender then only missed the first answer. Where handling a
    message fails, forget its id, or the next attempt is taken for a replay.
    """

    def __init__(
        self, secrets: Sequence[str], *, window_s: int = 300, seen: SeenIds | None = None
    ) -> None:
        self._keys = _keys([secrets] if isinstance(secrets, str) else secrets)
        self._window_s = window_s
        self._seen = seen

    def verify(
        self, headers: Mapping[str, str], body: bytes, *, now: datetime | None = None
    ) -> str:
        """The id of a genuine message; raises WebhookRefused for any other, and nothing else.

        `headers` may be in any case; `body` are the bytes as they came.
        """
        given = {name.lower(): value for name, value in headers.items()}
        message_id, timestamp, signatures = (
            _given(given, name) for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
        )
        if not _MESSAGE_ID.fullmatch(message_id) or not _TIMESTAMP.fullmatch(timestamp):
            raise WebhookRefused("malformed", "webhook-id or webhook-timestamp is malformed")
        if len(signatures) > _LONGEST_SIGNATURES:
            raise WebhookRefused("malformed", "webhook-signature is too long")
        moment = (now or datetime.now(UTC)).timestamp()
        if abs(moment - int(timestamp)) > self._window_s:
            raise WebhookRefused("skewed", f"the time is more than {self._window_s} s off")
        self._check(signatures, f"{message_id}.{timestamp}.".encode() + body)
        # The time may be ahead by a window and then stays good for another one.
        if self._seen is not None and self._seen(message_id, 2 * self._window_s + 1):
            raise WebhookRefused("replayed", "this message was here before")
        return message_id

    def _check(self, signatures: str, text: bytes) -> None:
        offered = [each.encode("utf-8", "surrogatepass") for each in signatures.split(" ")]
        expected = [_signature(key, text).encode() for key in self._keys]
        # Signatures of other versions (v1a, …) match none, and are passed over like that.
        if not any(hmac.compare_digest(one, other) for one in expected for other in offered):
            raise WebhookRefused("mismatch", "no signature matches")


def _given(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name)
    if not value:
        raise WebhookRefused("missing", f"there is no header {name}")
    return value


def _signature(key: bytes, text: bytes) -> str:
    digest = hmac.digest(key, text, "sha256")
    return "v1," + binascii.b2a_base64(digest, newline=False).decode()


def _keys(secrets: Sequence[str]) -> list[bytes]:
    if not secrets:
        raise ValueError("there is no secret to sign or verify with")
    return [_key(secret) for secret in secrets]


def _key(secret: str) -> bytes:
    try:
        key = binascii.a2b_base64(secret.removeprefix(_SECRET_PREFIX), strict_mode=True)
    except ValueError:
        key = b""
    if not secret.startswith(_SECRET_PREFIX) or not 24 <= len(key) <= 64:
        raise ValueError("a webhook secret is whsec_ and 24-64 bytes in base64")
    return key
