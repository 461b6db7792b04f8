"""The API of Huawei VOD as recording covers needs it: set one, upload one, look at one."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from urllib.parse import quote

from worker.errors import ProviderError
from worker.net.credentials import Lasting, Renewed, Supply
from worker.net.failures import Reason, RequestFailedError
from worker.net.temporary_keys import unix_s_of
from worker.net.vendor_calls import (
    VendorCalls,
    VendorClock,
    VendorHttp,
    host_of,
    origin_of,
    parts_of,
)
from worker.rules.huawei_answers import (
    Covered,
    UploadPlace,
    covered_of,
    error_of,
    request_id,
    storage_error_of,
    token_of,
    upload_place_of,
)
from worker.rules.vendor_answers import Reply
from worker.signing import sdk_hmac_sha256
from worker.signing.wire import AccessKey, RawRequest

Told = TypeVar("Told")

_JSON: Final = ("Content-Type", "application/json")
_STORED: Final = frozenset({200, 201, 204})
_MAX_PICTURE_BYTES: Final = 32 * 1024 * 1024
# Why a picture cannot be had now, but perhaps later.
_PASSING: Final[frozenset[Reason]] = frozenset({"timeout", "unreachable", "truncated"})
_PASSING_STATUSES: Final = frozenset({408, 425, 429})


class HuaweiVodClient:
    """One project at one endpoint. Safe to use from several threads.

    Calls are signed with an access key, or carry a token where `supply` gives tokens. Every method
    raises ProviderError.
    """

    def __init__(
        self,
        http: VendorHttp,
        base_url: str,
        project_id: str,
        supply: Supply[AccessKey] | Supply[str],
    ) -> None:
        self._origin = origin_of(base_url)
        self._root = f"/v1.0/{quote(project_id, safe='')}/asset"
        self._calls: VendorCalls[Any] = VendorCalls(http, self._origin, supply, VendorClock())

    def url_of(self, call: str) -> str:
        """Where a call goes: `/cover`, `/details`, or the root for none."""
        return f"{self._origin}{self._root}{call}"

    def set_cover(self, thumbnail_url: str) -> str | None:
        """Make a snapshot the cover of the asset that its URL names; the request id.

        Only 204 is success: every other answer below 400 leaves open what happened.
        """

        def refused(reply: Reply) -> ProviderError | None:
            done = reply.status == 204
            return None if done else error_of(reply, datetime.now(UTC), writes=True)

        body = {"thumbnailUrl": thumbnail_url}
        return request_id(self._call("PUT", "/cover", refused, body=body, writes=True))

    def cover(self, asset_id: str) -> Covered:
        """The cover that the asset's details tell."""
        query = f"asset_id={quote(asset_id, safe='~')}&categories=base_info"
        return self._told("GET", "/details", covered_of, query=query)

    def upload_place(self, asset_id: str, cover_type: str) -> UploadPlace:
        """Where to put a new cover of the asset; asking changes nothing that is shown."""
        body = {"asset_id": asset_id, "cover_type": cover_type}
        return self._told("PUT", "", upload_place_of, body=body)

    def _told(
        self,
        method: str,
        call: str,
        told_of: Callable[[Reply, datetime], Told],
        *,
        query: str = "",
        body: dict[str, str] | None = None,
    ) -> Told:
        """What the answer to a read tells."""

        def refused(reply: Reply) -> ProviderError | None:
            try:
                told_of(reply, datetime.now(UTC))
            except ProviderError as error:
                return error
            return None

        reply = self._call(method, call, refused, query=query, body=body)
        return told_of(reply, datetime.now(UTC))

    def _call(
        self,
        method: str,
        call: str,
        refused: Callable[[Reply], ProviderError | None],
        *,
        query: str = "",
        body: dict[str, str] | None = None,
        writes: bool = False,
    ) -> Reply:
        unsigned = RawRequest(
            method,
            f"{self._root}{call}",
            query,
            (("Host", host_of(self._origin)), _JSON),
            json.dumps(body).encode() if body is not None else b"",
        )

        def signed(credential: AccessKey | str, at: datetime) -> RawRequest:
            if isinstance(credential, str):
                token = ("X-Auth-Token", credential)
                return unsigned._replace(headers=(*unsigned.headers, token))
            return sdk_hmac_sha256.sign(unsigned, credential, at=at)

        return self._calls.call(signed, refused, writes=writes)


def huawei_tokens(
    http: VendorHttp, iam_url: str, project_id: str, keys: Supply[AccessKey]
) -> Renewed[str]:
    """Tokens of IAM for an access key (`hw_ak_sk`), scoped to the project, kept until they end."""
    origin = origin_of(iam_url)
    calls: VendorCalls[AccessKey] = VendorCalls(http, origin, keys, VendorClock())

    def asked(key: AccessKey, at: datetime) -> RawRequest:
        pair: dict[str, Any] = {"access": {"key": key.id}, "secret": {"key": key.secret}}
        if key.security_token is not None:
            pair["security_token"] = {"key": key.security_token}
        identity = {"methods": ["hw_ak_sk"], "hw_ak_sk": pair}
        told = {"auth": {"identity": identity, "scope": {"project": {"id": project_id}}}}
        headers = (("Host", host_of(origin)), _JSON)
        body = json.dumps(told).encode()
        return RawRequest("POST", "/v3/auth/tokens", "nocatalog=true", headers, body)

    def refused(reply: Reply) -> ProviderError | None:
        try:
            token_of(reply, datetime.now(UTC))
        except ProviderError as error:
            return error
        return None

    def fetch() -> Lasting[str]:
        reply = calls.call(asked, refused, writes=False)
        token, end = token_of(reply, datetime.now(UTC))
        return Lasting(token, unix_s_of(end))

    return Renewed(fetch)


class PictureStore:
    """Where Huawei VOD keeps covers: reached by signed URLs, without our credentials."""

    def __init__(self, uploads: VendorHttp, downloads: VendorHttp) -> None:
        self._uploads, self._downloads = uploads, downloads

    def put(self, place: UploadPlace, content_type: str, body: bytes) -> None:
        """Upload a cover; from then on it is the asset's."""
        reply = self._sent(self._uploads, "PUT", place.url, content_type, body)
        if reply.status not in _STORED:
            raise storage_error_of(reply, datetime.now(UTC))

    def get(self, url: str) -> bytes | None:
        """The picture at a URL that details tell; None where it can never be had from here.

        Raises: ProviderError where it can only not be had just now.
        """
        try:
            reply = self._sent(self._downloads, "GET", url)
        except ProviderError as error:
            failed = error.__cause__
            if isinstance(failed, RequestFailedError) and failed.reason in _PASSING:
                raise
            return None
        if reply.status in _PASSING_STATUSES or reply.status >= 500:
            raise storage_error_of(reply, datetime.now(UTC))
        return reply.body if reply.status == 200 else None

    def _sent(
        self, http: VendorHttp, method: str, url: str, content_type: str = "", body: bytes = b""
    ) -> Reply:
        origin, path, query = parts_of(url)
        headers = [("Host", host_of(origin))]
        headers += [("Content-Type", content_type)] if content_type else []
        request = RawRequest(method, path, query, tuple(headers), body)
        return http.send(origin, request, writes=method == "PUT", max_bytes=_MAX_PICTURE_BYTES)
