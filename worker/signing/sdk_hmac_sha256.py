"""Huawei Cloud's SDK-HMAC-SHA256: requests signed with an access key and secret key.

Source: Huawei Cloud, API Request Signing Guide. The scheme has no nonce, and the vendor's client
sends the same signature again when it retries: an equal request is no attack here.
"""

import hmac
import re
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import unquote_to_bytes

from worker.signing import canonical
from worker.signing.wire import AccessKey, Claim, RawRequest, SignatureRefused

_ALGORITHM = "SDK-HMAC-SHA256"
_AUTHORIZATION = re.compile(
    r"SDK-HMAC-SHA256 Access=([^,]*), ?SignedHeaders=([^,]*), ?Signature=([0-9a-f]{64})"
)
_DATE = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_ALWAYS = ("host", "x-sdk-date")
_WHERE_SENT = frozenset({"content-type", "x-security-token", "x-project-id", "x-domain-id"})


def sign(request: RawRequest, key: AccessKey, *, at: datetime) -> RawRequest:
    """The request with X-Sdk-Date, X-Security-Token where the key has one, and Authorization.

    Covers host (which must be there), content-type and every x- header. Raises SignatureRefused
    where no verifier would take the result, ValueError where `at` has no zone.
    """
    added = [("X-Sdk-Date", canonical.utc(at).strftime("%Y%m%dT%H%M%SZ"))]
    if key.security_token is not None:
        added.append(("X-Security-Token", key.security_token))
    stamped = request._replace(headers=(*request.headers, *added))
    headers = canonical.headers_of(stamped)
    signed = sorted(
        name
        for name in headers
        if name in {"host", "content-type"} or (name.startswith("x-") and "_" not in name)
    )
    canonical.check_method(request)
    canonical.check_coverage(headers, signed, _required(headers))
    payload = canonical.payload_sha256(request, canonical.only(headers, "x-sdk-content-sha256"))
    signature = _signature(stamped, headers, signed, payload, key.secret)
    value = f"{_ALGORITHM} Access={key.id}, SignedHeaders={';'.join(signed)}, Signature={signature}"
    return stamped._replace(headers=(*stamped.headers, ("Authorization", value)))


def read(request: RawRequest) -> Claim:
    """What the request says of itself; raises SignatureRefused before any secret is needed.

    Refused besides a bad form: other algorithms, UNSIGNED-PAYLOAD or another declared hash than
    the body's, signed headers given twice, and an X-Project-Id that the path does not name.
    """
    canonical.check_method(request)
    headers = canonical.headers_of(request)
    access_key_id, signed, signature = canonical.authorization(headers, _AUTHORIZATION)
    canonical.check_coverage(headers, signed, _required(headers))
    at = canonical.moment(canonical.only(headers, "x-sdk-date"), _DATE)
    _check_project(request, canonical.only(headers, "x-project-id"))
    declared = canonical.only(headers, "x-sdk-content-sha256")
    return Claim(
        access_key_id,
        at,
        signature,
        signed_headers=signed,
        payload_sha256=canonical.payload_sha256(request, declared),
        security_token=canonical.only(headers, "x-security-token"),
    )


def verify(
    request: RawRequest, claim: Claim, secret: str, *, now: datetime, window_s: int = 900
) -> None:
    """Raise SignatureRefused, "skewed" or "mismatch", unless `secret` signed this request."""
    canonical.check_window(claim, now, window_s)
    headers = canonical.headers_of(request)
    expected = _signature(request, headers, claim.signed_headers, claim.payload_sha256, secret)
    canonical.check_signature(claim, secret, expected)


def _required(headers: canonical.Headers) -> list[str]:
    sent = [name for name in headers if name in _WHERE_SENT or name.startswith("x-sdk-")]
    return [*_ALWAYS, *sent]


def _signature(
    request: RawRequest,
    headers: canonical.Headers,
    signed: Sequence[str],
    payload: str,
    secret: str,
) -> str:
    path = canonical.path(request.target)
    digest = canonical.request_sha256(
        (request.method, path if path.endswith("/") else f"{path}/"),
        # Here a plus is a plus: the vendor's client writes spaces as %20.
        query=canonical.query(canonical.query_pairs(request, plus_is_space=False)),
        headers=headers,
        signed=signed,
        payload_sha256=payload,
    )
    text = f"{_ALGORITHM}\n{canonical.only(headers, 'x-sdk-date')}\n{digest}"
    return hmac.digest(secret.encode(), text.encode("latin-1"), "sha256").hex()


def _check_project(request: RawRequest, project_id: str | None) -> None:
    if project_id is None:
        return
    segments = canonical.wire(request.target).split(b"/")
    if canonical.wire(project_id) not in map(unquote_to_bytes, segments):
        raise SignatureRefused("malformed", "X-Project-Id is not the project of the path")
