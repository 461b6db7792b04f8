"""Alibaba Cloud's RPC signature, version 1.0: HMAC-SHA1 over a call's parameters.

Source: ApsaraVideo VOD, "Signature method". Neither host nor headers are covered, so everything
that matters is taken from the parameters of query and form, never from a header.
"""

import base64
import hmac
import re
from datetime import datetime
from urllib.parse import unquote_to_bytes

from worker.signing import canonical
from worker.signing.wire import AccessKey, Claim, RawRequest, SignatureRefused

_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_SIGNATURE = re.compile("[A-Za-z0-9+/]{27}=")


def sign(request: RawRequest, key: AccessKey, *, at: datetime, nonce: str) -> RawRequest:
    """The request with the scheme's own parameters and Signature in its query.

    Action, Version and Format are the caller's, in the query or a form; `nonce` is new for every
    call. Raises SignatureRefused where no verifier would take the result, ValueError where `at`
    has no zone.
    """
    in_query = [
        *canonical.query_pairs(request.query, plus_is_space=True),
        ("AccessKeyId", canonical.encoded(key.id.encode())),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureNonce", canonical.encoded(nonce.encode())),
        ("SignatureVersion", "1.0"),
        ("Timestamp", canonical.stamp(at).replace(":", "%3A")),
    ]
    if key.security_token is not None:
        in_query.append(("SecurityToken", canonical.encoded(key.security_token.encode())))
    in_form = _form(request, canonical.headers_of(request.headers))
    _check(request, [*in_query, *in_form])
    query = canonical.query(in_query)
    covered = canonical.query([*in_query, *in_form]) if in_form else query
    signature = canonical.encoded(_signature(request.method, covered, key.secret).encode())
    return request._replace(query=f"{query}&Signature={signature}")


def read(request: RawRequest) -> Claim:
    """What the request says of itself; raises SignatureRefused before any secret is needed.

    Refused besides a bad form: bearer mode, other methods of signing, repeated parameters, any
    path but "/" (the signature does not cover it), and a body that is no form.
    """
    headers = canonical.headers_of(request.headers)
    parameters = _parameters(request, headers)
    canonical.refuse_bearer(headers, parameters)
    _check(request, parameters)
    # As text of the wire, like headers; other values than these are none of a signature's affair.
    given = {name: unquote_to_bytes(value).decode("latin-1") for name, value in parameters}
    signature = given.get("Signature")
    if not signature:
        raise SignatureRefused("missing", "there is no parameter Signature")
    if given.get("SignatureMethod") != "HMAC-SHA1" or given.get("SignatureVersion") != "1.0":
        raise SignatureRefused("algorithm", "only HMAC-SHA1 of signature version 1.0 counts")
    if not _SIGNATURE.fullmatch(signature):
        raise SignatureRefused("malformed", "Signature is not an HMAC-SHA1 in base64")
    return Claim(
        canonical.visible("access key id", given.get("AccessKeyId")),
        canonical.moment(given.get("Timestamp"), _DATE),
        signature,
        nonce=canonical.visible("nonce", given.get("SignatureNonce")),
        security_token=given.get("SecurityToken"),
        action=given.get("Action"),
        version=given.get("Version"),
    )


def verify(
    request: RawRequest, claim: Claim, secret: str, *, now: datetime, window_s: int = 900
) -> None:
    """Raise SignatureRefused, "skewed" or "mismatch", unless `secret` signed this request.

    The caller then remembers access key id and nonce for the window, and refuses them twice.
    """
    canonical.check_window(claim, now, window_s)
    parameters = _parameters(request, canonical.headers_of(request.headers))
    covered = [pair for pair in parameters if pair[0] != "Signature"]
    expected = _signature(request.method, canonical.query(covered), secret)
    canonical.check_signature(claim, secret, expected)


def _check(request: RawRequest, parameters: list[canonical.Pair]) -> None:
    canonical.check_line(request)
    if request.target not in {"/", ""}:
        raise SignatureRefused("uncovered", "the signature covers no path but /")
    canonical.refuse_repeats(parameters)


def _parameters(request: RawRequest, headers: canonical.Headers) -> list[canonical.Pair]:
    return canonical.query_pairs(request.query, plus_is_space=True) + _form(request, headers)


def _form(request: RawRequest, headers: canonical.Headers) -> list[canonical.Pair]:
    pairs = canonical.form_pairs(request, headers)
    if pairs is None:
        raise SignatureRefused("payload", "the body is not a form, and not covered then")
    return pairs


def _signature(method: str, parameters: str, secret: str) -> str:
    # Encoding what is encoded already only meets the characters that encoding made or left.
    twice = parameters.replace("%", "%25").replace("=", "%3D").replace("&", "%26")
    digest = hmac.digest(f"{secret}&".encode(), f"{method}&%2F&{twice}".encode(), "sha1")
    return base64.b64encode(digest).decode()
