"""Accounts of tests, and who asks about them on an event loop."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, TypeVar

import redis

from worker.contracts.accounts import Account
from worker.state.accounts import AccountRecords
from worker.state.callers import Callers
from worker.state.connection import connect, connect_async
from worker.state.sealing import Seal

Told = TypeVar("Told")

ACCESS_KEY: Final = "AKOFTESTS00000000001"
SECRET: Final = "the first secret of tests"
SEAL: Final = Seal("a key of tests, long")


def account(**changes: Any) -> Account:
    fields = {
        "name": "shop",
        "tenant": "default",
        "access_key": ACCESS_KEY,
        "project_id": "0" * 32,
        "created_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    }
    return Account.model_validate({**fields, **changes})


def sealed(secret: str = SECRET, access_key: str = ACCESS_KEY) -> str:
    return SEAL.seal(secret, bound_to=access_key)


class Teller(NamedTuple):
    """The records, and calls on an event loop, each over a connection of its own."""

    url: str
    client: redis.Redis
    records: AccountRecords

    def ask(self, call: Callable[[Callers], Awaitable[Told]], *, pace: float = 1000) -> Told:
        async def asked() -> Told:
            client = connect_async(self.url, timeout_s=5, connect_timeout_s=5)
            callers = Callers(client, SEAL, calls_per_second=pace)
            try:
                return await call(callers)
            finally:
                await callers.close()

        return asyncio.run(asked())


@contextmanager
def opened(url: str) -> Iterator[Teller]:
    with connect(url, timeout_s=5, connect_timeout_s=5) as client:
        yield Teller(url, client, AccountRecords(client))
