"""The heartbeat of a worker, in Celery's main loop: a loop that hangs is not alive."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from celery import bootsteps

from worker.errors import RequestError
from worker.state.workers import WorkerInfo
from worker.wiring import State


def heartbeat_step(
    state: State, infos: Sequence[WorkerInfo], *, every_s: float, on_stop: Callable[[], None]
) -> type:
    """The part of Celery's worker that announces what it serves while it takes messages.

    `on_stop` is called when it takes no more, whether it was told to stop or fails.

    It starts before messages are taken and ends before the pool is waited for, so that no item is
    given to a worker that stops. A Redis that is away is no matter: Celery's own connection says
    so, the chores release again, and after three heartbeats nobody counts on a silent worker.
    """

    def beat() -> None:
        with suppress(RequestError):
            for info in infos:
                state.workers.beat(info)

    class HeartbeatStep(bootsteps.StartStopStep):  # type: ignore[misc]
        requires = ("celery.worker.components:Timer", "celery.worker.components:Pool")

        def start(self, worker: Any) -> None:
            beat()
            with suppress(RequestError):
                for lane in [lane for info in infos for lane in info.lanes]:
                    state.lanes.release(lane)
            self._timer = worker.timer.call_repeatedly(every_s, beat)

        def stop(self, worker: Any) -> None:
            on_stop()
            self._timer.cancel()
            with suppress(RequestError):
                for info in infos:
                    state.workers.leave(info.id)

        terminate = stop

    return HeartbeatStep
