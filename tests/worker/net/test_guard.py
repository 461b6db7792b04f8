"""Hostile URLs against the guard: a fake resolver, and a real server that no dial may reach."""

import threading
import time

import httpcore2
import httpx2
import pytest

from tests.http_server import Behaviour, MediaServer, dripping, redirect, silent, whole
from tests.worker.net.network import (
    ADDRESSES,
    PUBLIC,
    REDIRECTS,
    SPELLINGS,
    Certificate,
    World,
    reason_of_failure,
)
from worker.net.client import get, guarded_client
from worker.net.failures import RequestFailedError, UrlNotAllowedError
from worker.net.guard import Access, resolve_name
from worker.net.stopwatch import Stopwatch


@pytest.mark.parametrize("host", ["public.test", "public6.test", PUBLIC, "[2606:2800:21f::1]"])
def test_a_public_host_is_fetched(world: World, host: str) -> None:
    answer = world.fetch(f"http://{host}/")

    assert answer.response.content == b"canary"
    assert answer.requests == 1
    assert world.canary.seen[0].headers["host"] == host


@pytest.mark.parametrize("url", SPELLINGS)
def test_a_url_of_another_form_is_refused_before_any_name_is_looked_up(
    world: World, url: str
) -> None:
    assert reason_of_failure(world, url) == "url_not_allowed"
    assert (world.asked, world.dialled, world.canary.seen) == ([], [], [])


@pytest.mark.parametrize("url", ADDRESSES)
def test_an_address_inside_is_refused_before_it_is_dialled(world: World, url: str) -> None:
    assert reason_of_failure(world, url) == "address_blocked"
    assert (world.dialled, world.canary.seen) == ([], [])


@pytest.mark.parametrize("url", REDIRECTS)
def test_a_redirect_leads_nowhere_that_a_url_may_not(world: World, url: str) -> None:
    world.canary.serve("/", redirect(url))

    assert reason_of_failure(world, "http://public.test/") in {"url_not_allowed", "address_blocked"}
    assert set(world.dialled) == {PUBLIC}


def test_a_name_whose_answer_changes_is_checked_again_at_each_connection(world: World) -> None:
    answers = [[PUBLIC], ["127.0.0.1"]]
    world.names["rebinding.test"] = lambda: answers.pop(0)
    again = "http://rebinding.test/again"
    world.canary.serve("/again", whole(b"leak"))
    world.canary.serve("/", lambda it: it.answer(302, Location=again, Connection="close"))

    assert reason_of_failure(world, "http://rebinding.test/") == "address_blocked"
    assert world.dialled == [PUBLIC]


def test_the_checked_address_is_dialled_without_asking_again(world: World) -> None:
    world.fetch("http://public.test/")

    assert world.asked == ["public.test"]
    assert world.dialled == [PUBLIC]


def test_the_server_name_of_tls_is_the_one_of_the_url(
    world: World, certificate: Certificate
) -> None:
    world.canary.encrypt(certificate.server)

    answer = world.fetch("https://public.test/", ssl_context=certificate.client)

    assert answer.response.content == b"canary"
    assert world.dialled == [PUBLIC]


@pytest.mark.parametrize("host", ["public6.test", "public.test"])
def test_a_certificate_that_does_not_hold_ends_the_fetch(
    world: World, certificate: Certificate, host: str
) -> None:
    world.canary.encrypt(certificate.server)
    trusted = certificate.client if host == "public6.test" else None

    with pytest.raises(RequestFailedError) as caught:
        world.fetch(f"https://{host}/", ssl_context=trusted)

    assert caught.value.reason == "tls"
    assert world.canary.seen == []


def test_a_proxy_of_the_environment_is_not_used(
    world: World, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")

    assert world.fetch("http://public.test/").response.content == b"canary"


@pytest.mark.parametrize("host", ["unknown.test", "none.test"])
def test_a_name_without_an_address_is_told(world: World, host: str) -> None:
    assert reason_of_failure(world, f"http://{host}/") == "dns_failed"


def test_a_resolver_that_hangs_costs_the_connect_timeout(world: World) -> None:
    hanging = threading.Event()
    world.names["slow.test"] = lambda: [str(hanging.wait(5))]

    started_s = time.monotonic()

    assert reason_of_failure(world, "http://slow.test/") == "timeout"
    assert time.monotonic() - started_s < 3
    hanging.set()


def test_a_dead_address_is_passed_over_for_the_next(media_server: MediaServer) -> None:
    media_server.serve("/", whole(b"second"))
    access = Access(
        allow_private_addresses=True, resolve=lambda host, port: ["127.0.0.2", "127.0.0.1"]
    )
    stopwatch = Stopwatch(5)

    with guarded_client(access, stopwatch, connect_timeout_s=1, stall_timeout_s=1) as client:
        url = f"http://two.test:{media_server.port}/"
        assert get(client, url, headers={}, max_redirects=0).response.read() == b"second"


def test_addresses_share_the_connect_timeout() -> None:
    given_s: list[float] = []

    def dial(address: str, port: int, timeout_s: float) -> httpcore2.NetworkStream:
        given_s.append(timeout_s)
        raise httpcore2.ConnectTimeout

    access = Access(resolve=lambda host, port: [PUBLIC, "1.1.1.1"], dial=dial)
    stopwatch = Stopwatch(5)

    with (
        guarded_client(access, stopwatch, connect_timeout_s=1, stall_timeout_s=1) as client,
        pytest.raises(RequestFailedError) as caught,
    ):
        get(client, "http://two.test/", headers={}, max_redirects=0)

    assert caught.value.reason == "timeout"
    assert len(given_s) == 2
    assert given_s[0] <= 0.5
    assert given_s[1] <= 1


def test_private_addresses_and_any_port_open_together(media_server: MediaServer) -> None:
    url = media_server.serve("/", whole(b"inside"))
    stopwatch = Stopwatch(5)

    with guarded_client(
        Access(allow_private_addresses=True), stopwatch, connect_timeout_s=1, stall_timeout_s=1
    ) as client:
        assert get(client, url, headers={}, max_redirects=0).response.read() == b"inside"


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(dripping(b"HTTP/1.1 200 OK\r\n", b"X-Drip: 1\r\n"), id="headers"),
        pytest.param(dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"."), id="body"),
        pytest.param(dripping(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"), id="early-hints"),
        pytest.param(silent(), id="silence"),
    ],
)
def test_a_server_that_drips_is_left_when_the_time_is_up(
    world: World, behaviour: Behaviour
) -> None:
    world.canary.serve("/", behaviour)

    started_s = time.monotonic()
    with pytest.raises(RequestFailedError) as caught:
        world.fetch("http://public.test/", limit_s=0.5)

    assert caught.value.reason == "timeout"
    assert time.monotonic() - started_s < 1.5


def test_the_system_resolver_gives_all_addresses_once() -> None:
    found = resolve_name("localhost", 80)

    assert "127.0.0.1" in found or "::1" in found
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://media.test/", True),
        ("https://a.links.test/", True),
        ("https://media.test:9000/", False),
        ("https://ported.test:9000/", True),
        ("https://ported.test/", False),
        ("https://public.test/", False),
        ("http://media.test/", False),
        ("https://media.test@public.test/", False),
    ],
)
def test_where_hosts_are_listed_no_other_is_asked(url: str, allowed: bool) -> None:
    access = Access(hosts=("media.test", ".links.test", "ported.test:9000"), https_only=True)

    if allowed:
        access.check_url(httpx2.URL(url))
    else:
        with pytest.raises(UrlNotAllowedError):
            access.check_url(httpx2.URL(url))
