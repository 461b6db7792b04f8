"""What goes over connections: round trips to a Redis, and the bytes that a server sends."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Final, NamedTuple, cast

from redis import Redis


class Traffic(NamedTuple):
    """What a piece of work costs a Redis; commands inside of scripts count too."""

    round_trips: float
    commands: float
    sent_bytes: float


# A server reads once for each round trip, however much is in it.
_COUNTERS: Final = (
    "total_reads_processed",
    "total_commands_processed",
    "total_net_output_bytes",
)


class RedisMeter:
    """Reads the server's own counters; what else goes on in a quiet while is taken off."""

    def __init__(self, client: Redis, *, quiet_s: float = 2) -> None:
        self._redis = client
        self._else_per_s = [0.0] * len(_COUNTERS)
        self.begin()
        time.sleep(quiet_s)
        self._else_per_s = list(self.per_piece(quiet_s))

    def begin(self) -> None:
        """Count from here."""
        self._begun_s, self._before = time.monotonic(), self._counted()

    def per_piece(self, pieces: float) -> Traffic:
        """What each of the pieces of work since `begin` cost."""
        taken_s = time.monotonic() - self._begun_s
        counts = zip(self._counted(), self._before, self._else_per_s, strict=True)
        return Traffic(*((now - then - other * taken_s) / pieces for now, then, other in counts))

    def _counted(self) -> list[int]:
        told = cast(dict[str, int], self._redis.info("stats"))
        return [told[name] for name in _COUNTERS]


class Relay:
    """Passes connections on to a server on this machine and counts what that sends back."""

    def __init__(self, port: int) -> None:
        self._to = ("127.0.0.1", port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.sent_bytes = 0

    def serve(self) -> None:
        """Until the listening socket is closed."""
        with suppress(OSError):
            while True:
                near = self._listening.accept()[0]
                far = socket.create_connection(self._to)
                for ends in ((near, far, False), (far, near, True)):
                    threading.Thread(target=self._pump, args=ends, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _pump(self, one: socket.socket, other: socket.socket, counts: bool) -> None:
        with suppress(OSError), closing(one), closing(other):
            while data := one.recv(65_536):
                self.sent_bytes += len(data) if counts else 0
                other.sendall(data)


@contextmanager
def relayed(port: int) -> Iterator[Relay]:
    """A relay to the port, for a while."""
    relay = Relay(port)
    serving = threading.Thread(target=relay.serve)
    serving.start()
    try:
        yield relay
    finally:
        relay.close()
        serving.join()
