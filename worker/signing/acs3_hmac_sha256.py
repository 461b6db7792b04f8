"""Alibaba Cloud's ACS3-HMAC-SHA256 (signature version 3) for calls that are named, not routed.

Source: Alibaba Cloud, "V3 request structure and signature". Bearer mode, which signs nothing, and
the scheme's other algorithms are refused.
"""

import hmac
import re
from collections.abc import Sequence
from datetime import datetime

from worker.signing import canonical
from worker.signing.wire import AccessKey, Claim, RawRequest, SignatureRefused

_ALGORITHM = "ACS3-HMAC-SHA256"
_AUTHORIZATION = re.compile(
    r"ACS3-HMAC-SHA256 Credential=([^,]*), ?SignedHeaders=([^,]*), ?Signature=([0-9a-f]{64})"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_ALWAYS = (
    "host",
    "x-acs-action",
    "x-acs-content-sha256",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-version",
)


def sign(request: RawRequest, key: AccessKey, *, at: datetime, nonce: str) -> RawRequest:
    """The request with date, nonce, body hash, the key's token and Authorization as headers.

    Its headers name host, x-acs-action and x-acs-version; those, content-type and every x-acs-
    header are covered. `nonce` is new for every call. Raises SignatureRefused where no verifier
    would take the result, ValueError where `at` has no zone.
    """
    added = [
        ("x-acs-content-sha256", canonical.payload_sha256(request, None)),
        ("x-acs-date", canonical.utc(at).strftime("%Y-%m-%dT%H:%M:%SZ")),
        ("x-acs-signature-nonce", nonce),
    ]
    if key.security_token is not None:
        added.append(("x-acs-security-token", key.security_token))
    stamped = request._replace(headers=(*request.headers, *added))
    headers = canonical.headers_of(stamped)
    signed = sorted(
        name for name in headers if name in {"host", "content-type"} or name.startswith("x-acs-")
    )
    _check(stamped, headers, signed)
    signature = _signature(stamped, headers, signed, added[0][1], key.secret)
    value = (
        f"{_ALGORITHM} Credential={key.id},SignedHeaders={';'.join(signed)},Signature={signature}"
    )
    return stamped._replace(headers=(*stamped.headers, ("Authorization", value)))


def read(request: RawRequest) -> Claim:
    """What the request says of itself; raises SignatureRefused before any secret is needed.

    Refused besides a bad form: bearer mode, other algorithms, any path but "/" (the signature does
    not cover it), x-acs- headers left out of the signature, repeated parameters or signed headers,
    a declared hash that is not the body's.
    """
    headers = canonical.headers_of(request)
    canonical.refuse_bearer(headers, canonical.query_pairs(request, plus_is_space=True))
    access_key_id, signed, signature = canonical.authorization(headers, _AUTHORIZATION)
    _check(request, headers, signed)
    nonce = canonical.visible("nonce", canonical.only(headers, "x-acs-signature-nonce") or "")
    return Claim(
        access_key_id,
        canonical.moment(canonical.only(headers, "x-acs-date"), _DATE),
        signature,
        signed_headers=signed,
        payload_sha256=canonical.payload_sha256(
            request, canonical.only(headers, "x-acs-content-sha256")
        ),
        nonce=nonce,
        security_token=canonical.only(headers, "x-acs-security-token"),
        action=canonical.only(headers, "x-acs-action"),
        version=canonical.only(headers, "x-acs-version"),
    )


def verify(
    request: RawRequest, claim: Claim, secret: str, *, now: datetime, window_s: int = 900
) -> None:
    """Raise SignatureRefused, "skewed" or "mismatch", unless `secret` signed this request.

    The caller then remembers access key id and nonce for the window, and refuses them twice.
    """
    canonical.check_window(claim, now, window_s)
    headers = canonical.headers_of(request)
    expected = _signature(request, headers, claim.signed_headers, claim.payload_sha256, secret)
    canonical.check_signature(claim, secret, expected)


def _check(request: RawRequest, headers: canonical.Headers, signed: Sequence[str]) -> None:
    canonical.check_method(request)
    if request.target not in {"/", ""}:
        raise SignatureRefused("uncovered", "the signature covers no path but /")
    required = [*_ALWAYS, *(name for name in headers if name.startswith("x-acs-"))]
    if request.body and "content-type" in headers:
        required.append("content-type")
    canonical.check_coverage(headers, signed, required)
    canonical.refuse_repeats(canonical.query_pairs(request, plus_is_space=True))


def _signature(
    request: RawRequest,
    headers: canonical.Headers,
    signed: Sequence[str],
    payload: str,
    secret: str,
) -> str:
    digest = canonical.request_sha256(
        (request.method, "/"),
        query=canonical.query(canonical.query_pairs(request, plus_is_space=True)),
        headers=headers,
        signed=signed,
        payload_sha256=payload,
    )
    return hmac.digest(secret.encode(), f"{_ALGORITHM}\n{digest}".encode(), "sha256").hex()
