"""How a fake is run, in a thread or as a program, and how it is commanded from outside.

The control speaks HTTP on a port of its own, so that it answers while the fake itself refuses.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple, Protocol

from tests.fakes.wire import LIMIT_BYTES, Answer, Request, read_request, written

Commands = Mapping[str, Callable[..., Any]]


class Address(NamedTuple):
    """Where a fake answers, and where it is controlled."""

    url: str
    control: str


class Runner(Protocol):
    """Something that serves in the running event loop."""

    async def start(self, port: int = 0, control_port: int = 0) -> Address: ...

    def stop(self) -> None: ...


async def serve_control(commands: Commands, port: int = 0) -> asyncio.Server:
    """`POST /_control` with `{"do": name, …}` does a command and tells what it gave."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while (request := await read_request(reader)) is not None:
                answer = _commanded(commands, request)
                # Connections that were ended end now, not after the answer.
                await asyncio.sleep(0)
                writer.write(written(answer, request.method))
                await writer.drain()
        writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", port, limit=LIMIT_BYTES * 64)


def _commanded(commands: Commands, request: Request) -> Answer:
    headers = {"Content-Type": "application/json"}
    try:
        told = json.loads(request.body)
        given = commands[told.pop("do")](**told)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return Answer(400, json.dumps({"error": repr(error)}).encode(), headers)
    return Answer(200, json.dumps({"given": given}).encode(), headers)


def port_of(server: asyncio.Server) -> int:
    return int(server.sockets[0].getsockname()[1])


@contextmanager
def hosted(make: Callable[[], Runner]) -> Iterator[Address]:
    """Run it in a thread of this process, until the block ends."""
    started: list[Address] = []
    ready = threading.Event()
    loops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def run() -> None:
        runner, ending = make(), asyncio.Event()
        started.append(await runner.start())
        loops.append((asyncio.get_running_loop(), ending))
        ready.set()
        await ending.wait()
        runner.stop()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert ready.wait(10), "the fake has not started"
    try:
        yield started[0]
    finally:
        loop, ending = loops[0]
        loop.call_soon_threadsafe(ending.set)
        thread.join(10)


@contextmanager
def in_process(module: str, *arguments: str) -> Iterator[Address]:
    """Run a fake's module as a program of its own, which no killing in the test reaches."""
    program = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", *program], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield Address(**json.loads(process.stdout.readline()))
        finally:
            process.kill()


def run_alone(make: Callable[[argparse.Namespace], Runner], *options: str) -> None:
    """Run it as a program: it writes its address as one line of JSON and serves until it is ended.

    `options` are further arguments that it must be given.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--control-port", type=int, default=0)
    for option in options:
        parser.add_argument(option, required=True)
    asked = parser.parse_args()

    async def run() -> None:
        address = await make(asked).start(asked.port, asked.control_port)
        sys.stdout.write(json.dumps(address._asdict()) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()

    with suppress(KeyboardInterrupt):
        asyncio.run(run())
