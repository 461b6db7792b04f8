"""What signers and verifiers share: a request as its bytes travel, a key, a claim, a refusal."""

from datetime import datetime
from typing import Literal, NamedTuple

Reason = Literal[
    "missing",
    "malformed",
    "algorithm",
    "bearer",
    "uncovered",
    "repeated",
    "date_malformed",
    "skewed",
    "payload",
    "mismatch",
]


class RawRequest(NamedTuple):
    """A request as it travels: nothing decoded, nothing dropped, headers in their order.

    `target` is the path with its escapes, `query` what follows "?" (without it). Header values are
    the bytes of the wire read as latin-1, so that a UTF-8 value comes back as it was sent.
    """

    method: str
    target: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def __repr__(self) -> str:
        # Headers and query carry tokens; a request may end up in a log.
        return f"RawRequest({self.method!r}, {self.target!r})"


class AccessKey(NamedTuple):
    """A provider's key pair, with the session token where the pair is temporary."""

    id: str
    secret: str
    security_token: str | None = None

    def __repr__(self) -> str:
        return f"AccessKey({self.id!r})"


class Claim(NamedTuple):
    """What a signed request says of itself, true only once its signature was verified.

    `at` is in UTC; `nonce` is None where the scheme has none; `action` and `version` are those the
    signature covers, None where the scheme names calls by path or the request leaves them out.
    """

    access_key_id: str
    at: datetime
    signature: str
    signed_headers: tuple[str, ...] = ()
    payload_sha256: str = ""
    nonce: str | None = None
    security_token: str | None = None
    action: str | None = None
    version: str | None = None

    def __repr__(self) -> str:
        return f"Claim({self.access_key_id!r}, {self.at.isoformat()})"


class SignatureRefused(Exception):  # noqa: N818 - named by what happened, as all refusals here
    """A request whose signature does not count; `detail` is safe to show to its sender."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason
        self.detail = detail
