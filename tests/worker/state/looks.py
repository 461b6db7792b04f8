"""What a look sends to Redis, and how an event loop has its looks."""

import asyncio
from collections.abc import Awaitable, Callable

import redis

from worker.state.connection import connect_async
from worker.state.sights import AsyncSights, Sight

Looks = Callable[[AsyncSights], Awaitable[Sight | None]]


def commands_sent(url: str, look: Callable[[], object]) -> list[str]:
    """The commands that a look sends; what its script does inside is none of them."""
    sent: list[str] = []
    with redis.Redis.from_url(url, decode_responses=True) as client, client.monitor() as monitor:
        look()
        with redis.Redis.from_url(url) as other:
            other.echo("the end")
        while True:
            seen = monitor.next_command()
            if "the end" in seen["command"]:
                return sent
            if seen["client_type"] != "lua":
                sent.append(str(seen["command"]).split()[0].upper())


def in_a_loop(url: str, looks: Looks, *, timeout_s: float = 5) -> Sight | None:
    """What `looks` gives in an event loop of its own."""

    async def run() -> Sight | None:
        sights = AsyncSights(
            connect_async(url, timeout_s=timeout_s, connect_timeout_s=timeout_s),
            timeout_s=timeout_s,
        )
        try:
            return await looks(sights)
        finally:
            await sights.close()

    return asyncio.run(run())
