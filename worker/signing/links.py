"""Signed links of the embedded store: a query that opens one key for one method until a time.

The signature is HMAC-SHA256, in hex, over method, key and expiry (Unix seconds), a line each.
"""

import hashlib
import hmac
import re

_EXPIRES = re.compile(r"[0-9]{1,12}", re.ASCII)


def sign(*, method: str, key: str, expires_s: int, secret: str) -> str:
    """The query `expires=…&signature=…` of a link; `expires_s` is Unix time."""
    return f"expires={expires_s}&signature={_signature(method, key, str(expires_s), secret)}"


def verify(
    *, method: str, key: str, expires: str, signature: str, secret: str, now_s: float
) -> bool:
    """Whether the link's query, as it came, opens `key` for `method` at `now_s` (Unix time).

    An empty secret, which anyone could know, opens nothing.
    """
    if not secret or not _EXPIRES.fullmatch(expires):
        return False
    expected = _signature(method, key, expires, secret)
    genuine = hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogatepass"))
    return genuine and now_s < int(expires)


def _signature(method: str, key: str, expires: str, secret: str) -> str:
    text = f"{method}\n{key}\n{expires}".encode("utf-8", "surrogatepass")
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
