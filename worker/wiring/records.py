"""What lives in Redis, and the connections to it."""

from functools import cache, partial
from typing import Final, NamedTuple

from redis import Redis

from worker import registry
from worker.contracts.jobs import REQUESTS
from worker.contracts.requests import Recipe
from worker.contracts.results import CoverResult
from worker.contracts.snapshot_results import SnapshotResult
from worker.contracts.snapshots import SnapshotRecipe
from worker.ports import Store
from worker.rules.retry import WEBHOOK_SCHEDULE_S
from worker.settings import Settings
from worker.state.access_tokens import AccessTokens
from worker.state.breakers import BreakerRules
from worker.state.buckets import Paces
from worker.state.catalogue import Catalogue
from worker.state.connection import connect, connect_async
from worker.state.entries import EntryIndex
from worker.state.events import EventLog
from worker.state.images import ImageRecords
from worker.state.jobs import JobRecords
from worker.state.lanes import Lanes, Publisher
from worker.state.leases import LeaseRules, Leases, Limits
from worker.state.ledger import Ledgers
from worker.state.libraries import LibraryRecords
from worker.state.looks import LookRules, Looks
from worker.state.media import MediumRecords
from worker.state.notices import NoticeRecords
from worker.state.reconciliations import Reconciliations
from worker.state.records import RecordRecords
from worker.state.references import References
from worker.state.results import KeepRules, ResultRecords
from worker.state.retention import Retention
from worker.state.sights import AsyncSights, Sights
from worker.state.totals import SpaceTotals
from worker.state.transfers import TransferRecords
from worker.state.uploads import UploadDigests
from worker.state.watches import WatchRecords
from worker.state.workers import Workers
from worker.wiring.covers import making
from worker.wiring.stores import store

_LONG_ATTEMPTS: Final = 3
_BESIDE_THE_CALL_S: Final = 10.0


class State(NamedTuple):
    """All that lives in Redis, by subject."""

    jobs: JobRecords
    lanes: Lanes
    leases: Leases
    workers: Workers
    retention: Retention
    libraries: LibraryRecords
    access_tokens: AccessTokens
    sights: Sights
    entries: EntryIndex
    totals: SpaceTotals
    transfers: TransferRecords
    results: ResultRecords[Recipe, CoverResult]
    snapshot_results: ResultRecords[SnapshotRecipe, SnapshotResult]
    uploads: UploadDigests
    events: EventLog
    images: ImageRecords
    media: MediumRecords
    references: References
    records: RecordRecords
    reconciliations: Reconciliations
    notices: NoticeRecords
    ledgers: Ledgers
    paces: Paces
    watches: WatchRecords
    looks: Looks


def redis_client(settings: Settings, *, timeout_s: float) -> Redis:
    """A client that gives up after `timeout_s`, which is what its process can wait."""
    section = settings.redis
    return connect(
        section.url.get_secret_value(),
        timeout_s=timeout_s,
        connect_timeout_s=section.connect_timeout_s,
    )


def state(settings: Settings, *, timeout_s: float) -> State:
    """The state, and Celery as where released items go; each waits `timeout_s` for Redis."""
    client = redis_client(settings, timeout_s=timeout_s)
    limits = limits_by_kind(settings)
    publisher: Publisher = registry.load(registry.PUBLISHERS, "celery")(
        settings.redis,
        settings.worker,
        timeout_s=timeout_s,
        attempt_timeouts_s={kind: each.attempt_timeout_s for kind, each in limits.items()},
    )
    covers, snapshots = _results(settings, client)
    section = settings.worker
    rules = LeaseRules(section.lease_s, limits, section.max_lost_attempts)
    return State(
        jobs=JobRecords(client),
        lanes=Lanes(client, publisher),
        leases=Leases(client, rules),
        workers=Workers(client, heartbeat_s=section.heartbeat_s),
        retention=Retention(client),
        libraries=LibraryRecords(client),
        access_tokens=AccessTokens(client),
        sights=Sights(client),
        entries=EntryIndex(client, claim_held_s=section.attempt_timeout_s),
        totals=SpaceTotals(client),
        transfers=TransferRecords(client),
        results=covers,
        snapshot_results=snapshots,
        uploads=UploadDigests(client, keep_s=section.keep_uploads_s),
        events=EventLog(client),
        images=ImageRecords(client),
        media=MediumRecords(client),
        references=References(client, delete_s=settings.store.timeout_s),
        records=RecordRecords(client),
        reconciliations=Reconciliations(client),
        notices=NoticeRecords(client),
        ledgers=Ledgers(client, settle_s=settings.records.settle_s),
        paces=Paces(client, _breaker_rules(settings)),
        watches=_watches(settings, client),
        looks=Looks(client, _look_rules(settings)),
    )


def limits_by_kind(settings: Settings) -> dict[str, Limits]:
    """What a job of each kind may take; long ones are given the time of three attempts."""
    section, snapshots = settings.worker, settings.snapshots
    usual = Limits(section.attempt_timeout_s, section.max_job_age_s, section.max_attempts)
    limits = dict.fromkeys(REQUESTS, usual)
    long_s = {"snapshot": snapshots.attempt_timeout_s, "plan": snapshots.plan_timeout_s}
    for kind, attempt_s in long_s.items():
        age_s = max(section.max_job_age_s, _LONG_ATTEMPTS * attempt_s)
        limits[kind] = Limits(attempt_s, age_s, section.max_attempts)
    return {**limits, **_limits_of_calls(settings)}


def _breaker_rules(settings: Settings) -> BreakerRules:
    section = settings.records
    return BreakerRules(
        section.breaker_failures, section.breaker_rest_s, probe_s=section.attempt_timeout_s
    )


def _watches(settings: Settings, client: Redis) -> WatchRecords:
    section = settings.watches
    return WatchRecords(client, every_s=section.every_s, max_per_tenant=section.max_per_tenant)


def _look_rules(settings: Settings) -> LookRules:
    """A look that takes longer than any source may was that of a process that died."""
    section = settings.watches
    hold_s = settings.fetch.total_timeout_s + _BESIDE_THE_CALL_S
    return LookRules(section.every_s, section.looks_per_second, hold_s)


def _limits_of_calls(settings: Settings) -> dict[str, Limits]:
    """What records and notices may take; who is told of things has days to come back."""
    records, webhooks = settings.records, settings.webhooks
    longest_s = webhooks.timeout_s + _BESIDE_THE_CALL_S
    schedule_s = WEBHOOK_SCHEDULE_S
    return {
        "record": Limits(
            *(records.attempt_timeout_s, records.max_age_s, records.max_attempts),
            max_queued_s=records.keep_s,
        ),
        "notify": Limits(
            *(longest_s, webhooks.max_age_s, len(schedule_s) + 1, schedule_s),
            max_queued_s=records.keep_s,
        ),
    }


def catalogue(state: State, opened: Store) -> Catalogue:
    """The catalogue of what is in the store."""
    return Catalogue(state.images, state.media, state.references, opened)


def async_sights(settings: Settings, *, timeout_s: float) -> AsyncSights:
    """Looks at libraries for an event loop, over a connection of its own."""
    section = settings.redis
    client = connect_async(
        section.url.get_secret_value(),
        timeout_s=timeout_s,
        connect_timeout_s=section.connect_timeout_s,
    )
    return AsyncSights(client, timeout_s=timeout_s)


def _results(
    settings: Settings, client: Redis
) -> tuple[ResultRecords[Recipe, CoverResult], ResultRecords[SnapshotRecipe, SnapshotResult]]:
    section, decided = settings.worker, making(settings)
    rules = KeepRules(section.keep_results_s, section.max_results)
    opened = cache(partial(store, settings))

    def is_stored(key: str) -> bool:
        return opened().find(key) is not None

    return (
        ResultRecords(client, CoverResult, rules, making=decided, is_stored=is_stored),
        ResultRecords(client, SnapshotResult, rules, making=decided, is_stored=is_stored),
    )
