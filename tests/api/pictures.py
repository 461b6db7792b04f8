"""Covers that a worker made, for tests of the catalogue over HTTP."""

from hashlib import sha256

import httpx2

from tests.api.attempts import Attempts
from tests.api.routes.test_jobs import make_job
from tests.api.test_reach import ENTRY
from tests.worker.state.pictures import cover, result
from worker import wiring
from worker.contracts.names import Visibility
from worker.contracts.requests import CoverRequest
from worker.rules.catalogue import image_id
from worker.rules.keys import private_key, public_key
from worker.settings import Settings


def make_picture(
    settings: Settings,
    client: httpx2.Client,
    *,
    data: bytes = b"a cover",
    visibility: Visibility = "public",
    **fields: object,
) -> str:
    """The id of the cover of a job that has ended; the object is in the store."""
    job_id = make_job(client, sizes=[64], visibility=visibility, **fields)
    return finish(settings, job_id, data=data, visibility=visibility)


def make_picture_of_library(settings: Settings) -> str:
    """The id of the cover of a file of a library."""
    state = wiring.state(settings, timeout_s=5)
    told = {"source": {"entry": ENTRY}, "sizes": [64], "visibility": "private"}
    job = state.jobs.create("default", CoverRequest.model_validate(told))
    state.images.expect(job)
    state.lanes.release("live")
    return finish(settings, job.id, data=b"of a library", visibility="private")


def finish(settings: Settings, job_id: str, *, data: bytes, visibility: Visibility) -> str:
    """Do as a worker does: refer, put, keep, end."""
    digest = sha256(data).hexdigest()
    is_private = visibility == "private"
    key = (
        private_key("default", digest, "jpg") if is_private else public_key("covers", digest, "jpg")
    )
    wiring.state(settings, timeout_s=5).references.of_job("default", job_id)(key)
    wiring.store(settings).put(key, data, content_type="image/jpeg")
    made = cover(key).model_copy(update={"url": None} if is_private else {})
    Attempts(settings).succeed_with(job_id, "cover", result(made))
    return image_id(job_id, "covers/64")
