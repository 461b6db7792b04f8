"""Streams of events from the inside: silence, the bound of a queue, a Redis that goes away."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

import pytest

from api.feeds import PAGE, Feed, Opening
from api.reach import Reach
from api.subscribers import MAX_WAITING, Subscribers
from tests.redis_server import RedisServer
from tests.worker.state.parts import Parts, request
from worker.contracts.jobs import JobEvent
from worker.errors import RequestError
from worker.state.events import EVENTS_KEY, START, Entry, EventLog

PING = b": ping\n\n"


def entry(number: int, job_id: str = "job_1") -> Entry:
    return Entry(f"{number}-0", JobEvent("ann", job_id, "cover", "running", number))


def feed(
    parts: Parts, subscribers: Subscribers, *, ping_s: float = 15, is_open: bool = False
) -> Feed:
    reach = Reach(parts.jobs, "ann", is_open=is_open)
    return Feed(EventLog(parts.redis), subscribers, reach, ping_s=ping_s)


async def ids(stream: AsyncGenerator[bytes]) -> list[str]:
    """The ids of all events until the stream ends."""
    lines = b"".join([chunk async for chunk in stream]).decode().splitlines()
    return [line.removeprefix("id: ") for line in lines if line.startswith("id: ")]


@pytest.fixture
def parts(one_redis_url: str) -> Parts:
    return Parts(one_redis_url)


def test_silence_is_broken_by_comments(parts: Parts) -> None:
    async def listen() -> list[bytes]:
        stream = feed(parts, Subscribers(), ping_s=0.01).of_all(Opening(START))
        async with aclosing(stream):
            return [await anext(stream) for _ in range(3)]

    assert asyncio.run(listen()) == [PING] * 3


def test_a_full_queue_ends_the_stream_after_what_it_holds(parts: Parts) -> None:
    async def listen() -> list[str]:
        subscribers = Subscribers()
        stream = feed(parts, subscribers, ping_s=0.01).of_all(Opening(START))
        assert [await anext(stream), await anext(stream)] == [PING, PING]
        for number in range(1, MAX_WAITING + 10):
            subscribers.tell(entry(number))
        told = await ids(stream)
        assert len(subscribers) == 0
        return told

    assert asyncio.run(listen()) == [f"{number}-0" for number in range(1, MAX_WAITING + 1)]


def test_what_was_read_from_the_stream_is_not_told_again(parts: Parts) -> None:
    async def listen() -> list[str]:
        subscribers = Subscribers()
        stream = feed(parts, subscribers, ping_s=0.01).of_all(Opening("3-0"))
        assert [await anext(stream), await anext(stream)] == [PING, PING]
        for number in (2, 3, 4):
            subscribers.tell(entry(number))
        subscribers.close()
        return await ids(stream)

    assert asyncio.run(listen()) == ["4-0"]


def test_one_cut_off_between_the_first_states_hears_all_of_them_again(parts: Parts) -> None:
    states = tuple(JobEvent("ann", f"job_{n}", "cover", "queued", 1) for n in range(3))

    async def listen() -> list[bytes]:
        stream = feed(parts, Subscribers()).of_all(Opening("3-0", states))
        async with aclosing(stream):
            return [await anext(stream) for _ in range(4)]

    ping, *told = asyncio.run(listen())
    assert ping == PING
    assert [b"\nid: 3-0\n" in state for state in told] == [False, False, True]


def test_a_stream_ends_where_what_comes_next_was_forgotten_meanwhile(parts: Parts) -> None:
    fields: dict[Any, Any] = {"tenant": "ann", "id": "job_1", "kind": "cover", "status": "running"}
    for number in range(1, 2 * PAGE + 10):
        parts.redis.xadd(EVENTS_KEY, {**fields, "revision": number}, id=f"{number}-0")

    async def listen() -> list[str]:
        stream = feed(parts, Subscribers(), ping_s=0.01).of_all(Opening("1-0"))
        assert await anext(stream) == PING
        await anext(stream)
        parts.redis.xtrim(EVENTS_KEY, maxlen=5, approximate=False)
        return await ids(stream)

    assert asyncio.run(listen()) == [f"{number}-0" for number in range(3, PAGE + 2)]


def test_after_closing_a_stream_ends_at_once(parts: Parts) -> None:
    subscribers = Subscribers()
    subscribers.close()

    assert asyncio.run(ids(feed(parts, subscribers).of_all(Opening(START)))) == []


def test_without_redis_a_stream_does_not_begin_and_one_that_began_ends(
    own_redis: Callable[[], RedisServer],
) -> None:
    server = own_redis()
    parts = Parts(server.url(), timeout_s=0.5)
    heard = feed(parts, Subscribers())
    opening = heard.open_all(None)
    server.kill()

    assert asyncio.run(ids(heard.of_all(opening))) == []
    with pytest.raises(RequestError, match=r"queue\.unavailable"):
        heard.open_all(None)
    parts.redis.close()


def test_a_job_is_not_taken_for_hidden_because_redis_is_away(
    own_redis: Callable[[], RedisServer],
) -> None:
    server = own_redis()
    parts = Parts(server.url(), timeout_s=0.5)
    job = parts.jobs.create("ann", request())

    async def listen() -> tuple[list[str], bytes]:
        subscribers = Subscribers()
        heard = feed(parts, subscribers, ping_s=0.01, is_open=True)
        stream = heard.of_all(Opening(heard.open_all(None).position))
        assert [await anext(stream), await anext(stream)] == [PING, PING]
        server.kill()
        subscribers.tell(entry(9999999999999, job.id))
        missed = await ids(stream)
        server.start()
        stream = heard.of_all(heard.open_all(None))
        async with aclosing(stream):
            await anext(stream)
            return missed, await anext(stream)

    missed, told = asyncio.run(listen())
    assert missed == []
    assert job.id.encode() in told
    parts.redis.close()
