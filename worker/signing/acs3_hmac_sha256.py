"""Alibaba Cloud's ACS3-HMAC-SHA256 (signature version 3) for calls that are named, not routed.

Source: Alibaba Cloud, "V3 request structure and signature". Bearer mode, which signs nothing, and
the scheme's other algorithms are refused.
"""

import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from worker.signing import canonical
from worker.signing.wire import AccessKey, Claim, RawRequest, SignatureRefused

_ALGORITHM = "ACS3-HMAC-SHA256"
_AUTHORIZATION = re.compile(
    "ACS3-HMAC-SHA256 Credential=([^,]*), ?SignedHeaders=([a-z0-9;._-]+), ?Signature=([0-9a-f]{64})"
)
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
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

    Its own headers name host, x-acs-action and x-acs-version; those, content-type and every x-acs-
    header are covered. `nonce` is new for every call. Raises SignatureRefused where no verifier
    would take the result, ValueError where `at` has no zone.
    """
    payload = canonical.payload_sha256(request.body, None)
    sent = (
        *request.headers,
        ("x-acs-content-sha256", payload),
        ("x-acs-date", canonical.stamp(at)),
        ("x-acs-signature-nonce", nonce),
    )
    if key.security_token is not None:
        sent = (*sent, ("x-acs-security-token", key.security_token))
    headers = canonical.headers_of(sent)
    names = sorted(
        name for name in headers if name.startswith("x-acs-") or name in {"host", "content-type"}
    )
    parameters = _parameters(request)
    covered = canonical.covered(headers, names, _required(request, headers))
    signature = _signature(request, parameters, covered, payload, key.secret)
    value = (
        f"{_ALGORITHM} Credential={key.id},SignedHeaders={';'.join(names)},Signature={signature}"
    )
    return request._replace(headers=(*sent, ("Authorization", value)))


def read(request: RawRequest) -> Claim:
    """What the request says of itself; raises SignatureRefused before any secret is needed.

    Refused besides a bad form: bearer mode, other algorithms, any path but "/" (the signature does
    not cover it), x-acs- headers left out of the signature, repeated parameters or signed headers,
    a declared hash that is not the body's.
    """
    headers = canonical.headers_of(request.headers)
    parameters = _parameters(request)
    canonical.refuse_bearer(headers, parameters)
    access_key_id, signed, signature = canonical.authorization(headers, _AUTHORIZATION)
    covered = canonical.covered(headers, signed, _required(request, headers))
    canonical.refuse_repeats([*parameters, *(canonical.form_pairs(request, headers) or ())])
    return Claim(
        access_key_id,
        canonical.moment(covered["x-acs-date"], _DATE),
        signature,
        signed_headers=signed,
        payload_sha256=canonical.payload_sha256(request.body, covered["x-acs-content-sha256"]),
        nonce=canonical.visible("nonce", covered["x-acs-signature-nonce"]),
        security_token=covered.get("x-acs-security-token"),
        action=covered["x-acs-action"],
        version=covered["x-acs-version"],
    )


def verify(
    request: RawRequest, claim: Claim, secret: str, *, now: datetime, window_s: int = 900
) -> None:
    """Raise SignatureRefused, "skewed" or "mismatch", unless `secret` signed this request.

    The caller then remembers access key id and nonce for the window, and refuses them twice.
    """
    canonical.check_window(claim, now, window_s)
    headers = canonical.headers_of(request.headers)
    covered = canonical.covered(headers, claim.signed_headers, ())
    expected = _signature(request, _parameters(request), covered, claim.payload_sha256, secret)
    canonical.check_signature(claim, secret, expected)


def _required(request: RawRequest, headers: canonical.Headers) -> list[str]:
    required = [*_ALWAYS, *(name for name in headers if name.startswith("x-acs-"))]
    # Without a body, the vendor's asynchronous client sends a content type and does not sign it.
    return [*required, "content-type"] if request.body else required


def _parameters(request: RawRequest) -> list[canonical.Pair]:
    canonical.check_line(request)
    if request.target not in {"/", ""}:
        raise SignatureRefused("uncovered", "the signature covers no path but /")
    parameters = canonical.query_pairs(request.query, plus_is_space=True)
    canonical.refuse_repeats(parameters)
    return parameters


def _signature(
    request: RawRequest,
    parameters: Sequence[canonical.Pair],
    covered: Mapping[str, str],
    payload: str,
    secret: str,
) -> str:
    digest = canonical.request_sha256(
        request.method, "/", canonical.query(parameters), covered, payload
    )
    return hmac.digest(secret.encode(), f"{_ALGORITHM}\n{digest}".encode(), "sha256").hex()
