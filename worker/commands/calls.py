"""What a worker of the lanes `record` and `notify` does: calls to others, many at once in threads.

Nothing here decodes, so that no library of media is loaded.
"""

import os
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import Any

from worker import wiring
from worker.broker import make_app
from worker.commands import celery_main
from worker.commands.beside import Beside, threads_for
from worker.contracts.jobs import AnyResult, AttemptedJob
from worker.contracts.records import Notice, NoticeResult, RecordOrder, RecordResult
from worker.jobs.notify import NotifyStory
from worker.jobs.record import RecordStory
from worker.settings import CLAIM_PATIENCE_S, END_PATIENCE_S, Settings
from worker.state.leases import Lease
from worker.state.workers import WorkerInfo
from worker.tasks import AttemptParts, attempted, register_calls
from worker.wiring import State
from worker.wiring.recording import Recorders, notify_parts


def serve_calls(settings: Settings, lanes: Sequence[str], slots: int | None) -> int:
    """Make the calls of the lanes, each lane in its slots, until told to stop; the exit status."""
    section = settings.worker
    usual = {"record": settings.records.slots, "notify": settings.webhooks.slots}
    slots_of = {lane: slots or usual[lane] for lane in lanes}
    infos = _infos(slots_of)
    app = make_app(
        settings.redis,
        section,
        timeout_s=settings.redis.timeout_s,
        threads=threads_for(slots_of),
    )
    state = wiring.state(settings, timeout_s=min(settings.redis.timeout_s, section.lease_renew_s))
    beside = Beside(state.lanes, slots_of, renew_s=section.lease_renew_s)
    with closing(Calls(settings, state)) as calls:
        parts = AttemptParts(
            owner=f"{infos[0].host}:{infos[0].pid}",
            leases=state.leases,
            lanes=state.lanes,
            run=calls.run,
            keep=beside.keep,
            claim_patience_s=CLAIM_PATIENCE_S,
            end_patience_s=END_PATIENCE_S,
        )
        register_calls(app, partial(beside.take, partial(attempted, parts)))
        return celery_main.run(
            app,
            # A heartbeat that waits for Redis must not keep the next one waiting.
            wiring.state(settings, timeout_s=min(settings.redis.timeout_s, section.heartbeat_s)),
            infos,
            heartbeat_s=section.heartbeat_s,
            hurry=partial(_stop, beside, section.stop_grace_s),
            # Celery's main process that fails waits for its threads: none begins anything new.
            on_stop=beside.stop,
        )


def _infos(slots_of: Mapping[str, int]) -> list[WorkerInfo]:
    """What the process announces, a line for each lane: their windows go by its slots."""
    host, pid = socket.gethostname(), os.getpid()
    return [
        WorkerInfo(f"{host}:{pid}:{lane}", (lane,), count, host, pid)
        for lane, count in slots_of.items()
    ]


def _stop(beside: Beside, grace_s: float) -> None:
    """Let what runs end; after the grace it is given back, and the process ends without it."""

    def end_process() -> None:
        beside.give_back()
        os._exit(0)

    beside.stop()
    timer = threading.Timer(grace_s, end_process)
    timer.daemon = True
    timer.start()


class Calls:
    """Attempts at records and notices, each under the lease that is given with it."""

    def __init__(self, settings: Settings, state: State) -> None:
        self._ledgers = state.ledgers
        self._by_kind: Mapping[type, Callable[[AttemptedJob, Any, Lease], AnyResult]] = {
            RecordOrder: self.record,
            Notice: self.notify,
        }
        self._recorders = Recorders(settings, state)
        self._notify = NotifyStory(*notify_parts(settings))

    def run(self, job: AttemptedJob, lease: Lease) -> AnyResult:
        """An attempt, by the kind of its work."""
        return self._by_kind[type(job.request)](job, job.request, lease)

    def close(self) -> None:
        """End the connections to providers."""
        self._recorders.close()

    def record(self, job: AttemptedJob, order: RecordOrder, lease: Lease) -> RecordResult:
        """Record a cover at its target."""
        story = RecordStory(*self._recorders.parts(job.tenant, order.target))
        return story.run(job.id, order, ledger=self._ledgers.of(lease))

    def notify(self, job: AttemptedJob, notice: Notice, lease: Lease) -> NoticeResult:
        """Tell a callback URL how a job or record has ended."""
        return self._notify.run(notice, message_id=job.id, tenant=job.tenant, attempt=lease)
