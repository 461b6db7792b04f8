"""`firstframe worker`: a slot that runs jobs of its lanes, or many that call others."""

import os
import signal
import socket
import sys
from typing import Annotated, Final

import typer
from celery.signals import worker_process_init

from worker import wiring
from worker.broker import make_app
from worker.commands import celery_main
from worker.commands.attempts import runner
from worker.commands.calls import serve_calls
from worker.contracts.names import CALL_LANES, LANES
from worker.errors import FaceError, RequestError
from worker.rules.urls import shown
from worker.settings import CLAIM_PATIENCE_S, END_PATIENCE_S, Settings
from worker.state.workers import WorkerInfo
from worker.tasks import Alone, AttemptParts, register
from worker.telemetry import start_logging

SLOTS: Final = 1
MEDIA: Final = "media"


def worker(
    lane: Annotated[
        list[str] | None, typer.Option(help="Lane of media to serve, may repeat; absent: all.")
    ] = None,
    queue: Annotated[
        list[str] | None,
        typer.Option(help="Kind of work: media (absent too), or record and notify, may repeat."),
    ] = None,
    slots: Annotated[
        int | None, typer.Option(min=1, max=64, help="Calls at once for record, and for notify.")
    ] = None,
) -> None:
    """Run jobs on media one at a time, or make calls to providers and callback URLs, many at once.

    Start as many workers of media as there should be slots.
    SIGTERM lets what runs end; what does not end in time is given back uncounted.
    """
    queues, lanes = _checked(queue or [MEDIA], lane, slots)
    settings = Settings.read()
    start_logging(settings.log)
    _check(settings, faces=queues == [MEDIA])
    if queues == [MEDIA]:
        raise typer.Exit(_serve_media(settings, lanes))
    raise typer.Exit(serve_calls(settings, queues, slots))


def _checked(
    queues: list[str], lanes: list[str] | None, slots: int | None
) -> tuple[list[str], tuple[str, ...]]:
    """Queues and lanes without repetition; ends the program for what cannot be served."""
    known = (MEDIA, *CALL_LANES)
    if unknown := sorted(set(queues) - set(known)):
        _refuse(f"unknown queue {unknown[0]!r}; known: {', '.join(known)}")
    if MEDIA in queues and set(queues) != {MEDIA}:
        _refuse("queue 'media' needs workers of its own")
    if MEDIA in queues and slots is not None:
        _refuse("--slots goes with the queues record and notify; a worker of media is one slot")
    if MEDIA not in queues and lanes:
        _refuse("--lane goes with the queue media")
    if unknown := sorted(set(lanes or ()) - set(LANES)):
        _refuse(f"unknown lane {unknown[0]!r}; known: {', '.join(LANES)}")
    return list(dict.fromkeys(queues)), tuple(dict.fromkeys(lanes or LANES))


def _refuse(text: str) -> None:
    sys.stderr.write(f"firstframe worker: {text}\n")
    raise typer.Exit(2)


def _check(settings: Settings, *, faces: bool) -> None:
    """Without Redis a worker does not start; without its face model it would make bad covers."""
    try:
        if faces:
            wiring.check_faces(settings)
        wiring.state(settings, timeout_s=settings.redis.timeout_s).workers.live()
    except RequestError as error:
        where = shown(settings.redis.url.get_secret_value())
        sys.stderr.write(f"firstframe worker: {error.code}: Redis does not answer at {where}\n")
        raise typer.Exit(1) from error
    except FaceError as error:
        sys.stderr.write(f"firstframe worker: {error}\n")
        raise typer.Exit(1) from error


def _serve_media(settings: Settings, lanes: tuple[str, ...]) -> int:
    """Run jobs in a pool child, one at a time, until told to stop; the exit status."""
    wiring.import_adapters(settings)
    section = settings.worker
    app = make_app(settings.redis, section, timeout_s=settings.redis.timeout_s)
    host, pid = socket.gethostname(), os.getpid()
    info = WorkerInfo(f"{host}:{pid}", lanes, SLOTS, host, pid)
    open_parts = register(app, lambda: _attempt_parts(settings, info.id))

    def ready_child(**_: object) -> None:
        open_parts()

    def hurry() -> None:
        signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGQUIT))
        signal.setitimer(signal.ITIMER_REAL, section.stop_grace_s)

    worker_process_init.connect(ready_child)
    # A heartbeat that waits for Redis must not keep the next one waiting.
    state = wiring.state(settings, timeout_s=min(settings.redis.timeout_s, section.heartbeat_s))
    return celery_main.run(app, state, [info], heartbeat_s=section.heartbeat_s, hurry=hurry)


def _attempt_parts(settings: Settings, name: str) -> AttemptParts:
    """What the pool child works with; called in the child, so that nothing of it was forked."""
    section = settings.worker
    state = wiring.state(settings, timeout_s=min(settings.redis.timeout_s, section.lease_renew_s))
    alone = Alone(state.lanes, renew_s=section.lease_renew_s)
    return AttemptParts(
        owner=name,
        leases=state.leases,
        lanes=state.lanes,
        run=runner(settings, state, on_hang=alone.give_up),
        keep=alone.keep,
        claim_patience_s=CLAIM_PATIENCE_S,
        end_patience_s=END_PATIENCE_S,
    )
