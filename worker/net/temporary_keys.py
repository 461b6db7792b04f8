"""Temporary access keys from the place that an operator names: a metadata server, or one like it.

The guard of sources is not in the way here: metadata servers are at the addresses it must refuse,
and `credentials_url` is the operator's own word.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import httpx2

from worker.errors import ProviderError
from worker.net.client import guarded_client
from worker.net.credentials import Fixed, Lasting, Renewed, Supply
from worker.net.deadline import left_s
from worker.net.failures import RequestFailedError, translated
from worker.net.guard import Access, resolve_within
from worker.net.stopwatch import Stopwatch
from worker.rules.addresses import address_of
from worker.signing.wire import AccessKey

_TIMEOUT_S: Final = 3.0
_TOTAL_S: Final = 6.0
_MAX_BYTES: Final = 64 * 1024
_LIFE_S: Final = 21_600


class _Metadata(NamedTuple):
    """How a cloud's metadata server wants to be asked for a token of its own first."""

    below: str
    token_path: str
    life_header: str
    token_header: str


# Huawei: ECS metadata; Alibaba: "Obtain a temporary authorization token" of an instance RAM role.
_METADATA: Final = (
    _Metadata(
        "/openstack/latest/",
        "/meta-data/latest/api/token",
        "X-Metadata-Token-Ttl-Seconds",
        "X-Metadata-Token",
    ),
    _Metadata(
        "/latest/meta-data/ram/",
        "/latest/api/token",
        "X-aliyun-ecs-metadata-token-ttl-seconds",
        "X-aliyun-ecs-metadata-token",
    ),
)
# Names of key id, secret, token and end: Huawei's metadata, its newer form, Alibaba's RAM role.
_FORMS: Final = (
    ("access", "secret", "securitytoken", "expires_at"),
    ("access_key_id", "secret_access_key", "security_token", "expiration"),
    ("AccessKeyId", "AccessKeySecret", "SecurityToken", "Expiration"),
)


class _Anywhere(Access):
    """No guard at all."""

    def check_url(self, url: httpx2.URL) -> None:
        """Every URL may be called."""

    def addresses(self, host: str, port: int, timeout_s: float) -> Sequence[str]:
        """All addresses of a host."""
        if address_of(host) is not None:
            return [host]
        return resolve_within(self.resolve, host, port, timeout_s)


class TemporaryKeys:
    """Asks `credentials_url` for a key: JSON as Huawei's or Alibaba's metadata servers give it.

    A URL of Alibaba's that ends in a slash lists the instance's role, whose key is below it.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    def fetch(self) -> Lasting[AccessKey]:
        """A key that is new, or still the same. Raises: ProviderError `provider.unavailable`."""
        try:
            stopwatch = Stopwatch(min(_TOTAL_S, left_s()))
            with (
                guarded_client(
                    _Anywhere(),
                    stopwatch,
                    connect_timeout_s=_TIMEOUT_S,
                    stall_timeout_s=_TIMEOUT_S,
                ) as client,
                stopwatch,
                translated(),
            ):
                return self._key(client)
        except RequestFailedError as failed:
            text = f"No credentials: credentials_url cannot be read ({failed.reason})."
            raise ProviderError("provider.unavailable", text) from failed

    def _key(self, client: httpx2.Client) -> Lasting[AccessKey]:
        headers = self._token_header(client)
        url, body = self._url, _read(client, self._url, headers)
        if url.endswith("/"):
            role = body.decode("ascii", "replace").split()[:1]
            body = _read(client, url + "".join(role), headers)
        return key_of(body)

    def _token_header(self, client: httpx2.Client) -> dict[str, str]:
        """What proves to a metadata server that we are no proxy; older ones know no such thing."""
        url = httpx2.URL(self._url)
        found = next((each for each in _METADATA if url.path.startswith(each.below)), None)
        if found is None:
            return {}
        place = url.copy_with(path=found.token_path, query=None)
        answer = client.put(place, headers={found.life_header: str(_LIFE_S)})
        told = answer.text.strip()
        known = answer.status_code == 200 and told.isascii() and told.isprintable()
        return {found.token_header: told} if known else {}


def _read(client: httpx2.Client, url: str, headers: dict[str, str]) -> bytes:
    with client.stream("GET", url, headers=headers) as answer:
        body = b""
        for piece in answer.iter_raw():
            body += piece
            if len(body) > _MAX_BYTES:
                break
    if answer.status_code != 200 or len(body) > _MAX_BYTES:
        text = f"No credentials: credentials_url answered with status {answer.status_code}."
        raise ProviderError("provider.unavailable", text)
    return body


def key_of(body: bytes) -> Lasting[AccessKey]:
    """The key that an answer tells. Raises: ProviderError where it tells none."""
    told: Any = None
    with suppress(ValueError, RecursionError):
        told = json.loads(body)
    told = told if isinstance(told, dict) else {}
    inner = told.get("credential") or told.get("credentials") or told
    if isinstance(inner, dict) and told.get("Code", "Success") == "Success":
        for names in _FORMS:
            access, secret, token, end = (_text(inner.get(name)) for name in names)
            if access and secret:
                return Lasting(AccessKey(access, secret, token), unix_s_of(end))
    raise ProviderError("provider.unavailable", "No credentials: credentials_url tells no key.")


def unix_s_of(told: object) -> float | None:
    """The Unix time that ISO 8601 text names, in UTC where it has no zone; None for others."""
    if not isinstance(told, str):
        return None
    try:
        at = datetime.fromisoformat(told)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def access_keys(key: AccessKey, credentials_url: str | None) -> Supply[AccessKey]:
    """The key of the settings, or those that `credentials_url` gives where one is set."""
    if credentials_url is None:
        return Fixed(key)
    return Renewed(TemporaryKeys(credentials_url).fetch)
