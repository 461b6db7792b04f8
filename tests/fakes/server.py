"""The server that every fake of a vendor runs in: faults, journal, clock, connections."""

import asyncio
import socket
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from email.utils import formatdate
from typing import Any, Protocol

from tests.fakes.faults import Fault, FaultPlan, Holds
from tests.fakes.hosting import Address, Commands, hosted, port_of, serve_control
from tests.fakes.journal import Entry, Journal
from tests.fakes.wire import LIMIT_BYTES, RESET, Answer, Request, read_request, reset, written


class Vendor(Protocol):
    """What is a vendor's own: its calls, its errors, what it keeps.

    `commands` are what the control can do to it. `url` is told before the first call.
    """

    journal: Journal
    url: str
    clock_offset_s: float

    def named(self, request: Request) -> tuple[str, str]:
        """The name of a call and its target, before anything is checked."""
        ...

    def answer(self, request: Request, entry: Entry) -> Answer:
        """Check the call and do it; write its effect into the journal."""
        ...

    def error(self, code: str, headers: Mapping[str, str]) -> Answer:
        """An error as this vendor tells it."""
        ...

    def commands(self) -> Commands: ...


class FakeServer:
    """One vendor on two ports of loopback, in the running event loop."""

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor
        self._plan, self._holds = FaultPlan(), Holds()
        self._latency_s = 0.0
        self._port = 0
        self._door: asyncio.Server | None = None
        self._control: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.get_running_loop()

    async def start(self, port: int = 0, control_port: int = 0) -> Address:
        self._door = await asyncio.start_server(
            self._serve, "127.0.0.1", port, limit=LIMIT_BYTES, backlog=1024
        )
        self._port = port_of(self._door)
        self._vendor.url = f"http://127.0.0.1:{self._port}"
        self._control = await serve_control(self._commands(), control_port)
        return Address(self._vendor.url, f"http://127.0.0.1:{port_of(self._control)}/_control")

    def _commands(self) -> Commands:
        return {
            "fault": self._plan.add,
            "clear_faults": self._plan.clear,
            "held": self._holds.held,
            "release": self._holds.release,
            "journal": self._vendor.journal.told,
            "changes": self._vendor.journal.changes,
            "clear_journal": self._vendor.journal.clear,
            "latency": self._set_latency,
            "clock": self._set_clock,
            "refuse": self._refuse,
            "listen": self._listen,
            "drop_connections": self._drop_connections,
            **self._vendor.commands(),
        }

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while (request := await read_request(reader)) is not None:
                answer = await self._handled(request)
                if answer is RESET:
                    reset(writer)
                    return
                writer.write(written(self._dated(answer), request.method))
                await writer.drain()
                if request.header("connection").lower() == "close":
                    return
        except OSError:
            return  # A client that goes away is part of the tests.
        finally:
            self._open.discard(writer)
            writer.close()

    def _dated(self, answer: Answer) -> Answer:
        """The answer with the vendor's own time, unless a fault tells another."""
        now = formatdate(time.time() + self._vendor.clock_offset_s, usegmt=True)
        return answer._replace(headers={"Date": now, **answer.headers})

    async def _handled(self, request: Request) -> Answer:
        call, target = self._vendor.named(request)
        entry = self._vendor.journal.opened(call, target)
        if self._latency_s:
            await asyncio.sleep(self._latency_s)
        fault = self._plan.take(call, target)
        answer = await self._met(fault, "before", entry, request)
        if answer is None:
            answer = self._vendor.answer(request, entry)
            answer = await self._met(fault, "after", entry, request) or answer
        entry.status = answer.status
        return answer

    async def _met(
        self, fault: Fault | None, when: str, entry: Entry, request: Request
    ) -> Answer | None:
        """What a fault answers at this step; None when the call goes on."""
        if fault is None or fault.when != when:
            return None
        entry.fault = f"{fault.how} {when}"
        if fault.how == "slow":
            await asyncio.sleep(fault.seconds)
        elif fault.how == "hold":
            told = {"call": entry.call, "target": entry.target, "number": entry.number}
            if await self._holds.hold(when=when, **told) == "drop":
                return RESET
        elif fault.how == "answer":
            body = fault.body.replace("(token)", request.header("x-auth-token"))
            return Answer(fault.status, body.encode(), fault.headers)
        elif fault.how == "error":
            return self._vendor.error(fault.code, fault.headers)
        return RESET if fault.how == "reset" else None

    def _set_latency(self, seconds: float) -> None:
        self._latency_s = seconds

    def _set_clock(self, offset_s: float) -> None:
        self._vendor.clock_offset_s = offset_s

    def _refuse(self) -> None:
        """Refuse every connection until `listen`; those that are open are reset."""
        if self._door is not None:
            self._door.close()
            self._door = None
        self._drop_connections()

    def _listen(self) -> None:
        """Accept connections again, at the same port."""
        if self._door is None:
            listener = socket.create_server(("127.0.0.1", self._port), backlog=1024)
            opening = asyncio.start_server(self._serve, sock=listener, limit=LIMIT_BYTES)
            self._opening = self._loop.create_task(self._reopen(opening))

    async def _reopen(self, opening: Any) -> None:
        self._door = await opening

    def _drop_connections(self) -> None:
        for writer in list(self._open):
            reset(writer)

    def stop(self) -> None:
        self._holds.release("drop")
        for server in (self._door, self._control):
            if server is not None:
                server.close()
        self._drop_connections()


def in_thread(vendor: Vendor) -> AbstractContextManager[Address]:
    """A fake in a thread of this process, until the block ends."""
    return hosted(lambda: FakeServer(vendor))
