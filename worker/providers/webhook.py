"""Covers told to an endpoint of the settings, by Standard Webhooks 1.0."""

import ssl
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from worker.contracts.records import RecordedCover
from worker.contracts.targets import WebhookTarget
from worker.errors import ProviderError
from worker.net.guard import Dial, Resolve, dial_address, resolve_name
from worker.net.webhooks import DeliveryFailedError, WebhookMessenger
from worker.ports.recording import CoverCopy, Receipt, Shown
from worker.rules.urls import shown
from worker.rules.webhooks import COVER_RECORDED, cover_body, cover_data


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookProvider:
    """Tells one endpoint. Its answer is all there is to know: nothing can be read back.

    A repeat is harmless for receivers that know messages by their ids, as the standard asks.
    """

    remakes: ClassVar[bool] = False
    url: str = field(repr=False)  # its query may be a secret
    secrets: Sequence[str] = field(repr=False)
    timeout_s: float
    allow_http: bool = False
    allow_private_addresses: bool = False
    allowed_ports: Collection[int] = (443,)
    resolve: Resolve = resolve_name
    dial: Dial = dial_address
    ssl_context: ssl.SSLContext | None = None

    def record(self, target: WebhookTarget, copy: CoverCopy) -> Receipt:
        """Deliver the message; its id is the order's. Raises: ProviderError."""
        if copy.cover.url is None:
            raise ProviderError("provider.url_unfit", "The cover is private: it has no URL.")
        body = cover_body(copy.record, target, copy.cover)
        messenger = WebhookMessenger(
            timeout_s=min(self.timeout_s, max(copy.until_s - time.monotonic(), 0)),
            allow_http=self.allow_http,
            allow_private_addresses=self.allow_private_addresses,
            allowed_ports=self.allowed_ports,
            resolve=self.resolve,
            dial=self.dial,
            ssl_context=self.ssl_context,
        )
        try:
            messenger.deliver(self.url, message_id=copy.record, body=body, secrets=self.secrets)
        except DeliveryFailedError as failed:
            raise ProviderError(
                failed.code, failed.message, delay_s=failed.delay_s, unsure=failed.unsure
            ) from failed
        return Receipt()

    def read(self, target: WebhookTarget) -> None:
        """An endpoint does not tell what it was told."""

    def shows(
        self, shown: Shown, copy: CoverCopy, target: WebhookTarget, reference: str | None
    ) -> bool:
        """Nothing that was read is ever this cover, since nothing is read."""
        return False

    def would_send(self, target: WebhookTarget, cover: RecordedCover) -> Mapping[str, Any]:
        """The message without its id, time and signatures, which are those of an attempt."""
        message = {"type": COVER_RECORDED, "data": cover_data(target, cover)}
        return {"method": "POST", "url": shown(self.url), "body": message}
