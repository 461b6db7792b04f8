"""`firstframe worker`: one slot that runs jobs of its lanes."""

import os
import signal
import socket
import sys
import warnings
from collections.abc import Callable
from typing import Annotated, Final

import structlog
import typer
from billiard.util import get_logger
from celery import Celery
from celery.apps.worker import install_worker_term_handler
from celery.platforms import SecurityWarning
from celery.signals import (
    setup_logging,
    worker_process_init,
    worker_ready,
    worker_shutting_down,
)

from worker import wiring
from worker.broker import make_app
from worker.commands.attempts import runner
from worker.commands.heartbeat import heartbeat_step
from worker.contracts.names import LANES, QUEUE_OF_LANE
from worker.errors import FaceError, RequestError
from worker.rules.urls import shown
from worker.settings import CLAIM_PATIENCE_S, END_PATIENCE_S, Settings
from worker.state.workers import WorkerInfo
from worker.tasks import AttemptParts, Running, register
from worker.telemetry import start_logging

NOT_BUILT: Final = ("record", "notify")
SLOTS: Final = 1
_log = structlog.get_logger(__name__)


def worker(
    lane: Annotated[
        list[str] | None, typer.Option(help="Lane to serve, may repeat; absent: all lanes.")
    ] = None,
    queue: Annotated[str, typer.Option(help="Kind of work: media.")] = "media",
) -> None:
    """Run jobs one at a time; start as many of these as there should be slots.

    SIGTERM lets the running job end; what does not end in time is given back uncounted.
    """
    lanes = _checked(lane or list(LANES), queue)
    settings = Settings.read()
    start_logging(settings.log)
    _check(settings)
    wiring.import_adapters(settings)
    app = make_app(settings.redis, settings.worker, timeout_s=settings.redis.timeout_s)
    name = f"{socket.gethostname()}:{os.getpid()}"
    info = WorkerInfo(name, lanes, SLOTS, socket.gethostname(), os.getpid())
    heartbeat_s = settings.worker.heartbeat_s
    # A heartbeat that waits for Redis must not keep the next one waiting.
    state = wiring.state(settings, timeout_s=min(settings.redis.timeout_s, heartbeat_s))
    beat = heartbeat_step(state, info, every_s=heartbeat_s)
    app.steps["worker"].add(beat)
    open_parts = register(app, lambda running: _attempt_parts(settings, name, running))
    raise typer.Exit(_serve(app, info, settings.worker.stop_grace_s, open_parts))


def _checked(lanes: list[str], queue: str) -> tuple[str, ...]:
    """The lanes without repetition; ends the program for names that are not served."""
    if queue in NOT_BUILT:
        _refuse(f"request.not_available: this build does not have queue {queue!r}")
    if queue != "media":
        _refuse(f"unknown queue {queue!r}; known: media")
    unknown = sorted(set(lanes) - set(LANES))
    if unknown:
        _refuse(f"unknown lane {unknown[0]!r}; known: {', '.join(LANES)}")
    return tuple(dict.fromkeys(lanes))


def _refuse(text: str) -> None:
    sys.stderr.write(f"firstframe worker: {text}\n")
    raise typer.Exit(2)


def _check(settings: Settings) -> None:
    """Without its face model or Redis a worker does not start: it would only make bad covers."""
    try:
        wiring.check_faces(settings)
        wiring.state(settings, timeout_s=settings.redis.timeout_s).workers.live()
    except RequestError as error:
        where = shown(settings.redis.url.get_secret_value())
        sys.stderr.write(f"firstframe worker: {error.code}: Redis does not answer at {where}\n")
        raise typer.Exit(1) from error
    except FaceError as error:
        sys.stderr.write(f"firstframe worker: {error}\n")
        raise typer.Exit(1) from error


def _attempt_parts(settings: Settings, name: str, running: Running) -> AttemptParts:
    """What the pool child works with; called in the child, so that nothing of it was forked."""
    section = settings.worker
    state = wiring.state(settings, timeout_s=min(settings.redis.timeout_s, section.lease_renew_s))
    return AttemptParts(
        owner=name,
        leases=state.leases,
        lanes=state.lanes,
        run=runner(settings, state, on_hang=running.give_up),
        renew_s=section.lease_renew_s,
        claim_patience_s=CLAIM_PATIENCE_S,
        end_patience_s=END_PATIENCE_S,
    )


def _serve(
    app: Celery, info: WorkerInfo, stop_grace_s: float, open_parts: Callable[[], AttemptParts]
) -> int:
    """Run Celery until it is told to stop; its exit status."""

    def ready_child(**_: object) -> None:
        open_parts()

    def hurry(how: str = "", **_: object) -> None:
        if how == "Warm":
            signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGQUIT))
            signal.setitimer(signal.ITIMER_REAL, stop_grace_s)

    def keep_logging(**_: object) -> None:
        """Celery configures no logging where somebody listens to this signal."""
        get_logger().propagate = True

    # Only JSON is read from Redis, so that a worker of root's is no danger by itself.
    warnings.simplefilter("ignore", SecurityWarning)
    setup_logging.connect(keep_logging)
    worker_process_init.connect(ready_child)
    worker_shutting_down.connect(hurry)
    main = app.Worker(
        hostname=f"firstframe-{info.pid}@{info.host}",
        queues=[QUEUE_OF_LANE[lane] for lane in info.lanes],
        quiet=True,
        loglevel="WARNING",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )

    def say_nothing(**_: object) -> None:
        """Celery tells a stop on standard output, beside the log; we log it ourselves."""
        install_worker_term_handler(main, verbose=False)

    worker_ready.connect(say_nothing)
    _log.info("worker.starts", worker=info.id, lanes=info.lanes)
    main.start()
    _log.info("worker.stopped", worker=info.id)
    return int(main.exitcode or 0)
