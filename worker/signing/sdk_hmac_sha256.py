"""Huawei Cloud's SDK-HMAC-SHA256: requests signed with an access key and secret key.

Source: Huawei Cloud, API Request Signing Guide. The scheme has no nonce, and the vendor's client
sends the same signature again when it retries: an equal request is no attack here.
"""

import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import unquote_to_bytes

from worker.signing import canonical
from worker.signing.wire import AccessKey, Claim, RawRequest, SignatureRefused

_ALGORITHM = "SDK-HMAC-SHA256"
_AUTHORIZATION = re.compile(
    "SDK-HMAC-SHA256 Access=([^,]*), ?SignedHeaders=([a-z0-9;._-]+), ?Signature=([0-9a-f]{64})"
)
_DATE = re.compile("[0-9]{8}T[0-9]{6}Z")
_WHERE_SENT = frozenset({"content-type", "x-security-token", "x-project-id", "x-domain-id"})


def sign(request: RawRequest, key: AccessKey, *, at: datetime) -> RawRequest:
    """The request with X-Sdk-Date, X-Security-Token where the key has one, and Authorization.

    Covers host (which must be there), content-type and every x- header. Raises SignatureRefused
    where no verifier would take the result, ValueError where `at` has no zone.
    """
    stamp = canonical.stamp(at).replace("-", "").replace(":", "")
    sent = (*request.headers, ("X-Sdk-Date", stamp))
    if key.security_token is not None:
        sent = (*sent, ("X-Security-Token", key.security_token))
    headers = canonical.headers_of(sent)
    names = sorted(
        name
        for name in headers
        if (name.startswith("x-") and "_" not in name) or name in {"host", "content-type"}
    )
    canonical.check_line(request)
    covered = canonical.covered(headers, names, ("host",))
    payload = canonical.payload_sha256(request.body, covered.get("x-sdk-content-sha256"))
    signature = _signature(request, covered, payload, key.secret)
    value = f"{_ALGORITHM} Access={key.id}, SignedHeaders={';'.join(names)}, Signature={signature}"
    return request._replace(headers=(*sent, ("Authorization", value)))


def read(request: RawRequest) -> Claim:
    """What the request says of itself; raises SignatureRefused before any secret is needed.

    Refused besides a bad form: other algorithms, UNSIGNED-PAYLOAD or another declared hash than
    the body's, signed headers given twice, and an X-Project-Id that the path does not name.
    """
    canonical.check_line(request)
    headers = canonical.headers_of(request.headers)
    access_key_id, signed, signature = canonical.authorization(headers, _AUTHORIZATION)
    where_sent = [name for name in headers if name in _WHERE_SENT or name.startswith("x-sdk-")]
    covered = canonical.covered(headers, signed, ("host", "x-sdk-date", *where_sent))
    _check_project(request, covered.get("x-project-id"))
    return Claim(
        access_key_id,
        canonical.moment(covered["x-sdk-date"], _DATE),
        signature,
        signed_headers=signed,
        payload_sha256=canonical.payload_sha256(request.body, covered.get("x-sdk-content-sha256")),
        security_token=covered.get("x-security-token"),
    )


def verify(
    request: RawRequest, claim: Claim, secret: str, *, now: datetime, window_s: int = 900
) -> None:
    """Raise SignatureRefused, "skewed" or "mismatch", unless `secret` signed this request."""
    canonical.check_window(claim, now, window_s)
    headers = canonical.headers_of(request.headers)
    covered = canonical.covered(headers, claim.signed_headers, ())
    expected = _signature(request, covered, claim.payload_sha256, secret)
    canonical.check_signature(claim, secret, expected)


def _signature(request: RawRequest, covered: Mapping[str, str], payload: str, secret: str) -> str:
    path = canonical.path(request.target)
    # Here a plus is a plus: the vendor's client writes spaces as %20.
    query = canonical.query(canonical.query_pairs(request.query, plus_is_space=False))
    digest = canonical.request_sha256(
        request.method, path if path.endswith("/") else f"{path}/", query, covered, payload
    )
    text = f"{_ALGORITHM}\n{covered['x-sdk-date']}\n{digest}"
    return hmac.digest(secret.encode(), canonical.wire(text), "sha256").hex()


def _check_project(request: RawRequest, project_id: str | None) -> None:
    if project_id is None:
        return
    segments = canonical.wire(request.target).split(b"/")
    if canonical.wire(project_id) not in map(unquote_to_bytes, segments):
        raise SignatureRefused("malformed", "X-Project-Id is not the project of the path")
