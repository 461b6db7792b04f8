"""Looks at watched albums, and has a job made where the first medium is another than before."""

import time
from collections.abc import Callable
from threading import Thread
from typing import Final

import structlog

from worker.contracts.requests import SourceReference
from worker.contracts.watches import Sight
from worker.errors import RequestError, SourceError
from worker.state.looks import Look, Looks
from worker.state.watches import WatchRecords

# One server that does not answer holds up no other album.
_AT_ONCE: Final = 8
_POLL_S: Final = 0.1
_BATCH: Final = 500

LookAtAlbum = Callable[[str, SourceReference], Sight]
Made = Callable[[str, str], None]
_log = structlog.get_logger(__name__)


def look_at_albums(looks: Looks, look_at: LookAtAlbum, made: Made) -> int:
    """Look at every album that is due, several at a time; how many looks that were.

    `made` is told of each job that follows, by its tenant and id.
    Raises: RequestError `queue.unavailable`.
    """
    began, under_way = 0, list[Thread]()
    while True:
        under_way = [each for each in under_way if each.is_alive()]
        if len(under_way) == _AT_ONCE:
            time.sleep(_POLL_S)
            continue
        look, wait_s = looks.next()
        if look is not None:
            # The process may end without it: its look is given to another then.
            thread = Thread(target=_look, args=(looks, look, look_at, made), daemon=True)
            thread.start()
            under_way.append(thread)
            began += 1
        elif wait_s is None and not under_way:
            return began
        else:
            time.sleep(_POLL_S if wait_s is None else min(wait_s, _POLL_S))


def sweep_watches(watches: WatchRecords, *, keep_s: float) -> int:
    """Forget watches that were stopped `keep_s` ago or earlier."""
    forgotten = 0
    while batch := watches.forget_stopped(keep_s=keep_s, limit=_BATCH):
        forgotten += batch
    return forgotten


def _look(looks: Looks, look: Look, look_at: LookAtAlbum, made: Made) -> None:
    try:
        _follow(looks, look, look_at, made)
    except RequestError as error:
        _log.warning("watch.left", watch=look.watch, code=error.code)


def _follow(looks: Looks, look: Look, look_at: LookAtAlbum, made: Made) -> None:
    """Raises: RequestError `queue.unavailable`; the album is looked at again by and by."""
    try:
        sight = look_at(look.tenant, look.request.source)
    except SourceError as error:
        looks.missed(look, error)
        return
    job = looks.saw(look, sight)
    if job is not None:
        _log.info("watch.changed", watch=look.watch, job=job)
        made(look.tenant, job)
