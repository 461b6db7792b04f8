"""A made-up network: hostile URLs, names that answer from a table, a certificate."""

import socket
import ssl
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import httpcore2
import pytest

from tests.certificate import self_signed
from tests.http_server import MediaServer
from worker.net.client import Answer, get, guarded_client
from worker.net.failures import RequestFailedError, translated
from worker.net.guard import Access, dial_address
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


def reason_of_failure(world: World, url: str) -> str:
    with pytest.raises(RequestFailedError) as caught:
        world.fetch(url)
    return caught.value.reason


class Certificate:
    """A certificate for public.test, as its server and its clients hold it."""

    def __init__(self, folder: Path) -> None:
        pem = self_signed(folder, "DNS:public.test")
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.load_cert_chain(pem.certificate, pem.key)
        self.client = ssl.create_default_context(cafile=str(pem.certificate))
