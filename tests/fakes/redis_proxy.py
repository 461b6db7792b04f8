"""A TCP proxy before a real Redis that holds chosen commands, as a fake of a vendor holds calls.

A killed worker is so stopped exactly at a step, from outside of it.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from tests.fakes.control import Control
from tests.fakes.faults import Holds, Verdict, When
from tests.fakes.hosting import Address, Commands, hosted, port_of, run_alone, serve_control
from tests.fakes.wire import reset

_CHUNK_BYTES: Final = 65_536


@dataclass
class Rule:
    """Hold a command whose arguments contain every word, its name counts as the first of them.

    Case matters. `before`: it has not reached Redis. `after`: it is done, its answer is held.
    """

    words: list[str]
    when: When = "before"
    times: int = 1
    skip: int = 0

    def met_by(self, arguments: list[bytes]) -> bool:
        if not all(any(word.encode() in each for each in arguments) for word in self.words):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True


class RedisProxy:
    """Passes everything on, command by command; what rules name waits for a release."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        self._upstream = (parts.hostname, parts.port or 6379)
        self._database = parts.path
        self._rules: list[Rule] = []
        self._holds = Holds()
        self._servers: list[asyncio.Server] = []
        self._clients: set[asyncio.StreamWriter] = set()
        self.passed = 0

    async def start(self, port: int = 0, control_port: int = 0) -> Address:
        """The address's `url` is the one for Redis clients."""
        door = await asyncio.start_server(self._serve, "127.0.0.1", port, backlog=256)
        commands: Commands = {
            "hold": self._add,
            "clear": self._clear,
            "held": self._holds.held,
            "release": self._holds.release,
            "passed": lambda: self.passed,
            "drop_connections": self._drop_connections,
        }
        control = await serve_control(commands, control_port)
        self._servers = [door, control]
        return Address(
            f"redis://127.0.0.1:{port_of(door)}{self._database}",
            f"http://127.0.0.1:{port_of(control)}/_control",
        )

    def stop(self) -> None:
        self._holds.release("drop")
        for server in self._servers:
            server.close()
        self._drop_connections()

    def _add(self, **rule: Any) -> None:
        self._rules.append(Rule(**rule))

    def _clear(self) -> None:
        self._rules = []

    def _drop_connections(self) -> None:
        for client in list(self._clients):
            reset(client)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients.add(writer)
        try:
            server_reader, server_writer = await asyncio.open_connection(*self._upstream)
        except OSError:
            reset(writer)
            return
        gate = asyncio.Event()
        gate.set()
        back = asyncio.create_task(_pass_back(server_reader, writer, gate))
        try:
            while (command := await _read_command(reader)) is not None:
                if await self._pass_on(*command, server_writer, gate) == "drop":
                    reset(writer)
                    return
        except OSError:
            return  # Either side has gone.
        finally:
            back.cancel()
            self._clients.discard(writer)
            server_writer.close()
            writer.close()

    async def _pass_on(
        self,
        raw: bytes,
        arguments: list[bytes],
        server: asyncio.StreamWriter,
        gate: asyncio.Event,
    ) -> Verdict:
        rule = next((each for each in self._rules if each.met_by(arguments)), None)
        self._rules = [each for each in self._rules if each.times > 0]
        verdict: Verdict = "go"
        told = {"call": arguments[0].decode("latin-1"), "words": rule.words if rule else []}
        if rule is not None and rule.when == "before":
            verdict = await self._holds.hold(when="before", **told)
        if verdict == "drop":
            return verdict
        if rule is not None and rule.when == "after":
            gate.clear()
        server.write(raw)
        await server.drain()
        self.passed += 1
        if rule is not None and rule.when == "after":
            verdict = await self._holds.hold(when="after", **told)
            if verdict == "go":
                gate.set()
        return verdict


async def _pass_back(
    server: asyncio.StreamReader, client: asyncio.StreamWriter, gate: asyncio.Event
) -> None:
    with suppress(OSError):
        while data := await server.read(_CHUNK_BYTES):
            await gate.wait()
            client.write(data)
            await client.drain()
    client.close()


async def _read_command(reader: asyncio.StreamReader) -> tuple[bytes, list[bytes]] | None:
    """The next command as it came and its arguments, None when the client has gone."""
    try:
        raw = await reader.readuntil(b"\r\n")
        if not raw.startswith(b"*"):
            return raw, raw.split() or [b""]
        arguments: list[bytes] = []
        parts = [raw]
        for _ in range(int(raw[1:])):
            head = await reader.readuntil(b"\r\n")
            body = await reader.readexactly(int(head[1:]) + 2)
            parts += [head, body]
            arguments.append(body[:-2])
    except (asyncio.IncompleteReadError, OSError, ValueError):
        return None
    return b"".join(parts), arguments


class RedisControl(Control):
    """What a test says to the proxy; `url` is the Redis that workers are given."""

    def hold_command(self, *words: str, **rule: Any) -> None:
        """Hold the next command whose arguments contain all these words (see `Rule`)."""
        self.do("hold", words=list(words), **rule)


@contextmanager
def redis_proxy(url: str) -> Iterator[RedisControl]:
    """A proxy in a thread of this process, before the Redis at `url`."""
    with hosted(lambda: RedisProxy(url)) as address:
        yield RedisControl(*address)


if __name__ == "__main__":
    run_alone(lambda asked: RedisProxy(asked.redis), "--redis")
