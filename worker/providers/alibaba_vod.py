"""Covers of videos at Alibaba VOD, by UpdateVideoInfo."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from worker.contracts.records import RecordedCover
from worker.contracts.targets import AlibabaVodTarget
from worker.net.alibaba import VOD_VERSION, AlibabaClient, Signature
from worker.net.deadline import nothing_sent_after
from worker.net.temporary_keys import access_keys
from worker.net.vendor_calls import VendorHttp, Where, host_of, origin_of
from worker.ports.recording import CoverCopy, Receipt, Shown
from worker.rules.capabilities import fitting_url
from worker.rules.cover_urls import is_shown, without_query
from worker.signing.wire import AccessKey


@dataclass(kw_only=True)
class AlibabaVodProvider:
    """Sets covers of one account. What is shown is a URL: the same one, however it is signed and
    under either scheme, is this cover.
    """

    remakes: ClassVar[bool] = False
    base_url: str
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    security_token: str | None = field(default=None, repr=False)
    credentials_url: str | None = field(default=None, repr=False)
    signature: Signature = "acs3"
    timeout_s: float = 15
    allow_private_addresses: bool = False
    account: str = "alibaba_vod"

    def __post_init__(self) -> None:
        where = Where(
            (host_of(origin_of(self.base_url)),),
            https_only=self.base_url.startswith("https:"),
            allow_private_addresses=self.allow_private_addresses,
        )
        key = AccessKey(self.access_key, self.secret_key, self.security_token)
        self._client = AlibabaClient(
            VendorHttp(f"Alibaba VOD ({self.account})", where, timeout_s=self.timeout_s),
            self.base_url,
            access_keys(key, self.credentials_url),
            self.signature,
        )

    def record(self, target: AlibabaVodTarget, copy: CoverCopy) -> Receipt:
        """Set the cover. Raises: ProviderError, `provider.url_unfit` before anything is sent."""
        url = fitting_url("alibaba_vod", copy.cover.url)
        with nothing_sent_after(copy.until_s):
            return Receipt(self._client.set_video_cover(target.video_id, url), url)

    def read(self, target: AlibabaVodTarget) -> Shown:
        """The cover that GetVideoInfo tells. Raises: ProviderError."""
        covered = self._client.video_cover(target.video_id)
        url = without_query(covered.url) if covered.url is not None else None
        return Shown(url, covered.request_id)

    def shows(
        self, shown: Shown, copy: CoverCopy, target: AlibabaVodTarget, reference: str | None
    ) -> bool:
        """By the URL."""
        if shown.reference is None or copy.cover.url is None:
            return False
        return is_shown(copy.cover.url, shown.reference)

    def would_send(self, target: AlibabaVodTarget, cover: RecordedCover) -> Mapping[str, Any]:
        """The call without what is of one attempt: time, nonce, signature."""
        url = fitting_url("alibaba_vod", cover.url)
        return {
            "method": "POST",
            "url": f"{self._client.origin}/",
            "action": "UpdateVideoInfo",
            "version": VOD_VERSION,
            "parameters": {"VideoId": target.video_id, "CoverURL": url},
        }

    def close(self) -> None:
        """End the connections."""
        self._client.close()
