"""Plain clients of the vendors: what somebody else's program at the same vendor would send."""

import base64
import hashlib
import hmac
import http.client
import json
import time
import uuid
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from tests.fakes.huawei_signatures import ALGORITHM, canonical
from tests.fakes.running import ACCESS_KEY, PROJECT_ID, SECRET_KEY
from tests.fakes.wire import Request


class Told(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def call(
    url: str, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b""
) -> Told:
    """One request on a connection of its own; faults of the connection are OSErrors."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        connection.request(method, target, body, headers or {})
        answer = connection.getresponse()
        named = {name.lower(): value for name, value in answer.getheaders()}
        return Told(answer.status, named, answer.read())
    finally:
        connection.close()


def huawei(
    url: str,
    method: str,
    target: str,
    told: Any = None,
    *,
    secret: str = SECRET_KEY,
    access_key: str = ACCESS_KEY,
    late_s: float = 0,
    headers: dict[str, str] | None = None,
) -> Told:
    """A call that is signed with SDK-HMAC-SHA256; `target` is behind the project's path."""
    target = f"/v1.0/{PROJECT_ID}{target}"
    body = b"" if told is None else json.dumps(told).encode()
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() - late_s))
    named = {
        "content-type": "application/json",
        "host": urlsplit(url).netloc,
        "x-sdk-date": date,
        **(headers or {}),
    }
    request = Request(method, target, tuple(sorted(named.items())), body)
    hashed = hashlib.sha256(canonical(request, sorted(named))).hexdigest()
    text = f"{ALGORITHM}\n{date}\n{hashed}".encode()
    signature = hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
    listed = ";".join(sorted(named))
    named["authorization"] = (
        f"{ALGORITHM} Access={access_key}, SignedHeaders={listed}, Signature={signature}"
    )
    return call(url, method, target, named, body)


def acs3_headers(
    host: str, told: dict[str, str], version: str, action: str, *, late_s: float = 0
) -> dict[str, str]:
    """The headers of a POST at `/` whose parameters are in the query, signature not yet there."""
    return {
        "host": host,
        "x-acs-action": action,
        "x-acs-version": version,
        "x-acs-date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - late_s)),
        "x-acs-signature-nonce": uuid.uuid4().hex,
        "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
    }


def sign_acs3(
    named: dict[str, str], told: dict[str, str], secret: str = SECRET_KEY, key: str = ACCESS_KEY
) -> None:
    """Put the Authorization of ACS3-HMAC-SHA256 beside the headers, all of which it covers."""
    listed = ";".join(sorted(named))
    lines = [
        "POST",
        "/",
        "&".join(f"{n}={v}" for n, v in sorted((_quoted(n), _quoted(v)) for n, v in told.items())),
        "".join(f"{name}:{named[name]}\n" for name in sorted(named)),
        listed,
        named["x-acs-content-sha256"],
    ]
    canonical_hash = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    text = f"ACS3-HMAC-SHA256\n{canonical_hash}".encode()
    signature = hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
    named["Authorization"] = (
        f"ACS3-HMAC-SHA256 Credential={key},SignedHeaders={listed},Signature={signature}"
    )


def acs3(
    url: str,
    version: str,
    action: str,
    told: dict[str, str],
    *,
    secret: str = SECRET_KEY,
    access_key: str = ACCESS_KEY,
    late_s: float = 0,
    headers: dict[str, str] | None = None,
) -> Told:
    """A call that is signed with ACS3-HMAC-SHA256."""
    named = acs3_headers(urlsplit(url).netloc, told, version, action, late_s=late_s)
    named.update(headers or {})
    sign_acs3(named, told, secret, access_key)
    return call(url, "POST", f"/?{urlencode(told)}", named)


def rpc_v1(
    url: str, version: str, action: str, told: dict[str, str], *, secret: str = SECRET_KEY
) -> Told:
    """A GET that is signed as RPC v1, HMAC-SHA1."""
    named = {
        "Format": "JSON",
        "Action": action,
        "Version": version,
        "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "SignatureNonce": uuid.uuid4().hex,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "AccessKeyId": ACCESS_KEY,
        **told,
    }
    joined = "&".join(f"{_quoted(name)}={_quoted(named[name])}" for name in sorted(named))
    text = f"GET&%2F&{_quoted(joined)}".encode()
    digest = hmac.new(f"{secret}&".encode(), text, hashlib.sha1).digest()
    named["Signature"] = base64.b64encode(digest).decode()
    return call(url, "GET", f"/?{urlencode(named)}")


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")
