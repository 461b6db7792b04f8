"""Who is called with covers and notices: from the profiles of the settings to their adapters."""

import threading
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol, runtime_checkable

from worker import registry
from worker.contracts.records import RecordedCover
from worker.contracts.targets import DryRunTarget, FirstframeTarget, Target
from worker.errors import ProviderError
from worker.ports.recording import Messenger, Pace, Provider
from worker.rules.records import account_of
from worker.settings import Section, Settings
from worker.state.catalogue import TenantCovers
from worker.state.tokens import VendorTokens
from worker.wiring.adapters import made, opened, values
from worker.wiring.records import State, catalogue, redis_client
from worker.wiring.stores import store

NotifyParts = tuple[Messenger, Callable[[str], Sequence[str]]]

# Our own catalogue and dry runs call nobody: as often as a setting could allow.
_UNLIMITED_PER_MINUTE: Final = 600_000.0


@runtime_checkable
class _Closable(Protocol):
    """A provider that keeps connections."""

    def close(self) -> None: ...


class RecordParts(NamedTuple):
    """What the story of a record is made of, in the order its constructor takes them."""

    provider: Provider[Any]
    pace: Pace
    read_cover: Callable[[RecordedCover], bytes]


def notify_parts(settings: Settings) -> NotifyParts:
    """What a notify story is made of, in the order its constructor takes them."""
    section = settings.webhooks
    messenger: Messenger = made(registry.MESSENGERS, "webhook", values(section))

    def secrets_of(tenant: str) -> Sequence[str]:
        secrets: Sequence[str] = opened(section.secrets.get(tenant, []))
        return secrets

    return messenger, secrets_of


class Recorders:
    """How targets are recorded at: one provider for each profile, which keeps its connections.

    Safe to use from several threads.
    """

    def __init__(self, settings: Settings, state: State) -> None:
        self._settings = settings
        self._paces = state.paces
        self._objects = store(settings)
        self._catalogue = catalogue(state, self._objects)
        self._making = threading.Lock()
        self._kept: dict[str, Provider[Any]] = {}

    def parts(self, tenant: str, target: Target) -> RecordParts:
        """What records at a target of a tenant.

        Raises: ProviderError `provider.not_allowed` for a profile that is not there any more, or
        not the tenant's.
        """
        writes, reads = _rates(self._settings, tenant, target)
        account = account_of(target)
        pace = self._paces.of(account, writes_per_minute=writes, reads_per_minute=reads)
        return RecordParts(self._provider(tenant, target), pace, self._read)

    def close(self) -> None:
        """End the connections."""
        for provider in self._kept.values():
            if isinstance(provider, _Closable):
                provider.close()

    def _read(self, cover: RecordedCover) -> bytes:
        return self._objects.read(cover.key, 0, cover.bytes)

    def _provider(self, tenant: str, target: Target) -> Provider[Any]:
        if isinstance(target, DryRunTarget):
            return self._made("dry_run", {"real": self._provider(tenant, target.of)})
        if isinstance(target, FirstframeTarget):
            return self._made("firstframe", {"media": TenantCovers(self._catalogue, tenant)})
        profile, account = _profile(self._settings, tenant, target), account_of(target)
        with self._making:
            if account not in self._kept:
                given = {**self._beside(profile), **values(profile), "account": account}
                self._kept[account] = self._made(target.provider, given)
            return self._kept[account]

    def _made(self, name: str, given: dict[str, Any]) -> Provider[Any]:
        provider: Provider[Any] = made(registry.PROVIDERS, name, given)
        return provider

    def _beside(self, profile: Section) -> dict[str, Any]:
        """What providers may need that is no setting of their profile."""
        settings = self._settings
        given = {
            "allow_http": settings.webhooks.allow_http,
            "allowed_ports": settings.webhooks.allowed_ports,
        }
        secret = values(profile).get("library_secret")
        if secret is not None:
            timeout_s = min(settings.redis.timeout_s, settings.worker.lease_renew_s)
            client = redis_client(settings, timeout_s=timeout_s)
            given["tokens"] = VendorTokens(client, secret)
        return given


def _profile(settings: Settings, tenant: str, target: Target) -> Section:
    """The target's profile. Raises: ProviderError `provider.not_allowed`."""
    profiles = getattr(settings.providers, target.provider)
    profile: Section | None = profiles.get(getattr(target, "profile", None))
    if profile is None or tenant not in getattr(profile, "tenants", ()):
        raise ProviderError("provider.not_allowed")
    return profile


def _rates(settings: Settings, tenant: str, target: Target) -> tuple[float, float]:
    """Writes and reads a minute of the target's account."""
    if isinstance(target, DryRunTarget | FirstframeTarget):
        return _UNLIMITED_PER_MINUTE, _UNLIMITED_PER_MINUTE
    given = values(_profile(settings, tenant, target))
    writes: float = given["calls_per_minute"]
    return writes, given.get("reads_per_minute", writes)
