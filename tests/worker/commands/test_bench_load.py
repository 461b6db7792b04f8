"""Load is counted in whole answers, and a failure among them is never counted."""

from collections.abc import Callable

import httpx2
import pytest

from tests.http_server import Behaviour, MediaServer, saying, status
from worker.commands.bench_load import Burst, LoadError, burst, by_own_loop, each_once
from worker.commands.bench_provider import TOLD
from worker.commands.bench_records import far_provider
from worker.commands.bench_served import bare_framework

ways = pytest.mark.parametrize("way", [burst, by_own_loop])


@ways
def test_answers_are_counted_over_the_time_they_took(way: Callable[[str, int], Burst]) -> None:
    with bare_framework() as bare:
        counted = way(bare.url, 1)

    assert counted.requests > 100
    assert 0.9 < counted.seconds < 3
    assert counted.per_s == pytest.approx(counted.requests / counted.seconds)


@ways
def test_an_answer_that_is_a_failure_ends_the_count(way: Callable[[str, int], Burst]) -> None:
    with bare_framework() as bare, pytest.raises(LoadError, match=r"404|Non-2xx"):
        way(f"{bare.url}/nothing", 1)


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(saying(b""), id="nothing"),
        pytest.param(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), id="half"),
        pytest.param(saying(b"HTTP/1.1 200 OK\r\n\r\n"), id="no-length"),
        pytest.param(status(503), id="status"),
    ],
)
def test_what_is_no_whole_answer_is_told(media_server: MediaServer, behaviour: Behaviour) -> None:
    url = media_server.serve("/odd", behaviour)

    with pytest.raises(LoadError):
        by_own_loop(url, 1)


@pytest.mark.parametrize("count", [1, 200], ids=["one", "more-than-connections"])
def test_each_request_is_sent_once(count: int) -> None:
    head = b" HTTP/1.1\r\nHost: here\r\nx-acs-action: UpdateMediaCover\r\n\r\n"
    with far_provider() as url:
        each_once(url, [b"POST /?MediaId=m&CoverURL=%d" % n + head for n in range(count)])
        told = httpx2.get(url + TOLD, trust_env=False).json()

    assert len(told["written_s"]) == count


def test_an_answer_without_content_is_whole(media_server: MediaServer) -> None:
    url = media_server.serve("/empty", saying(b"HTTP/1.1 204 No Content\r\n\r\n"))

    each_once(url, [b"GET /empty HTTP/1.1\r\nHost: here\r\n\r\n"])


def test_a_request_that_fails_is_told(media_server: MediaServer) -> None:
    url = media_server.serve("/refused", status(503))

    with pytest.raises(LoadError, match="503"):
        each_once(url, [b"GET /refused HTTP/1.1\r\nHost: here\r\n\r\n"])
