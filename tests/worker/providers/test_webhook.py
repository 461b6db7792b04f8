import json
from dataclasses import replace

import pytest

from tests.fakes.control import Control
from tests.fakes.running import WEBHOOK_SECRET
from tests.worker.rules.test_webhooks import COVER, RECORD
from worker.contracts.targets import WebhookTarget
from worker.errors import ProviderError
from worker.ports.recording import CoverCopy, Receipt
from worker.providers.webhook import WebhookProvider

TARGET = WebhookTarget(provider="webhook", id="film 7")
COPY = CoverCopy(COVER, lambda: b"", RECORD)


@pytest.fixture
def provider(webhook_receiver: Control) -> WebhookProvider:
    return WebhookProvider(
        url=f"{webhook_receiver.url}/covers?key=canary",
        secrets=[WEBHOOK_SECRET],
        timeout_s=5,
        allow_http=True,
        allow_private_addresses=True,
    )


def failure(provider: WebhookProvider, copy: CoverCopy = COPY) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        provider.record(TARGET, copy)
    return caught.value


def test_a_cover_is_told_once_however_often_it_is_recorded(
    provider: WebhookProvider, webhook_receiver: Control
) -> None:
    assert provider.record(TARGET, COPY) == Receipt()
    assert provider.record(TARGET, COPY) == Receipt()

    first, second = webhook_receiver.do("deliveries")
    assert (first["id"], first["body"]) == (second["id"], second["body"]) == (RECORD, first["body"])
    assert json.loads(first["body"])["data"]["cover"]["url"] == COVER.url
    assert len(webhook_receiver.changes(RECORD)) == 1


@pytest.mark.parametrize(
    ("fault", "code", "unsure", "delay_s"),
    [
        ({"how": "reset", "when": "after"}, "webhook.delivery_failed", True, None),
        ({"how": "answer", "status": 410}, "webhook.disabled", False, None),
        ({"how": "answer", "status": 302}, "webhook.delivery_failed", False, None),
        (
            {"how": "answer", "status": 429, "headers": {"Retry-After": "9"}},
            "webhook.delivery_failed",
            False,
            9,
        ),
    ],
    ids=["reset", "gone", "redirect", "throttled"],
)
def test_a_failure_says_whether_the_message_may_have_come(
    provider: WebhookProvider,
    webhook_receiver: Control,
    fault: dict[str, object],
    code: str,
    unsure: bool,
    delay_s: float | None,
) -> None:
    webhook_receiver.do("fault", call="deliver", **fault)

    error = failure(provider)

    assert (error.code, error.unsure, error.delay_s) == (code, unsure, delay_s)


def test_a_private_cover_is_refused_before_anything_is_sent(
    provider: WebhookProvider, webhook_receiver: Control
) -> None:
    private = COPY._replace(cover=COVER.model_copy(update={"url": None}))

    assert failure(provider, private).code == "provider.url_unfit"
    assert webhook_receiver.journal() == []


def test_what_would_be_sent_is_what_is_sent_without_credentials(
    provider: WebhookProvider, webhook_receiver: Control
) -> None:
    would = provider.would_send(TARGET, COVER)
    provider.record(TARGET, COPY)

    body = json.loads(webhook_receiver.do("deliveries")[0]["body"])
    assert would["url"] == f"{webhook_receiver.url}/covers"
    assert would["body"]["type"] == body["type"]
    assert would["body"]["data"].items() <= body["data"].items()
    assert "canary" not in json.dumps(dict(would))


def test_neither_its_looks_nor_its_errors_tell_secrets(
    provider: WebhookProvider, closed_port: int
) -> None:
    away = replace(provider, url=f"http://127.0.0.1:{closed_port}/?key=canary")

    error = failure(away)

    assert "canary" not in f"{provider!r}{away!r}{error!r}{error.facts()}"
    assert WEBHOOK_SECRET not in f"{provider!r}{error!r}"
