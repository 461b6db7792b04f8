"""Covers of media at Alibaba MPS and of videos at Alibaba VOD: two products behind one API."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, NamedTuple

from worker.contracts.records import RecordedCover
from worker.contracts.targets import AlibabaMpsTarget, AlibabaVodTarget
from worker.net.alibaba import MPS_VERSION, VOD_VERSION, AlibabaClient, Signature
from worker.net.deadline import nothing_sent_after
from worker.net.temporary_keys import access_keys
from worker.net.vendor_calls import VendorHttp, Where, host_of, origin_of
from worker.ports.recording import CoverCopy, Receipt, Shown
from worker.rules.alibaba_answers import Covered
from worker.rules.capabilities import fitting_url
from worker.rules.cover_urls import is_shown, without_query
from worker.rules.records import target_id
from worker.signing.wire import AccessKey

AlibabaTarget = AlibabaMpsTarget | AlibabaVodTarget


class _Product(NamedTuple):
    """The call by which a product sets a cover, as it is sent and as our client makes it."""

    version: str
    action: str
    id_name: str
    set_cover: Callable[[AlibabaClient, str, str], str | None]
    cover: Callable[[AlibabaClient, str], Covered]


_PRODUCTS: Final = {
    "alibaba_mps": _Product(
        MPS_VERSION,
        "UpdateMediaCover",
        "MediaId",
        AlibabaClient.set_media_cover,
        AlibabaClient.media_cover,
    ),
    "alibaba_vod": _Product(
        VOD_VERSION,
        "UpdateVideoInfo",
        "VideoId",
        AlibabaClient.set_video_cover,
        AlibabaClient.video_cover,
    ),
}


@dataclass(kw_only=True)
class AlibabaProvider:
    """Sets covers of one account, at the product that the target names. What is shown is a URL: the
    same one, however it is signed and under either scheme, is this cover.
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
    account: str = "alibaba"

    def __post_init__(self) -> None:
        where = Where(
            (host_of(origin_of(self.base_url)),),
            https_only=self.base_url.startswith("https:"),
            allow_private_addresses=self.allow_private_addresses,
        )
        key = AccessKey(self.access_key, self.secret_key, self.security_token)
        self._client = AlibabaClient(
            VendorHttp(f"Alibaba ({self.account})", where, timeout_s=self.timeout_s),
            self.base_url,
            access_keys(key, self.credentials_url),
            self.signature,
        )

    def record(self, target: AlibabaTarget, copy: CoverCopy) -> Receipt:
        """Set the cover. Raises: ProviderError, `provider.url_unfit` before anything is sent."""
        url = fitting_url(target.provider, copy.cover.url)
        product = _PRODUCTS[target.provider]
        with nothing_sent_after(copy.until_s):
            return Receipt(product.set_cover(self._client, target_id(target), url), url)

    def read(self, target: AlibabaTarget) -> Shown:
        """The cover that QueryMediaList or GetVideoInfo tells. Raises: ProviderError."""
        covered = _PRODUCTS[target.provider].cover(self._client, target_id(target))
        url = without_query(covered.url) if covered.url is not None else None
        return Shown(url, covered.request_id)

    def shows(
        self, shown: Shown, copy: CoverCopy, target: AlibabaTarget, reference: str | None
    ) -> bool:
        """By the URL."""
        if shown.reference is None or copy.cover.url is None:
            return False
        return is_shown(copy.cover.url, shown.reference)

    def would_send(self, target: AlibabaTarget, cover: RecordedCover) -> Mapping[str, Any]:
        """The call without what is of one attempt: time, nonce, signature."""
        product, url = _PRODUCTS[target.provider], fitting_url(target.provider, cover.url)
        return {
            "method": "POST",
            "url": f"{self._client.origin}/",
            "action": product.action,
            "version": product.version,
            "parameters": {product.id_name: target_id(target), "CoverURL": url},
        }

    def close(self) -> None:
        """End the connections."""
        self._client.close()
