"""Who is called with covers and notices: from the profiles of the settings to their adapters."""

from collections.abc import Callable, Sequence

from worker import registry
from worker.ports.recording import Messenger
from worker.settings import Settings
from worker.wiring.adapters import made, opened, values

NotifyParts = tuple[Messenger, Callable[[str], Sequence[str]]]


def notify_parts(settings: Settings) -> NotifyParts:
    """What a notify story is made of, in the order its constructor takes them."""
    section = settings.webhooks
    messenger: Messenger = made(registry.MESSENGERS, "webhook", values(section))

    def secrets_of(tenant: str) -> Sequence[str]:
        secrets: Sequence[str] = opened(section.secrets.get(tenant, []))
        return secrets

    return messenger, secrets_of
