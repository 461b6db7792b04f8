"""Covers left at Tencent SMH, which makes its covers itself and has no call that sets one."""

import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, Literal

from worker.contracts.records import RecordedCover
from worker.contracts.targets import SmhTarget
from worker.contracts.tokens import VendorToken
from worker.errors import ProviderError, SourceError
from worker.net.client import guarded_client
from worker.net.deadline import left_s, nothing_sent_after
from worker.net.guard import Dial, Resolve, dial_address, resolve_name
from worker.net.smh import SmhClient
from worker.net.smh_writes import SmhWriter, Space
from worker.net.stopwatch import Stopwatch
from worker.net.vendor_calls import VendorHttp, Where, host_of, origin_of
from worker.ports import Tokens
from worker.ports.recording import CoverCopy, Receipt, Shown
from worker.rules.capabilities import fitting_url
from worker.rules.crc64 import Crc64
from worker.rules.smh_answers import SmhRefusedError
from worker.rules.smh_writes import beside, labelled_url, labels_with, parts_of

# The least that the vendor's pages ask for: uploads that may overwrite, and labels.
_GRANTS = {"beside": "upload_file_force", "label": "space_admin"}
_JPEG = "image/jpeg"


@dataclass(kw_only=True)
class TencentSmhProvider:
    """Leaves covers in one library.

    `mode` `beside`: the cover is uploaded beside the file, over an earlier one; it is known by its
    CRC-64. `mode` `label`: its URL becomes a label of the file, `cover:` before it. Labels can only
    be replaced together: one that somebody else sets in the same moment may be lost.
    """

    remakes: ClassVar[bool] = False
    base_url: str
    library_id: str
    library_secret: str = field(repr=False)
    link_hosts: Sequence[str]
    token_period_s: int
    tokens: Tokens
    mode: Literal["none", "beside", "label"] = "none"
    timeout_s: float = 15
    allow_private_addresses: bool = False
    account: str = "tencent_smh"
    resolve: Resolve = resolve_name
    dial: Dial = dial_address
    ssl_context: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        own_host = (host_of(origin_of(self.base_url)),)
        self._own = self._where(own_host)
        self._api = self._http(self._own)
        self._storage = self._http(self._where(tuple(self.link_hosts)))
        self._writer = SmhWriter(
            self._api, self._storage, self.base_url, self.library_id, self._token
        )

    def _where(self, hosts: tuple[str, ...]) -> Where:
        return Where(
            hosts,
            https_only=self.base_url.startswith("https:"),
            allow_private_addresses=self.allow_private_addresses,
            resolve=self.resolve,
            dial=self.dial,
            ssl_context=self.ssl_context,
        )

    def _http(self, where: Where) -> VendorHttp:
        return VendorHttp(f"Tencent SMH ({self.account})", where, timeout_s=self.timeout_s)

    def record(self, target: SmhTarget, copy: CoverCopy) -> Receipt:
        """Leave the cover. Raises: ProviderError; until the last call nothing has changed."""
        space, path = self._place(target), parts_of(target.path)
        with nothing_sent_after(copy.until_s):
            return self._left(space, path, copy)

    def _left(self, space: Space, path: tuple[str, ...], copy: CoverCopy) -> Receipt:
        if self.mode == "label":
            url = fitting_url("tencent_smh", copy.cover.url)
            labels = labels_with(self._writer.labels(space, path), url)
            return Receipt(self._writer.set_labels(space, path, labels), url)
        _check_type(copy.cover)
        if self._writer.facts(space, path) is None:
            raise ProviderError("provider.not_found", "Tencent SMH has no such file.")
        data = copy.read()
        return Receipt(self._writer.upload(space, beside(path), data), _reference(_crc64(data)))

    def read(self, target: SmhTarget) -> Shown | None:
        """The CRC-64 of the file beside, or the URL in the label.

        None where the vendor tells no CRC-64: then nobody can tell which cover it is.
        """
        space, path = self._place(target), parts_of(target.path)
        if self.mode == "label":
            return Shown(labelled_url(self._writer.labels(space, path)))
        facts = self._writer.facts(space, beside(path))
        if facts is None:
            return Shown(None)
        return Shown(_reference(facts.crc64)) if facts.crc64 else None

    def shows(
        self, shown: Shown, copy: CoverCopy, target: SmhTarget, reference: str | None
    ) -> bool:
        """By the URL, or by the bytes where no receipt told their CRC-64."""
        if shown.reference is None:
            return False
        if self.mode == "label":
            return shown.reference == copy.cover.url
        return shown.reference == (reference or _reference(_crc64(copy.read())))

    def would_send(self, target: SmhTarget, cover: RecordedCover) -> Mapping[str, Any]:
        """The call that changes something, and what goes to storage before it."""
        space, path = self._place(target), parts_of(target.path)
        if self.mode == "label":
            told = {"labels": labels_with([], fitting_url("tencent_smh", cover.url))}
            url = self._writer.url_of("directory", space, path)
            return {"method": "POST", "url": f"{url}?update=1", "body": told}
        _check_type(cover)
        url = self._writer.url_of("file", space, beside(path))
        body = f"{cover.bytes} bytes of SHA-256 {cover.sha256}"
        return {"method": "PUT", "url": f"{url}?conflict_resolution_strategy=overwrite"} | {
            "then": {"method": "PUT", "url": "domain and path of the answer", "body": body}
        }

    def close(self) -> None:
        """End the connections."""
        self._api.close()
        self._storage.close()

    def _place(self, target: SmhTarget) -> Space:
        if self.mode == "none":
            raise ProviderError("provider.unsupported")
        if target.library_id != self.library_id:
            text = "That is not the library of the profile."
            raise ProviderError("provider.not_allowed", text)
        return Space(target.space_id, target.user_id)

    def _token(self, space: Space, refused: str | None) -> str:
        """A token for writing, from what all workers share; tokens for reading are others."""
        who = (self.account, origin_of(self.base_url), self.library_id)
        scope = "\n".join([*who, space.space_id, space.user_id or "", _GRANTS[self.mode]])
        make = partial(self._made_token, space)
        with _translated():
            return self.tokens.get(
                scope, make, refused=refused, wait_s=min(self.timeout_s, left_s())
            )

    def _made_token(self, space: Space, old: str | None) -> VendorToken:
        """A renewed token, which spares sending the secret, or a new one."""
        stopwatch = Stopwatch(min(self.timeout_s, left_s()))
        with guarded_client(
            self._own.access(),
            stopwatch,
            connect_timeout_s=self.timeout_s,
            stall_timeout_s=self.timeout_s,
            ssl_context=self.ssl_context,
        ) as http:
            origin = origin_of(self.base_url)
            client = SmhClient(
                *(http, stopwatch, origin, self.library_id, space.space_id, space.user_id),
                token=lambda refused: None,
            )
            if old is not None:
                try:
                    return client.renew_token(old)
                except SmhRefusedError as error:
                    if error.status >= 500:
                        raise
            grant = _GRANTS[self.mode]
            return client.create_token(self.library_secret, self.token_period_s, grant)


@contextmanager
def _translated() -> Iterator[None]:
    """Raises: ProviderError for a token that could not be had; no cover was written."""
    codes = {
        "source.forbidden": "provider.auth",
        "source.throttled": "provider.throttled",
        "source.rejected": "provider.rejected",
    }
    try:
        yield
    except SourceError as error:
        code = codes.get(error.code, "provider.unavailable")
        text = f"Tencent SMH gave no token: {error.message}"
        raise ProviderError(code, text, delay_s=error.delay_s) from error


def _check_type(cover: RecordedCover) -> None:
    if cover.content_type != _JPEG:
        text = f"Covers beside files are JPEG, not {cover.content_type}."
        raise ProviderError("provider.unsupported", text)


def _crc64(data: bytes) -> str:
    checksum = Crc64()
    checksum.update(data)
    return str(checksum)


def _reference(crc64: str) -> str:
    return f"crc64:{crc64}"
