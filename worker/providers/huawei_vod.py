"""Covers of assets at Huawei VOD, as one of the vendor's snapshots or as uploaded pictures."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from worker.contracts.records import RecordedCover
from worker.contracts.targets import HuaweiVodTarget
from worker.errors import ProviderError
from worker.net.credentials import Supply
from worker.net.deadline import nothing_sent_after
from worker.net.huawei import HuaweiVodClient, PictureStore, huawei_tokens
from worker.net.temporary_keys import access_keys
from worker.net.vendor_calls import VendorHttp, Where, host_of, origin_of
from worker.ports.recording import CoverCopy, Receipt, Shown
from worker.rules.capabilities import fitting_url
from worker.rules.cover_urls import is_shown, without_query
from worker.signing.wire import AccessKey

# The vendor takes two formats, and wants each uploaded under its own content type.
_COVER_TYPES: Final = {"image/jpeg": "JPG", "image/png": "PNG"}
_HASH: Final = "#sha256="


@dataclass(kw_only=True)
class HuaweiVodProvider:
    """Sets covers in one project.

    `mode` `url`: the cover's URL is told, which the vendor documents for its own snapshots of the
    asset only. What it shows then is a URL: the same one, however it is signed, is this cover.
    `mode` `upload`: the bytes are put where UpdateAsset says. The vendor shows them under one URL,
    whichever they are, so reading back fetches them: the same SHA-256 is this cover. So is the
    picture that the vendor `remakes` of them, once its SHA-256 is known.
    """

    base_url: str
    project_id: str
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    security_token: str | None = field(default=None, repr=False)
    credentials_url: str | None = field(default=None, repr=False)
    auth: Literal["aksk", "token"] = "aksk"
    iam_url: str | None = None
    mode: Literal["url", "upload"] = "url"
    upload_hosts: Sequence[str] = (".myhuaweicloud.com",)
    timeout_s: float = 15
    allow_private_addresses: bool = False
    account: str = "huawei_vod"

    def __post_init__(self) -> None:
        self._opened: list[VendorHttp] = []
        key = AccessKey(self.access_key, self.secret_key, self.security_token)
        keys: Supply[AccessKey] = access_keys(key, self.credentials_url)
        supply: Supply[AccessKey] | Supply[str] = keys
        if self.auth == "token":
            assert self.iam_url is not None
            iam = self._http((host_of(origin_of(self.iam_url)),))
            supply = huawei_tokens(iam, self.iam_url, self.project_id, keys)
        api = self._http((host_of(origin_of(self.base_url)),))
        self._client = HuaweiVodClient(api, self.base_url, self.project_id, supply)
        self._pictures = PictureStore(self._http(tuple(self.upload_hosts)), self._http(None))

    def _http(self, hosts: tuple[str, ...] | None) -> VendorHttp:
        """Connections to some hosts; pictures are read from wherever the vendor shows them."""
        where = Where(
            hosts,
            https_only=hosts is not None and self.base_url.startswith("https:"),
            allow_private_addresses=self.allow_private_addresses,
        )
        http = VendorHttp(f"Huawei VOD ({self.account})", where, timeout_s=self.timeout_s)
        self._opened.append(http)
        return http

    @property
    def remakes(self) -> bool:
        """Whether uploads are kept as they are, no page says."""
        return self.mode == "upload"

    def record(self, target: HuaweiVodTarget, copy: CoverCopy) -> Receipt:
        """Set the cover. Raises: ProviderError; asking where to upload to is no write yet."""
        with nothing_sent_after(copy.until_s):
            if self.mode == "upload":
                return self._uploaded(target.asset_id, copy)
            url = fitting_url("huawei_vod", copy.cover.url)
            return Receipt(self._client.set_cover(url), url)

    def _uploaded(self, asset_id: str, copy: CoverCopy) -> Receipt:
        kind, picture = _cover_type(copy.cover), copy.read()
        place = self._client.upload_place(asset_id, kind)
        self._pictures.put(place, copy.cover.content_type, picture)
        return Receipt(place.request_id)

    def read(self, target: HuaweiVodTarget) -> Shown | None:
        """The cover of the asset's details, with the SHA-256 of its bytes behind uploads.

        None where those bytes cannot be had from here: then nobody can tell which cover it is.
        """
        covered = self._client.cover(target.asset_id)
        if covered.url is None:
            return Shown(None, covered.request_id)
        url = without_query(covered.url)
        if self.mode == "url":
            return Shown(url, covered.request_id)
        picture = self._pictures.get(covered.url)
        if picture is None:
            return None
        return Shown(f"{url}{_HASH}{hashlib.sha256(picture).hexdigest()}", covered.request_id)

    def shows(
        self, shown: Shown, copy: CoverCopy, target: HuaweiVodTarget, reference: str | None
    ) -> bool:
        """By the URL, or behind uploads by the bytes: ours, or those it is known to be shown as."""
        if shown.reference is None:
            return False
        if self.mode == "upload":
            sha256 = shown.reference.rpartition(_HASH)[2]
            return sha256 in (copy.cover.sha256, (reference or "").rpartition(_HASH)[2])
        return copy.cover.url is not None and is_shown(copy.cover.url, shown.reference)

    def would_send(self, target: HuaweiVodTarget, cover: RecordedCover) -> Mapping[str, Any]:
        """The call that sets the cover; behind uploads the one that asks where to put it."""
        if self.mode == "url":
            url = fitting_url("huawei_vod", cover.url)
            told = {"thumbnailUrl": url}
            return {"method": "PUT", "url": self._client.url_of("/cover"), "body": told}
        told = {"asset_id": target.asset_id, "cover_type": _cover_type(cover)}
        upload = {
            "method": "PUT",
            "url": "cover_upload_url of the answer",
            "headers": {"Content-Type": cover.content_type},
            "body": f"{cover.bytes} bytes of SHA-256 {cover.sha256}",
        }
        return {"method": "PUT", "url": self._client.url_of(""), "body": told, "then": upload}

    def close(self) -> None:
        """End the connections."""
        for http in self._opened:
            http.close()


def _cover_type(cover: RecordedCover) -> str:
    if cover.content_type not in _COVER_TYPES:
        text = f"Huawei VOD takes JPEG and PNG covers, not {cover.content_type}."
        raise ProviderError("provider.unsupported", text)
    return _COVER_TYPES[cover.content_type]
