"""Hostile URLs against the guard: a fake resolver, and a real server that no dial may reach."""

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import httpcore2
import pytest

from tests.http_server import Behaviour, MediaServer, dripping, redirect, silent, status, whole
from tests.missing import missing
from worker.net.client import Answer, get, guarded_client
from worker.net.failures import RequestFailedError, translated
from worker.net.guard import Access, dial_address, resolve_name
from worker.net.stopwatch import Stopwatch

PUBLIC = "93.184.215.14"
NAMES: dict[str, list[str]] = {
    "public.test": [PUBLIC],
    "public6.test": ["2606:2800:21f::1"],
    "localhost": ["127.0.0.1", "::1"],
    "localhost.": ["127.0.0.1"],
    "loopback.test": ["127.0.0.1"],
    "loopback.test.": ["127.0.0.1"],
    "loopback6.test": ["::1"],
    "private.test": ["10.1.2.3"],
    "home.test": ["192.168.1.1"],
    "shared.test": ["100.64.0.1"],
    "metadata.test": ["169.254.169.254"],
    "metadata6.test": ["fd00:ec2::254"],
    "alibaba.test": ["100.100.100.200"],
    "azure.test": ["168.63.129.16"],
    "oracle.test": ["192.0.0.192"],
    "multicast.test": ["224.0.0.1"],
    "multicast6.test": ["ff0e::1"],
    "zero.test": ["0.0.0.0"],
    "zero6.test": ["::"],
    "mapped.test": ["::ffff:127.0.0.1"],
    "compatible.test": ["::7f00:1"],
    "nat64.test": ["64:ff9b::7f00:1"],
    "localnat64.test": ["64:ff9b:1::7f00:1"],
    "6to4.test": ["2002:7f00:1::"],
    "teredo.test": ["2001:0:7f00:1::"],
    "site.test": ["fec0::1"],
    "link.test": ["fe80::1"],
    "scoped.test": ["fe80::1%1"],
    "unique.test": ["fc00::1"],
    "benchmark.test": ["198.18.0.1"],
    "broadcast.test": ["255.255.255.255"],
    "mixed.test": [PUBLIC, "127.0.0.1"],
    "mixed6.test": ["2606:2800:21f::1", "::1"],
    "none.test": [],
}

SPELLINGS = [
    "http://2130706433/",
    "http://017700000001/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://127.0.0.1./",
    "http://127.0.0.0x1/",
    "http://%31%32%37.0.0.1/",
    "http://\uff11\uff12\uff17.0.0.1/",
    "http://[fe80::1%25eth0]/",
    "http://[::1",
    "http:///etc/passwd",
    "http://",
    "http://public.test:22/",
    "http://public.test:6379/",
    "http://public.test:0/",
    "http://public.test:65536/",
    "http://public.test:8080/",
    "http://user@public.test/",
    "http://user:word@public.test/",
    "http://public.test@loopback.test/",
    "http://public.test\\@loopback.test/",
    "http://exa mple.test/",
    "http://public.test%00.loopback.test/",
    "http://public.test\r\nHost: loopback.test/",
    "ftp://public.test/",
    "file:///etc/passwd",
    "gopher://public.test/",
    "data:text/plain,x",
    "unix:///run/docker.sock",
    "//public.test/",
    "public.test/clip.mp4",
    "",
]
ADDRESSES = [
    "http://127.0.0.1/",
    "http://127\u30020\u30020\u30021/",
    "http://127.255.255.254/",
    "http://0.0.0.0/",
    "http://10.0.0.1/",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://172.16.0.1/",
    "http://192.0.0.8/",
    "http://192.168.0.1/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://[::]/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::127.0.0.1]/",
    "http://[64:ff9b:1::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[fc00::1]/",
    "http://[fe80::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    *(
        f"http://{name}/"
        for name in NAMES
        if name not in {"public.test", "public6.test", "none.test"}
    ),
]
REDIRECTS = [
    url
    for url in [*SPELLINGS, *ADDRESSES]
    # Without a host these are read as paths on the same host.
    if url.isascii()
    and "://" in url
    and "\n" not in url
    and url not in {"http://", "http:///etc/passwd"}
]


class World:
    """A made-up network: names answer from a table, every dial ends at one server on loopback."""

    def __init__(self, canary: MediaServer) -> None:
        self.canary = canary
        self.asked: list[str] = []
        self.dialled: list[str] = []
        self.names: dict[str, Callable[[], list[str]]] = {
            name: partial(list, found) for name, found in NAMES.items()
        }

    def resolve(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        if host not in self.names:
            raise socket.gaierror(socket.EAI_NONAME, "unknown name")
        return self.names[host]()

    def dial(self, address: str, port: int, timeout_s: float) -> httpcore2.NetworkStream:
        self.dialled.append(address)
        return dial_address("127.0.0.1", self.canary.port, timeout_s)

    def fetch(
        self, url: str, *, limit_s: float = 5, ssl_context: ssl.SSLContext | None = None
    ) -> Answer:
        access = Access(resolve=self.resolve, dial=self.dial)
        stopwatch = Stopwatch(limit_s)
        with (
            guarded_client(
                access,
                stopwatch,
                connect_timeout_s=1,
                stall_timeout_s=1,
                ssl_context=ssl_context,
            ) as client,
            stopwatch,
        ):
            answer = get(client, url, headers={}, max_redirects=3)
            with translated(in_body=True):
                answer.response.read()
            return answer


@pytest.fixture
def world(media_server: MediaServer) -> World:
    media_server.serve("/", whole(b"canary"))
    return World(media_server)


def _reason(world: World, url: str) -> str:
    with pytest.raises(RequestFailedError) as caught:
        world.fetch(url)
    return caught.value.reason


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
    assert _reason(world, url) == "url_not_allowed"
    assert (world.asked, world.dialled, world.canary.seen) == ([], [], [])


@pytest.mark.parametrize("url", ADDRESSES)
def test_an_address_inside_is_refused_before_it_is_dialled(world: World, url: str) -> None:
    assert _reason(world, url) == "address_blocked"
    assert (world.dialled, world.canary.seen) == ([], [])


@pytest.mark.parametrize("url", REDIRECTS)
def test_a_redirect_leads_nowhere_that_a_url_may_not(world: World, url: str) -> None:
    world.canary.serve("/", redirect(url))

    assert _reason(world, "http://public.test/") in {"url_not_allowed", "address_blocked"}
    assert set(world.dialled) == {PUBLIC}


def test_a_name_whose_answer_changes_is_checked_again_at_each_connection(world: World) -> None:
    answers = [[PUBLIC], ["127.0.0.1"]]
    world.names["rebinding.test"] = lambda: answers.pop(0)
    again = "http://rebinding.test/again"
    world.canary.serve("/again", whole(b"leak"))
    world.canary.serve("/", lambda it: it.answer(302, Location=again, Connection="close"))

    assert _reason(world, "http://rebinding.test/") == "address_blocked"
    assert world.dialled == [PUBLIC]


def test_the_checked_address_is_dialled_without_asking_again(world: World) -> None:
    world.fetch("http://public.test/")

    assert world.asked == ["public.test"]
    assert world.dialled == [PUBLIC]


def test_three_redirects_are_followed_and_a_fourth_is_not(world: World) -> None:
    for step in range(4):
        world.canary.serve(f"/{step}", redirect(f"/{step + 1}"))
    world.canary.serve("/4", whole(b"end"))

    assert world.fetch("http://public.test/1").requests == 4
    assert _reason(world, "http://public.test/0") == "redirects"


def test_an_encrypted_source_does_not_redirect_to_a_plain_one(
    world: World, certificate: "Certificate"
) -> None:
    world.canary.encrypt(certificate.server)
    world.canary.serve("/", redirect("http://public.test/"))

    with pytest.raises(RequestFailedError) as caught:
        world.fetch("https://public.test/", ssl_context=certificate.client)

    assert caught.value.reason == "url_not_allowed"


def test_the_server_name_of_tls_is_the_one_of_the_url(
    world: World, certificate: "Certificate"
) -> None:
    world.canary.encrypt(certificate.server)

    answer = world.fetch("https://public.test/", ssl_context=certificate.client)

    assert answer.response.content == b"canary"
    assert world.dialled == [PUBLIC]


@pytest.mark.parametrize("host", ["public6.test", "public.test"])
def test_a_certificate_that_does_not_hold_ends_the_fetch(
    world: World, certificate: "Certificate", host: str
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
    assert _reason(world, f"http://{host}/") == "dns_failed"


def test_a_resolver_that_hangs_costs_the_connect_timeout(world: World) -> None:
    hanging = threading.Event()
    world.names["slow.test"] = lambda: [str(hanging.wait(5))]

    started_s = time.monotonic()

    assert _reason(world, "http://slow.test/") == "timeout"
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


def test_no_log_line_carries_a_query(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.canary.serve("/signed", status(200))
    caplog.set_level("DEBUG")

    world.fetch("http://public.test/signed?X-Amz-Signature=canary-secret")

    assert "canary-secret" not in caplog.text


def test_the_system_resolver_gives_all_addresses_once() -> None:
    found = resolve_name("localhost", 80)

    assert "127.0.0.1" in found or "::1" in found
    assert len(found) == len(set(found))


class Certificate:
    """A certificate for public.test, as its server and its clients hold it."""

    def __init__(self, folder: Path) -> None:
        key, cert = folder / "key.pem", folder / "cert.pem"
        command = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ]
        subject = ["-subj", "/CN=public.test", "-addext", "subjectAltName=DNS:public.test"]
        try:
            subprocess.run(
                [*command, *subject, "-nodes", "-days", "2", "-keyout", key, "-out", cert],
                check=True,
                capture_output=True,
            )
        except FileNotFoundError:
            missing("openssl", "apt-get install -y openssl")
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.load_cert_chain(cert, key)
        self.client = ssl.create_default_context(cafile=str(cert))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("certificate"))
