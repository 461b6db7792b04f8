"""Accounts of the served vendor APIs: what opens their secrets, and who asks for them."""

from worker.settings import Settings
from worker.state.callers import Callers
from worker.state.connection import connect_async
from worker.state.sealing import Seal


def account_seal(settings: Settings) -> Seal:
    """What encrypts the secrets of accounts, and opens them."""
    section = settings.accounts
    key = section.key.get_secret_value() if section.key else None
    return Seal(key, [each.get_secret_value() for each in section.old_keys])


def callers(settings: Settings, *, timeout_s: float) -> Callers:
    """Callers of the served APIs for an event loop, over a connection of its own."""
    client = connect_async(
        settings.redis.url.get_secret_value(),
        timeout_s=timeout_s,
        connect_timeout_s=settings.redis.connect_timeout_s,
    )
    seal = account_seal(settings)
    return Callers(client, seal, calls_per_second=settings.accounts.calls_per_second)
