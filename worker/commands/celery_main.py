"""Celery's main process of a worker: announced while it takes messages, stopped by SIGTERM."""

import warnings
from collections.abc import Callable, Sequence

import structlog
from billiard.util import get_logger
from celery import Celery
from celery.apps.worker import install_worker_term_handler
from celery.platforms import SecurityWarning
from celery.signals import setup_logging, worker_ready, worker_shutting_down

from worker.commands.heartbeat import heartbeat_step
from worker.contracts.names import QUEUE_OF_LANE
from worker.state.workers import WorkerInfo
from worker.wiring import State

_log = structlog.get_logger(__name__)


def run(
    app: Celery,
    state: State,
    infos: Sequence[WorkerInfo],
    *,
    heartbeat_s: float,
    hurry: Callable[[], None],
    on_stop: Callable[[], None] = lambda: None,
) -> int:
    """Run Celery until it is told to stop; its exit status.

    `infos` say what is served, in one process. `hurry` is called when it is told to stop, to see
    that what runs ends in time; `on_stop` when it takes no more messages, for whatever reason.
    """
    app.steps["worker"].add(heartbeat_step(state, infos, every_s=heartbeat_s, on_stop=on_stop))

    def stopping(how: str = "", **_: object) -> None:
        if how == "Warm":
            hurry()

    # Only JSON is read from Redis, so that a worker of root's is no danger by itself.
    warnings.simplefilter("ignore", SecurityWarning)
    setup_logging.connect(_keep_logging)
    worker_shutting_down.connect(stopping)
    lanes = [lane for info in infos for lane in info.lanes]
    main = app.Worker(
        hostname=f"firstframe-{infos[0].pid}@{infos[0].host}",
        queues=[QUEUE_OF_LANE[lane] for lane in lanes],
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
    _log.info("worker.starts", worker=infos[0].id, lanes=lanes)
    main.start()
    _log.info("worker.stopped", worker=infos[0].id)
    return int(main.exitcode or 0)


def _keep_logging(**_: object) -> None:
    """Celery configures no logging where somebody listens to this signal."""
    get_logger().propagate = True
