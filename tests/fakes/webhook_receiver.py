"""A receiver of webhooks that checks them by Standard Webhooks 1.0 and keeps every delivery."""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Any, Final

from tests.fakes.hosting import Commands, run_alone
from tests.fakes.journal import Entry, Journal
from tests.fakes.server import FakeServer
from tests.fakes.wire import Answer, Request

TOLERANCE_S: Final = 5 * 60


class WebhookReceiver:
    """Any path is an endpoint; the call's name is `deliver`, its target the `webhook-id`.

    A delivery that is right takes effect once an id, so `changes(id)` counts what was really new.
    It answers 204 to those, 401 to what is signed by none of its secrets, and what faults say.
    """

    def __init__(self) -> None:
        self.journal = Journal()
        self.url, self.clock_offset_s = "", 0.0
        self._secrets: list[str] = []
        self._deliveries: list[dict[str, Any]] = []
        self._bodies: dict[str, str] = {}

    def commands(self) -> Commands:
        return {
            "secrets": self.set_secrets,
            "deliveries": self.deliveries,
            "clear_deliveries": self.clear,
        }

    def set_secrets(self, secrets: list[str]) -> None:
        """The `whsec_…` that signatures may be made with."""
        self._secrets = secrets

    def deliveries(self) -> list[dict[str, Any]]:
        """Every delivery that reached the end; `why` is empty for those that are right."""
        return self._deliveries

    def clear(self) -> None:
        self._deliveries.clear()
        self._bodies.clear()

    def named(self, request: Request) -> tuple[str, str]:
        return "deliver", request.header("webhook-id")

    def answer(self, request: Request, entry: Entry) -> Answer:
        why = self._refusal(request)
        body = request.body.decode("utf-8", "replace")
        self._deliveries.append(
            {
                "at_s": time.time(),
                "method": request.method,
                "path": request.target,
                "id": entry.target,
                "timestamp": request.header("webhook-timestamp"),
                "headers": dict(request.headers),
                "signatures": request.header("webhook-signature").split(" "),
                "body": body,
                "why": why,
            }
        )
        if why:
            return self.error(why, {})
        self.journal.wrote(entry, self._bodies.get(entry.target), body)
        self._bodies[entry.target] = body
        return Answer(204)

    def error(self, code: str, headers: Mapping[str, str]) -> Answer:
        return Answer(401, code.encode(), {"Content-Type": "text/plain", **headers})

    def _refusal(self, request: Request) -> str:
        """Why a delivery is not to be believed; empty when it is."""
        sent_s = request.header("webhook-timestamp")
        if request.method != "POST":
            return "method"
        if not request.header("webhook-id") or not sent_s.isdecimal():
            return "headers"
        if abs(int(sent_s) - time.time() - self.clock_offset_s) > TOLERANCE_S:
            return "timestamp"
        signed = f"{request.header('webhook-id')}.{sent_s}.".encode() + request.body
        wanted = [_signature(secret, signed) for secret in self._secrets]
        given = request.header("webhook-signature").split(" ")
        if not any(hmac.compare_digest(w, g.encode()) for w in wanted for g in given):
            return "signature"
        return ""


def _signature(secret: str, signed: bytes) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        return b"no key"
    return b"v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())


if __name__ == "__main__":
    run_alone(lambda _: FakeServer(WebhookReceiver()))
