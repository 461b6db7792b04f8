"""Server-sent events: what happens to jobs, told as it happens."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any, Final, cast

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from api.bodies import refuse_unbuilt
from api.documents import answers
from api.feeds import Feed
from api.parts import GivenReach, GivenState, JobId
from api.subscribers import Subscribers

router = APIRouter(tags=["events"])

MEDIA_TYPE: Final = "text/event-stream"
_EXAMPLE: Final = (
    "event: job\n"
    'data: {"id":"job_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D","kind":"snapshot","status":"running",'
    '"revision":7,"progress":{"percent":42.5,"stage":"decode","at_ms":93000}}\n'
    "id: 1777881600090-0\nretry: 1000\n\n"
)
_STREAM: Final[dict[int | str, Any]] = {
    200: {
        "description": "Events named `job`, each with the job's `id`, `kind`, `status`, `revision` "
        "(which grows with every change) and `progress`. Comments keep the connection alive.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}, "example": _EXAMPLE}},
    }
}
LastEventId = Annotated[
    str | None,
    Header(
        description="The `id` of the last event that came: the stream goes on after it. When it "
        "is too old, the present state comes first, as it does without this header."
    ),
]


class EventStream(StreamingResponse):
    """An answer that goes on; whoever goes away is forgotten at once."""

    media_type = MEDIA_TYPE

    def __init__(self, events: AsyncGenerator[bytes]) -> None:
        # Not to be kept, nor to be collected by a proxy before it passes it on.
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(events, headers=headers)
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._events.aclose()


async def _feed(request: Request, state: GivenState, reach: GivenReach) -> Feed:
    return Feed(state.events, cast(Subscribers, request.app.state.subscribers), reach)


GivenFeed = Annotated[Feed, Depends(_feed)]
NoQueries = Depends(refuse_unbuilt)


@router.get(
    "/v1/jobs/{job_id}/events",
    summary="Follow a job",
    status_code=200,
    response_class=EventStream,
    responses={
        **_STREAM,
        204: {"description": "The job's end was told before: do not come again."},
        **answers({}, "request.not_found", "queue.unavailable"),
    },
    dependencies=[NoQueries],
)
async def of_job(job_id: JobId, feed: GivenFeed, last_event_id: LastEventId = None) -> Response:
    """What happens to the job, from its present state to its end; then the stream ends."""
    opening = await run_in_threadpool(feed.open_job, job_id, last_event_id)
    if opening is None:
        return Response(status_code=204)
    return EventStream(feed.of_job(job_id, opening))


@router.get(
    "/v1/events",
    summary="Follow all jobs",
    status_code=200,
    response_class=EventStream,
    responses={**_STREAM, **answers({}, "queue.unavailable")},
    dependencies=[NoQueries],
)
async def of_all(feed: GivenFeed, last_event_id: LastEventId = None) -> Response:
    """What happens to all jobs; first the state of up to 200 that are unfinished.

    A client that reads too slowly is cut off: it comes again with `Last-Event-ID` and misses
    nothing, as long as the stream remembers, which holds the last 10,000 events.
    """
    opening = await run_in_threadpool(feed.open_all, last_event_id)
    return EventStream(feed.of_all(opening))
