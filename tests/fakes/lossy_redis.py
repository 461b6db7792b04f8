"""A TCP proxy before a real Redis that can lose one answer, as a connection does that breaks."""

import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread


class LossyRedis:
    """`lose_next()`: what is asked next is done, but its answer is lost with its connection."""

    def __init__(self, port: int) -> None:
        self._upstream = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._losing = False
        self._asked = b""
        self.lost = 0

    def lose_next(self) -> None:
        self._losing = True

    def accept(self) -> None:
        """Serve connections until `close`."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                Thread(target=self._serve, args=(client,), daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._upstream) as server, suppress(OSError):
            while self._pass_on(client, server):
                pass

    def _pass_on(self, client: socket.socket, server: socket.socket) -> bool:
        """Pass on what comes from either; whether the connection goes on."""
        for side in select.select([client, server], [], [])[0]:
            data: bytes = side.recv(65536)
            if not data:
                return False
            if side is client:
                # A script's text may come in pieces.
                self._asked = data if data.startswith(b"*") else self._asked
            # A server that asks for a script's text, or is given it, has done nothing yet.
            elif self._losing and not (
                b"LOAD" in self._asked[:40] or data.startswith(b"-NOSCRIPT")
            ):
                self._losing, self.lost = False, self.lost + 1
                return False
            (server if side is client else client).sendall(data)
        return True


@contextmanager
def lossy_redis(port: int) -> Iterator[LossyRedis]:
    """A proxy on a free loopback port before the Redis at `port`."""
    proxy = LossyRedis(port)
    thread = Thread(target=proxy.accept)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join()
