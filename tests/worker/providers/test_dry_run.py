import pytest

from tests.fakes.control import Control
from tests.fakes.running import WEBHOOK_SECRET
from tests.worker.rules.test_webhooks import COVER, RECORD
from worker.contracts.targets import DryRunTarget, WebhookTarget
from worker.ports.recording import CoverCopy, Receipt, Shown
from worker.providers.dry_run import DryRunProvider
from worker.providers.webhook import WebhookProvider

INNER = WebhookTarget(provider="webhook", id="film 7")
TARGET = DryRunTarget(provider="dry_run", of=INNER)
COPY = CoverCopy(COVER, lambda: b"", RECORD)


@pytest.fixture
def real(webhook_receiver: Control) -> WebhookProvider:
    return WebhookProvider(
        url=f"{webhook_receiver.url}/covers",
        secrets=[WEBHOOK_SECRET],
        timeout_s=5,
        allow_http=True,
        allow_private_addresses=True,
    )


def test_it_says_what_the_real_provider_would_send(real: WebhookProvider) -> None:
    assert DryRunProvider(real=real).would_send(TARGET, COVER) == real.would_send(INNER, COVER)


def test_nothing_is_sent_and_nothing_is_read(
    real: WebhookProvider, webhook_receiver: Control
) -> None:
    provider = DryRunProvider(real=real)

    assert provider.record(TARGET, COPY) == Receipt()
    provider.read(TARGET)
    assert not provider.shows(Shown(COVER.url), COPY, TARGET, None)
    assert webhook_receiver.journal() == []
