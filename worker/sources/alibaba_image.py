"""Images uploaded to Alibaba VOD, found by their ids with a profile's credentials."""

import ssl
from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final

from worker.contracts.requests import VendorImageReference
from worker.errors import ProviderError, SourceError
from worker.net.alibaba import AlibabaClient, Signature
from worker.net.client import guarded_client
from worker.net.guard import Access, Dial, Resolve, dial_address, resolve_name
from worker.net.patience import patiently
from worker.net.stopwatch import Stopwatch
from worker.net.temporary_keys import access_keys
from worker.net.vendor_calls import VendorHttp, Where, host_of, origin_of
from worker.ports import Reader
from worker.rules.alibaba_answers import ImageInfo
from worker.signing.wire import AccessKey
from worker.sources.http_link import Link
from worker.sources.http_readers import Bounds, open_link

_CODES: Final = {
    "provider.auth": "source.forbidden",
    "provider.not_found": "source.not_found",
    "provider.throttled": "source.throttled",
    "provider.unavailable": "source.server_error",
}
_MAY_PASS: Final = frozenset({"source.throttled", "source.server_error"})
_LINK_S: Final = 3600


@dataclass(kw_only=True)
class AlibabaImageSource:
    """Opens images of one profile's account; `link_hosts` are where their URLs may lead.

    The URL asked for is that of OSS: it is signed where its bucket is private, and its host is the
    vendor's, where that of the CDN is a domain of the account.
    """

    base_url: str
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    security_token: str | None = field(default=None, repr=False)
    credentials_url: str | None = field(default=None, repr=False)
    signature: Signature = "acs3"
    timeout_s: float = 15
    link_hosts: Collection[str]
    connect_timeout_s: float
    stall_timeout_s: float
    total_timeout_s: float
    max_bytes: int
    max_redirects: int = 3
    keep_read_bytes: int | None = None
    allow_private_addresses: bool = False
    resolve: Resolve = resolve_name
    dial: Dial = dial_address
    ssl_context: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        key = AccessKey(self.access_key, self.secret_key, self.security_token)
        self._keys = access_keys(key, self.credentials_url)

    def open(self, reference: VendorImageReference) -> Reader:
        """Ask where the image is and fetch its head. Raises: SourceError."""
        stopwatch = Stopwatch(self.total_timeout_s)
        link = self._link(self._url(reference, stopwatch), stopwatch)

        def renewed() -> str:
            link.requests += 1
            return self._url(reference, stopwatch)

        link.renewed = renewed
        try:
            reader = open_link(link, Bounds(self.max_bytes, self.keep_read_bytes))
        except BaseException as error:
            link.client.close()
            if isinstance(error, SourceError) and error.code == "source.url_not_allowed":
                text = f"Alibaba VOD's URL leads where link_hosts do not allow. {error.message}"
                raise SourceError(error.code, text) from error
            raise
        link.requests += 1
        reader.label = f"alibaba_vod:{reference.image_id}"
        return reader

    def _url(self, reference: VendorImageReference, stopwatch: Stopwatch) -> str:
        """The image's URL. Raises: SourceError."""

        def ask() -> ImageInfo:
            with stopwatch:
                return self._image(reference.image_id, stopwatch.left_s)

        found = patiently(stopwatch, lambda error: error.code in _MAY_PASS, ask)
        if found.status == "Uploading":
            raise SourceError("source.not_found", "The image is still being uploaded.")
        if not found.url:
            raise SourceError("source.not_found", "Alibaba VOD tells no URL of the image.")
        return found.url

    def _image(self, image_id: str, left_s: float) -> ImageInfo:
        where = Where(
            (host_of(origin_of(self.base_url)),),
            https_only=self.base_url.startswith("https:"),
            allow_private_addresses=self.allow_private_addresses,
            resolve=self.resolve,
            dial=self.dial,
            ssl_context=self.ssl_context,
        )
        http = VendorHttp("Alibaba VOD", where, timeout_s=max(min(self.timeout_s, left_s), 0.001))
        with closing(AlibabaClient(http, self.base_url, self._keys, self.signature)) as client:
            try:
                return client.image(image_id, output_type="oss", auth_timeout_s=_LINK_S)
            except ProviderError as error:
                code = _CODES.get(error.code, "source.rejected")
                raise SourceError(code, error.message, delay_s=error.delay_s) from error

    def _link(self, url: str, stopwatch: Stopwatch) -> Link:
        access = Access(
            allow_private_addresses=self.allow_private_addresses,
            hosts=tuple(self.link_hosts),
            resolve=self.resolve,
            dial=self.dial,
        )
        client = guarded_client(
            access,
            stopwatch,
            connect_timeout_s=self.connect_timeout_s,
            stall_timeout_s=self.stall_timeout_s,
            ssl_context=self.ssl_context,
        )
        return Link(url, client, stopwatch, self.max_redirects, is_storage=True)
