"""Opening albums and files of the fake of Tencent SMH."""

from contextlib import ExitStack
from typing import Any

import httpcore2
import pytest

from tests.fakes.smh_vendor import SmhVendor
from tests.worker.net.network import NAMES, Certificate
from worker.contracts.requests import AlbumReference, FileReference
from worker.errors import SourceError
from worker.net.guard import dial_address
from worker.ports import Reader, Tokens
from worker.sources.smh import SmhSource
from worker.state.connection import connect
from worker.state.tokens import VendorTokens


def smh_source(vendor: SmhVendor, tokens: Tokens, **how: Any) -> SmhSource:
    """A source with a profile that fits the fake; `how` says what is different."""
    given: dict[str, Any] = {
        "base_url": vendor.api_url,
        "library_id": vendor.library_id,
        "library_secret": vendor.secret,
        "public_read": False,
        "link_hosts": [vendor.storage_host],
        "allow_private_addresses": True,
        "first": "oldest",
        "token_period_s": 3600,
        "tokens": tokens,
        "connect_timeout_s": 2,
        "stall_timeout_s": 2,
        "total_timeout_s": 10,
        "max_bytes": 8 * 1024 * 1024,
        "max_redirects": 3,
    }
    return SmhSource(**{**given, **how})


def album(name: str | None = "trip", **how: Any) -> AlbumReference:
    return AlbumReference.model_validate(
        {"provider": "tencent_smh", "library_id": "smh1", "album": name, **how}
    )


def file(path: str = "trip/a.jpg", **how: Any) -> FileReference:
    return FileReference.model_validate(
        {"provider": "tencent_smh", "library_id": "smh1", "path": path, **how}
    )


class SmhOpener:
    """Opens references at the fake, and closes the readers when the test is over."""

    def __init__(self, vendor: SmhVendor, redis_url: str, closing: ExitStack) -> None:
        self.vendor = vendor
        self._redis = closing.enter_context(connect(redis_url, timeout_s=5, connect_timeout_s=5))
        self.tokens = VendorTokens(self._redis, vendor.secret)
        self._closing = closing

    def __call__(self, reference: AlbumReference | FileReference, **how: Any) -> Reader:
        reader = smh_source(self.vendor, self.tokens, **how).open(reference)
        self._closing.callback(reader.close)
        return reader

    def age_tokens(self, *, left_s: int) -> None:
        """Let what is left of every token's life be `left_s`."""
        for key in self._redis.scan_iter("ff:token:*"):
            self._redis.expire(key, left_s)

    def failure(self, reference: AlbumReference | FileReference, **how: Any) -> SourceError:
        """The error that opening and reading it all ends with."""
        with pytest.raises(SourceError) as caught:
            read_whole(self(reference, **how))
        return caught.value


def read_whole(reader: Reader) -> bytes:
    data = b""
    while piece := reader.read(len(data), 64 * 1024):
        data += piece
    return data


def over_tls(vendor: SmhVendor, certificate: Certificate) -> dict[str, Any]:
    """Let the fake be `public.test` on the internet, storage at its port 8443; what a source needs
    to find it there.
    """
    api_port, storage_port = vendor.ports
    vendor.encrypt(certificate.server, "public.test", storage_port=8443)
    listening = {443: api_port, 8443: storage_port}

    def dial(address: str, port: int, timeout_s: float) -> httpcore2.NetworkStream:
        return dial_address("127.0.0.1", listening[port], timeout_s)

    return {
        "base_url": vendor.api_url,
        "link_hosts": [vendor.storage_host, "private.test"],
        "allow_private_addresses": False,
        "resolve": lambda host, port: NAMES[host],
        "dial": dial,
        "ssl_context": certificate.client,
    }
