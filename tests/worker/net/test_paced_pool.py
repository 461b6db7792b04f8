import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from socket import SO_RCVBUF, SOL_SOCKET, socket

import pytest
from urllib3 import Timeout
from urllib3.exceptions import HTTPError, ReadTimeoutError

from tests.http_server import MediaServer, dripping, silent, whole
from tests.worker.net.network import Certificate
from worker.net.paced_pool import LEAST_BYTES_PER_S, PacedPools

BODY = bytes(range(256)) * 1000
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
UPLOAD = bytes(16 * 1024 * 1024)  # more than the system holds between two sockets


def pools(limit_s: float, context: ssl.SSLContext | None = None) -> PacedPools:
    return PacedPools(
        limit_s,
        timeout=Timeout(connect=limit_s, read=limit_s),
        retries=False,
        ssl_context=context,
        server_hostname="public.test",
    )


@pytest.fixture(params=["http", "https"])
def context(
    request: pytest.FixtureRequest, media_server: MediaServer, certificate: Certificate
) -> ssl.SSLContext | None:
    """What a client trusts where the server encrypts."""
    if request.param == "http":
        return None
    media_server.encrypt(certificate.server)
    return certificate.client


@pytest.fixture
def taker() -> Iterator[Callable[[float], str]]:
    """Starts a server that takes an upload of UPLOAD, a MiB in so many seconds; gives its URL."""
    with ExitStack() as closing:

        def start(piece_s: float) -> str:
            listening = closing.enter_context(socket())
            # What waits in the socket when all is sent is taken within the time for an answer.
            listening.setsockopt(SOL_SOCKET, SO_RCVBUF, 64 * 1024)
            listening.bind(("127.0.0.1", 0))
            listening.listen()
            threading.Thread(target=take, args=(listening, piece_s), daemon=True).start()
            return f"http://127.0.0.1:{listening.getsockname()[1]}/upload"

        yield start


def take(listening: socket, piece_s: float) -> None:
    connection, _ = listening.accept()
    with connection:
        left = len(UPLOAD)
        while left > 0 and (piece := connection.recv(1024 * 1024)):
            left -= len(piece)
            time.sleep(piece_s * len(piece) / 1024 / 1024)
        connection.sendall(OK)


def test_answers_come_whole_and_on_one_connection(
    media_server: MediaServer, context: ssl.SSLContext | None
) -> None:
    client = pools(5, context)
    url = media_server.serve("/medium", whole(BODY))

    answers = [client.request("GET", url).data for _ in range(3)]

    assert answers == [BODY] * 3
    assert len({seen.connection for seen in media_server.seen}) == 1
    client.clear()


def test_each_request_has_its_own_time(media_server: MediaServer) -> None:
    def late(handler: object) -> None:
        time.sleep(0.3)
        whole(BODY)(handler)  # type: ignore[arg-type]

    client = pools(0.5)
    url = media_server.serve("/medium", late)

    assert [client.request("GET", url).data for _ in range(3)] == [BODY] * 3
    client.clear()


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(silent(), id="silent"),
        pytest.param(dripping(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"."), id="header-drips"),
        pytest.param(
            dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"."), id="body-drips"
        ),
    ],
)
def test_an_answer_that_does_not_come_on_is_left(
    media_server: MediaServer,
    context: ssl.SSLContext | None,
    behaviour: Callable[[object], None],
) -> None:
    client = pools(0.4, context)
    url = media_server.serve("/medium", behaviour)
    started_s = time.monotonic()

    with pytest.raises(ReadTimeoutError):
        client.request("GET", url)

    assert 0.3 < time.monotonic() - started_s < 1.5
    client.clear()


def test_a_body_that_comes_on_may_last(media_server: MediaServer) -> None:
    piece = bytes(LEAST_BYTES_PER_S // 10)
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {20 * len(piece)}\r\n\r\n".encode()
    client = pools(0.4)
    url = media_server.serve("/medium", dripping(head, piece))
    started_s = time.monotonic()

    assert len(client.request("GET", url).data) == 20 * len(piece)
    assert time.monotonic() - started_s > 0.8
    client.clear()


def test_time_between_two_reads_does_not_count(media_server: MediaServer) -> None:
    client = pools(0.4)
    url = media_server.serve("/medium", whole(bytes(8 * 1024 * 1024)))

    answer = client.request("GET", url, preload_content=False)
    answer.read(1024)
    time.sleep(0.6)

    assert len(answer.read()) == 8 * 1024 * 1024 - 1024
    client.clear()


def test_an_upload_that_goes_on_may_last(taker: Callable[[float], str]) -> None:
    client = pools(1)
    started_s = time.monotonic()

    assert client.request("PUT", taker(0.12), body=UPLOAD).status == 200

    assert time.monotonic() - started_s > 1.2
    client.clear()


def test_an_upload_that_stands_still_is_left(taker: Callable[[float], str]) -> None:
    client = pools(0.5)
    started_s = time.monotonic()

    with pytest.raises(HTTPError):
        client.request("PUT", taker(60), body=UPLOAD)

    assert time.monotonic() - started_s < 2
    client.clear()
