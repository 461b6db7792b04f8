"""Puts right what died or got lost: attempts without a sign of life, items Celery has no more."""

from collections.abc import Callable

import structlog

from worker.contracts.jobs import Item
from worker.contracts.names import ALL_LANES
from worker.state.lanes import Lanes
from worker.state.leases import Leases

_log = structlog.get_logger(__name__)


def take_back_lost(leases: Leases, lanes: Lanes) -> int:
    """Count attempts whose lease ran out as lost and give their jobs to Celery again."""
    lost = leases.take_back_expired()
    for item, status in lost:
        _log.warning("attempt.lost", item=str(item), status=status)
    if lost:
        for lane in ALL_LANES:
            lanes.release(lane)
    return len(lost)


def publish_unseen(
    lanes: Lanes, items_in_queue: Callable[[str], set[Item] | None], *, patience_s: float
) -> int:
    """Give items to Celery again that nobody claimed for `patience_s` and that no queue holds.

    What a worker took from the queue and has not acknowledged does not count as held: it would
    have claimed the item, or it died. Where nobody can say what a queue holds, nothing is done.
    """
    published = 0
    for lane in ALL_LANES:
        overdue = lanes.overdue(lane, patience_s=patience_s)
        waiting = items_in_queue(lane) if overdue else set()
        if waiting is None:
            continue
        unseen = [item for item in overdue if item not in waiting]
        back = lanes.put_back(lane, unseen, patience_s=patience_s) if unseen else []
        for item in back:
            _log.warning("item.unseen", item=str(item), lane=lane)
        published += lanes.release(lane) if back else 0
    return published
