"""Publishing from the API's own calls; the chores are the backstop."""

import structlog

from worker.errors import CoverError
from worker.state.lanes import Lanes

log = structlog.get_logger("firstframe.api")


def release(lanes: Lanes, lane: str) -> None:
    """Publish what is due in `lane`; a failure is logged, the job's record stands."""
    try:
        lanes.release(lane)
    except CoverError as failed:
        log.warning("release failed", lane=lane, code=failed.code, error=failed.message)


def connect(lanes: Lanes) -> None:
    """Make the first release as quick as the others; without Redis it is made ready later."""
    try:
        lanes.connect()
    except CoverError as failed:
        log.warning("not connected yet", code=failed.code)
