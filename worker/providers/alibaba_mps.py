"""Covers of media at Alibaba MPS, by UpdateMediaCover."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from worker.contracts.records import RecordedCover
from worker.contracts.targets import AlibabaMpsTarget
from worker.net.alibaba import MPS_VERSION, AlibabaClient, Signature
from worker.net.deadline import nothing_sent_after
from worker.net.temporary_keys import access_keys
from worker.net.vendor_calls import VendorHttp, Where, host_of, origin_of
from worker.ports.recording import CoverCopy, Receipt, Shown
from worker.rules.capabilities import fitting_url
from worker.rules.cover_urls import is_shown, without_query
from worker.signing.wire import AccessKey


@dataclass(kw_only=True)
class AlibabaMpsProvider:
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
    account: str = "alibaba_mps"

    def __post_init__(self) -> None:
        where = Where(
            (host_of(origin_of(self.base_url)),),
            https_only=self.base_url.startswith("https:"),
            allow_private_addresses=self.allow_private_addresses,
        )
        key = AccessKey(self.access_key, self.secret_key, self.security_token)
        self._client = AlibabaClient(
            VendorHttp(f"Alibaba MPS ({self.account})", where, timeout_s=self.timeout_s),
            self.base_url,
            access_keys(key, self.credentials_url),
            self.signature,
        )

    def record(self, target: AlibabaMpsTarget, copy: CoverCopy) -> Receipt:
        """Set the cover. Raises: ProviderError, `provider.url_unfit` before anything is sent."""
        url = fitting_url("alibaba_mps", copy.cover.url)
        with nothing_sent_after(copy.until_s):
            return Receipt(self._client.set_media_cover(target.media_id, url), url)

    def read(self, target: AlibabaMpsTarget) -> Shown:
        """The cover that QueryMediaList tells. Raises: ProviderError."""
        covered = self._client.media_cover(target.media_id)
        url = without_query(covered.url) if covered.url is not None else None
        return Shown(url, covered.request_id)

    def shows(
        self, shown: Shown, copy: CoverCopy, target: AlibabaMpsTarget, reference: str | None
    ) -> bool:
        """By the URL."""
        if shown.reference is None or copy.cover.url is None:
            return False
        return is_shown(copy.cover.url, shown.reference)

    def would_send(self, target: AlibabaMpsTarget, cover: RecordedCover) -> Mapping[str, Any]:
        """The call without what is of one attempt: time, nonce, signature."""
        url = fitting_url("alibaba_mps", cover.url)
        return {
            "method": "POST",
            "url": f"{self._client.origin}/",
            "action": "UpdateMediaCover",
            "version": MPS_VERSION,
            "parameters": {"MediaId": target.media_id, "CoverURL": url},
        }

    def close(self) -> None:
        """End the connections."""
        self._client.close()
