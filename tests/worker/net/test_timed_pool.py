import ssl
import time

import pytest
from urllib3 import Timeout
from urllib3.exceptions import ReadTimeoutError

from tests.http_server import MediaServer, dripping, silent, whole
from tests.worker.net.network import Certificate
from worker.net.stopwatch import Stopwatch
from worker.net.timed_pool import TimedPools

BODY = bytes(range(256)) * 1000


def pools(
    stopwatch: Stopwatch, context: ssl.SSLContext | None, *, stall_s: float = 5
) -> TimedPools:
    return TimedPools(
        stopwatch,
        timeout=Timeout(stall_s),
        retries=False,
        ssl_context=context,
        # Not assert_hostname, which would switch off checks in a context that other tests share.
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


def test_answers_come_whole_and_on_one_connection(
    media_server: MediaServer, context: ssl.SSLContext | None
) -> None:
    client = pools(Stopwatch(5), context)
    url = media_server.serve("/medium", whole(BODY))

    answers = [client.request("GET", url).data for _ in range(3)]

    assert answers == [BODY] * 3
    assert len({seen.connection for seen in media_server.seen}) == 1
    client.clear()


@pytest.mark.parametrize(
    ("total_s", "stall_s"),
    [pytest.param(0.3, 5, id="the-whole-fetch"), pytest.param(5, 0.3, id="one-wait")],
)
def test_a_silent_server_is_left_at_the_nearer_end(
    media_server: MediaServer, context: ssl.SSLContext | None, total_s: float, stall_s: float
) -> None:
    client = pools(Stopwatch(total_s), context, stall_s=stall_s)
    url = media_server.serve("/medium", silent())
    started_s = time.monotonic()

    with pytest.raises(ReadTimeoutError):
        client.request("GET", url)

    assert 0.2 < time.monotonic() - started_s < 1.5
    client.clear()


def test_headers_that_drip_end_with_the_whole_fetch(
    media_server: MediaServer, context: ssl.SSLContext | None
) -> None:
    stopwatch = Stopwatch(0.3)
    client = pools(stopwatch, context)
    url = media_server.serve("/medium", dripping(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"."))
    started_s = time.monotonic()

    with stopwatch, pytest.raises(ReadTimeoutError):
        client.request("GET", url)

    assert time.monotonic() - started_s < 1
    client.clear()
