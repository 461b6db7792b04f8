"""`firstframe chores`: what is done by the clock, in whichever of these processes has the lease."""

import signal
from collections.abc import Callable
from functools import partial

import structlog

from worker import wiring
from worker.broker import items_in_queue
from worker.chores.clock import Chore, run_chores
from worker.chores.lost import publish_unseen, take_back_lost
from worker.chores.pictures import sweep_pictures
from worker.chores.records import reconcile_records
from worker.chores.release import release_due
from worker.chores.sweep import sweep_jobs, sweep_records, sweep_uploads
from worker.chores.watch import look_at_albums, sweep_watches
from worker.commands.images import keep_rules
from worker.settings import Settings
from worker.state.chore_lease import CHORE_LEASE_S, ChoreLease
from worker.telemetry import start_logging
from worker.wiring.recording import Recorders

RELEASE_EVERY_S = 1.0
WATCH_EVERY_S = 0.5
RECONCILE_LOOK_S = 60.0
_log = structlog.get_logger(__name__)


def chores() -> None:
    """Release, reconcile and sweep until SIGTERM; start several, one of them does the work."""
    settings = Settings.read()
    start_logging(settings.log)
    told: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: told.append(number))
    # One command may not outlast the lease under which it is given.
    timeout_s = min(settings.redis.timeout_s, CHORE_LEASE_S / 2)
    lease = ChoreLease(wiring.redis_client(settings, timeout_s=timeout_s))
    _log.info("chores.start")
    run_chores(_chores(settings, timeout_s), lease, lambda: bool(told))
    _log.info("chores.stopped")


def _chores(settings: Settings, timeout_s: float) -> list[Chore]:
    section = settings.worker
    state = wiring.state(settings, timeout_s=timeout_s)
    client = wiring.redis_client(settings, timeout_s=timeout_s)
    return [
        Chore("release", RELEASE_EVERY_S, partial(release_due, state.lanes)),
        Chore(
            "take-back-lost",
            section.reconcile_every_s,
            partial(take_back_lost, state.leases, state.lanes),
            after_outage_s=section.lease_s,
        ),
        Chore(
            "publish-unseen",
            section.reconcile_every_s,
            partial(
                publish_unseen,
                state.lanes,
                partial(items_in_queue, client),
                patience_s=section.unseen_republish_s,
            ),
        ),
        Chore("watch-albums", WATCH_EVERY_S, _watch_albums(settings, state), aside=True),
        *_reconciliation(settings, state),
        *_sweeps(settings, state),
    ]


def _reconciliation(settings: Settings, state: wiring.State) -> list[Chore]:
    """When the next run is due is noted in Redis, for all processes: here it is looked up."""
    every_s = settings.records.reconcile_every_s
    if every_s is None:
        return []
    run = partial(
        reconcile_records,
        state,
        Recorders(settings, state),
        every_s=every_s,
        mend=settings.records.mend,
    )
    return [Chore("reconcile-records", min(every_s, RECONCILE_LOOK_S), run, aside=True)]


def _watch_albums(settings: Settings, state: wiring.State) -> Callable[[], int]:
    """As a call makes a job: its pictures are expected, its lane is released."""

    def made(tenant: str, job_id: str) -> None:
        job = state.jobs.read(tenant, job_id)
        if job is not None:
            state.images.expect(job)
            state.lanes.release(job.lane)

    return partial(look_at_albums, state.looks, wiring.album_looker(settings), made)


def _sweeps(settings: Settings, state: wiring.State) -> list[Chore]:
    section, store = settings.worker, wiring.store(settings)
    sweep = partial(
        sweep_uploads,
        state.retention,
        store.list,
        store.delete,
        keep_s=section.keep_uploads_s,
    )
    pictures = partial(sweep_pictures, wiring.catalogue(state, store), keep_rules(settings))
    return [
        Chore(
            "sweep-jobs",
            section.sweep_every_s,
            partial(sweep_jobs, state.retention, keep_s=section.keep_finished_s),
            aside=True,
        ),
        Chore(
            "sweep-records",
            section.sweep_every_s,
            partial(sweep_records, state.retention, keep_s=settings.records.keep_s),
            aside=True,
        ),
        Chore(
            "sweep-watches",
            section.sweep_every_s,
            partial(sweep_watches, state.watches, keep_s=settings.records.keep_s),
            aside=True,
        ),
        Chore("sweep-uploads", section.sweep_every_s, sweep, aside=True),
        Chore("sweep-pictures", settings.catalogue.sweep_every_s, pictures, aside=True),
    ]
