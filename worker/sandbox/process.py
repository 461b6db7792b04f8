"""One decode child as its parent sees it: started, asked under a deadline, ended and reaped."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple, Protocol, TypeVar

from pydantic import ValidationError

from worker.errors import CoverError, MediaError, WorkerError, error_of
from worker.sandbox.channel import Channel, ChannelError
from worker.sandbox.messages import SAID, SPANS, Failed, Passed, ReadWanted, Ready, SoonTold

Expected = TypeVar("Expected")

_START_TIMEOUT_S = 60.0
_EXIT_TIMEOUT_S = 2.0
# No secret of ours reaches the child; these keep its libraries small, quiet and on one core.
_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "MALLOC_ARENA_MAX": "2",
    # Frames and files of a few MB come and go; fetching fresh pages for each took 8 % of a cover.
    "MALLOC_MMAP_THRESHOLD_": str(32 * 1024 * 1024),
    "MALLOC_TRIM_THRESHOLD_": str(64 * 1024 * 1024),
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "VIPS_CONCURRENCY": "1",
    "VIPS_WARNING": "0",
    "OPENCV_LOG_LEVEL": "SILENT",
}
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH")


class Call(NamedTuple):
    """A request as it goes to the child."""

    header: Mapping[str, object]
    payload: bytes = b""
    descriptor: int | None = None


class Bytes(Protocol):
    """Where the bytes come from that the child asks for."""

    def read(self, offset: int, length: int) -> bytes: ...

    def soon(self, spans: Sequence[tuple[int, int]]) -> None: ...


class Listening(NamedTuple):
    """Who serves what the child says before its answer; without one it may not say it."""

    reader: Bytes | None = None
    on_pass: Callable[[int], None] | None = None


class DecodeProcess:
    """A decode child. It warms up in the background; the first request waits for it.

    The kernel ends it when the *thread* that made this object ends: make it in a thread that
    lives as long as the decoder is used, and use it from one thread at a time.
    """

    def __init__(self, options: Mapping[str, object]) -> None:
        ours, theirs = socket.socketpair()
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        with theirs:
            self._child = subprocess.Popen(
                [
                    *(sys.executable, "-I", "-m", "worker.sandbox.child"),
                    *(str(theirs.fileno()), str(os.getpid()), json.dumps(options)),
                ],
                pass_fds=(theirs.fileno(),),
                env={**environment, **_ENVIRONMENT},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                # Ctrl-C in a terminal is for the parent, which then ends this one.
                start_new_session=True,
            )
        self._channel = Channel(ours)
        self._ready = False
        self._closed = False

    @property
    def alive(self) -> bool:
        """Whether it can be asked now; an idle child may have been killed by the system."""
        return not self._closed and self._child.poll() is None

    @property
    def pid(self) -> int:
        return self._child.pid

    def wait_until_ready(self) -> None:
        """Raises: WorkerError when the child does not come up."""
        if self._ready:
            return
        self._channel.deadline_s = time.monotonic() + _START_TIMEOUT_S
        try:
            self._ready = isinstance(SAID.validate_json(self._channel.receive().header), Ready)
        except (ChannelError, TimeoutError, ValidationError) as error:
            self.kill()
            raise WorkerError("internal.error", "the decode process does not start") from error
        except BaseException:
            self.kill()
            raise

    def ask(
        self,
        call: Call,
        expected: type[Expected],
        *,
        timeout_s: float,
        listening: Listening,
    ) -> Expected:
        """Send a request, serve what the child needs for it, and give its answer.

        `timeout_s` stands still while a read is served, and begins anew when the child has passed
        some time of the medium. A child that overruns it, dies or says what it must not is killed;
        so is one whose request ends by an exception of ours.

        Raises: MediaError, with `media.decode_timeout` or `media.decoder_crashed`; what the reader
            and `on_pass` raise.
        """
        self.wait_until_ready()
        self._channel.deadline_s = time.monotonic() + timeout_s
        try:
            self._channel.send(call.header, call.payload, descriptor=call.descriptor)
            said = self._conversation(listening, timeout_s)
        except TimeoutError as error:
            self.kill()
            raise MediaError("media.decode_timeout", stage="decode") from error
        except (ChannelError, ValidationError) as error:
            self.kill()
            raise MediaError("media.decoder_crashed", stage="decode") from error
        except BaseException:
            self.kill()
            raise
        if isinstance(said, CoverError):
            raise said
        if not isinstance(said, expected):
            self.kill()
            raise MediaError("media.decoder_crashed", stage="decode")
        return said

    def _conversation(self, listening: Listening, timeout_s: float) -> object:
        """What the child says in the end; an error of the medium or of its reader as a value.

        After an error of the reader that is the answer: the child only tells what it made of it.
        """
        fault: CoverError | None = None
        reader, on_pass = listening
        while True:
            message = self._channel.receive()
            said = SAID.validate_json(message.header, strict=True)
            if isinstance(said, ReadWanted) and reader is not None:
                fault = self._serve(said, reader) or fault
            elif isinstance(said, SoonTold) and reader is not None:
                reader.soon(SPANS.validate_json(message.payload, strict=True))
            elif isinstance(said, Passed) and on_pass is not None:
                on_pass(said.at_ms)
                self._channel.deadline_s = time.monotonic() + timeout_s
            elif fault is not None:
                return fault
            else:
                return _error(said) if isinstance(said, Failed) else said

    def _serve(self, wanted: ReadWanted, reader: Bytes) -> CoverError | None:
        """Answer a read; the reader's error goes to the child too and is kept for the caller."""
        began_s = time.monotonic()
        try:
            data = reader.read(wanted.offset, wanted.length)[: wanted.length]
        except CoverError as error:
            self._stand_still(began_s)
            answer = {"do": "fault", "code": error.code, "message": error.message}
            self._channel.send({**answer, "stage": error.stage})
            return error
        self._stand_still(began_s)
        self._channel.send({"do": "bytes"}, data)
        return None

    def _stand_still(self, since_s: float) -> None:
        assert self._channel.deadline_s is not None
        self._channel.deadline_s += time.monotonic() - since_s

    def kill(self) -> None:
        """End the child at once and reap it."""
        self._closed = True
        self._channel.close()
        self._child.kill()
        self._child.wait()

    def close(self) -> None:
        """Hang up, which ends the child; one that does not go is killed."""
        if self._closed:
            return
        self._closed = True
        self._channel.close()
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(_EXIT_TIMEOUT_S)
            return
        self._child.kill()
        self._child.wait()


def _error(said: Failed) -> CoverError:
    """What the child itself may complain of: it knows no store."""
    if said.code.startswith("storage."):
        raise ChannelError(f"an error it cannot know: {said.code}")
    try:
        return error_of(said.code, said.message, stage=said.stage)
    except LookupError as error:
        raise ChannelError(f"an unknown code: {said.code}") from error
