from datetime import UTC, datetime

import pytest

from tests.fakes.control import Control
from tests.fakes.running import WEBHOOK_SECRET
from worker.contracts.records import Notice
from worker.errors import RequestError, WebhookError
from worker.jobs.notify import NotifyStory
from worker.net.webhooks import WebhookMessenger

ID = "msg_01JC6Z5G0Q8V2N3M4P5R6S7T8W_3"
MESSENGER = WebhookMessenger(timeout_s=5, allow_http=True, allow_private_addresses=True)
SECRETS = {"acme": [WEBHOOK_SECRET]}


class Noted:
    """An attempt that goes on, unless it is over."""

    def __init__(self, *, is_over: bool = False) -> None:
        self.stages: list[str] = []
        self._is_over = is_over

    def enter(self, stage: str) -> None:
        self.stages.append(stage)
        if self._is_over:
            raise RequestError("job.superseded")

    def progress(self, percent: float, at_ms: int | None = None) -> None:
        """A delivery has no middle."""


def notice(receiver: Control) -> Notice:
    return Notice(
        url=f"{receiver.url}/hook",
        type="job.succeeded",
        job="job_01JC6Z5G0Q8V2N3M4P5R6S7T8W",
        sequence=3,
        at=datetime(2026, 11, 21, tzinfo=UTC),
    )


def story() -> NotifyStory:
    return NotifyStory(MESSENGER, lambda tenant: SECRETS.get(tenant, []))


def test_a_notice_is_delivered_under_its_own_id(webhook_receiver: Control) -> None:
    attempt = Noted()

    result = story().run(notice(webhook_receiver), message_id=ID, tenant="acme", attempt=attempt)

    assert result.status == 204
    assert result.timings_ms.total > 0
    assert attempt.stages == ["notify"]
    [told] = webhook_receiver.do("deliveries")
    assert (told["id"], told["why"]) == (ID, "")


def test_what_the_endpoint_refuses_is_an_error(webhook_receiver: Control) -> None:
    webhook_receiver.fault("deliver", "answer", status=410)

    with pytest.raises(WebhookError) as caught:
        story().run(notice(webhook_receiver), message_id=ID, tenant="acme", attempt=Noted())

    assert caught.value.code == "webhook.disabled"


def test_without_a_secret_nothing_is_sent(webhook_receiver: Control) -> None:
    with pytest.raises(WebhookError) as caught:
        story().run(notice(webhook_receiver), message_id=ID, tenant="other", attempt=Noted())

    assert caught.value.code == "webhook.delivery_failed"
    assert webhook_receiver.journal() == []


def test_an_attempt_that_is_over_sends_nothing(webhook_receiver: Control) -> None:
    with pytest.raises(RequestError):
        story().run(
            notice(webhook_receiver), message_id=ID, tenant="acme", attempt=Noted(is_over=True)
        )

    assert webhook_receiver.journal() == []
