"""Processes that put an object and processes that delete it, at once; run as a program."""

import sys
import time
from contextlib import suppress

from worker import wiring
from worker.contracts.requests import CoverRequest
from worker.errors import RequestError
from worker.rules.keys import public_key
from worker.settings import Settings

KEY = public_key("covers", "0" * 64, "jpg")
URL = "https://media.example/clip.mp4"


def make(settings: Settings, rounds: int) -> int:
    """Refer, put, look, and let go; how often the object had been deleted since the last time.

    Fails when the object is not there though it is referred to.
    """
    store, state = wiring.store(settings), wiring.state(settings, timeout_s=15)
    deleted = 0
    for number in range(rounds):
        job = state.jobs.create("ann", CoverRequest.model_validate({"source": {"url": URL}}))
        state.references.of_job("ann", job.id)(KEY)
        deleted += store.find(KEY) is None
        store.put(KEY, b"picture", content_type="image/jpeg")
        time.sleep(0.001 * (number % 7))
        assert store.find(KEY) is not None, "an object was deleted that a job refers to"
        with suppress(RequestError):  # another has forgotten it already
            state.jobs.cancel("ann", job.id)
        state.retention.forget_finished(keep_s=-1, limit=10)
    return deleted


def sweep(settings: Settings) -> None:
    """Delete the object whenever nobody needs it, until this process is ended."""
    store, state = wiring.store(settings), wiring.state(settings, timeout_s=15)
    while True:
        state.references.delete(KEY, store.delete, grace_s=0)


if __name__ == "__main__":
    given = Settings.read()
    if sys.argv[1] == "sweep":
        sweep(given)
    sys.stdout.write(str(make(given, int(sys.argv[2]))))
