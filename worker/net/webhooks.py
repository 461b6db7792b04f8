"""Messages to the endpoints of others: one signed POST through the guard, never along a redirect.

Source: Standard Webhooks 1.0. The id and the body of a message are the same at every attempt, its
time and signatures are those of the attempt.
"""

import ssl
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

import httpx2

from worker.errors import WebhookError
from worker.net.client import guarded_client
from worker.net.failures import Reason, RequestFailedError, translated
from worker.net.guard import Access, Dial, Resolve, dial_address, resolve_name
from worker.net.stopwatch import Stopwatch
from worker.rules.responses import delay_of
from worker.signing.standard_webhooks import sign

MAX_PAUSE_S: Final = 3600.0
_PAUSES: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_BLOCKED: Final[frozenset[Reason]] = frozenset({"url_not_allowed", "address_blocked"})
_MEANINGS: Final[dict[Reason, str]] = {
    "dns_failed": "The callback URL's host name does not resolve.",
    "tls": "The callback URL's certificate is not valid.",
    "timeout": "The callback URL is too slow.",
}


class DeliveryFailedError(WebhookError):
    """A message was not taken; `unsure` when the endpoint may have it all the same."""

    def __init__(
        self, code: str, message: str | None, *, unsure: bool, delay_s: float | None = None
    ) -> None:
        super().__init__(code, message, delay_s=delay_s)
        self.unsure = unsure


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookMessenger:
    """Delivers messages over https, and over http where `allow_http` says so, each on a connection
    of its own: endpoints are many, and each hears little.
    """

    timeout_s: float
    allow_http: bool = False
    allow_private_addresses: bool = False
    allowed_ports: Collection[int] = (443,)
    resolve: Resolve = resolve_name
    dial: Dial = dial_address
    ssl_context: ssl.SSLContext | None = None

    def deliver(self, url: str, *, message_id: str, body: bytes, secrets: Sequence[str]) -> int:
        """The status of the answer that took the message; of an answer only the head is read.

        `secrets` are those in use, the new one first. Raises: DeliveryFailedError.
        """
        signed = sign(message_id=message_id, at=datetime.now(UTC), body=body, secrets=secrets)
        headers = {"Content-Type": "application/json", **signed}
        stopwatch, steps = Stopwatch(self.timeout_s), _Steps()
        with self._client(stopwatch) as client, stopwatch:
            try:
                with translated():
                    request = client.build_request("POST", url, headers=headers, content=body)
                    request.extensions["trace"] = steps
                    response = client.send(request, stream=True)
            except RequestFailedError as failed:
                raise _failure(failed, unsure=steps.sent) from failed
            response.close()
        if not response.is_success:
            raise _refusal(response)
        return int(response.status_code)

    def _client(self, stopwatch: Stopwatch) -> httpx2.Client:
        access = Access(
            allow_private_addresses=self.allow_private_addresses,
            allowed_ports=frozenset(self.allowed_ports),
            https_only=not self.allow_http,
            resolve=self.resolve,
            dial=self.dial,
        )
        return guarded_client(
            access,
            stopwatch,
            connect_timeout_s=self.timeout_s,
            stall_timeout_s=self.timeout_s,
            ssl_context=self.ssl_context,
        )


class _Steps:
    """How far a request came: what was never begun to be sent has certainly not arrived."""

    sent = False

    def __call__(self, event: str, details: object) -> None:
        self.sent = self.sent or event.endswith(".send_request_headers.started")


def _failure(failed: RequestFailedError, *, unsure: bool) -> DeliveryFailedError:
    blocked = failed.reason in _BLOCKED
    code = "webhook.url_blocked" if blocked else "webhook.delivery_failed"
    text = None if blocked else _MEANINGS.get(failed.reason, "The callback URL cannot be reached.")
    return DeliveryFailedError(code, text, unsure=unsure)


def _refusal(response: httpx2.Response) -> DeliveryFailedError:
    status = response.status_code
    if status == HTTPStatus.GONE:
        return DeliveryFailedError("webhook.disabled", None, unsure=False)
    asked = response.headers.get("Retry-After") if status in _PAUSES else None
    return DeliveryFailedError(
        "webhook.delivery_failed",
        f"The callback URL answered with status {status}.",
        unsure=response.is_server_error,
        delay_s=delay_of(asked, datetime.now(UTC), most_s=MAX_PAUSE_S),
    )
