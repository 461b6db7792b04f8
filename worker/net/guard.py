"""The guarded transport: names are resolved, every address checked, and the checked one dialled.

Only the TCP dial is replaced, so `Host` and the TLS server name stay those of the URL, and what
holds for a first request holds for redirects and for names whose answers change.
"""

import ssl
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from socket import SOCK_STREAM, getaddrinfo
from threading import Thread
from typing import Any

import httpcore2
import httpx2

from worker.net.failures import (
    AddressBlockedError,
    NameNotResolvedError,
    OutOfTimeError,
    UrlNotAllowedError,
)
from worker.net.stopwatch import Stopwatch
from worker.rules.addresses import address_of, is_allowed_address, is_allowed_host, is_listed_host

Resolve = Callable[[str, int], Sequence[str]]
Dial = Callable[[str, int, float], httpcore2.NetworkStream]

_DEFAULT_PORTS = {"http": 80, "https": 443}


def resolve_name(host: str, port: int) -> Sequence[str]:
    """All addresses of a host name, as the system resolver orders them. Raises: OSError."""
    found = getaddrinfo(host, port, type=SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def dial_address(address: str, port: int, timeout_s: float) -> httpcore2.NetworkStream:
    """A TCP connection to an address. Raises: httpcore2.ConnectError, ConnectTimeout."""
    return httpcore2.SyncBackend().connect_tcp(address, port, timeout_s, socket_options=())


@dataclass(frozen=True, slots=True)
class Access:
    """What may be dialled, and how names are resolved and addresses dialled.

    Where an operator lists `hosts`, they and their ports are all there is.
    """

    allow_private_addresses: bool = False
    allowed_ports: frozenset[int] = frozenset({80, 443})
    hosts: tuple[str, ...] | None = None
    https_only: bool = False
    resolve: Resolve = resolve_name
    dial: Dial = dial_address

    def check_url(self, url: httpx2.URL) -> None:
        """Raises: UrlNotAllowedError, before any name is looked up."""
        if url.scheme not in _DEFAULT_PORTS or url.userinfo:
            raise UrlNotAllowedError(url)
        if not is_allowed_host(url.raw_host.decode("ascii")):
            raise UrlNotAllowedError(url)
        default_port = _DEFAULT_PORTS[url.scheme]
        port = url.port or default_port
        if url.port == 0 or port > 65_535 or (self.https_only and url.scheme != "https"):
            raise UrlNotAllowedError(url)
        if self.hosts is None:
            allowed = self.allow_private_addresses or port in self.allowed_ports
        else:
            allowed = is_listed_host(url.host, port, default_port, self.hosts)
        if not allowed:
            raise UrlNotAllowedError(url)

    def addresses(self, host: str, port: int, timeout_s: float) -> Sequence[str]:
        """The addresses to dial for `host`; all of them passed the policy.

        Raises: NameNotResolvedError, AddressBlockedError, OutOfTimeError.
        """
        if address_of(host) is not None:
            found: Sequence[str] = [host]
        else:
            found = resolve_within(self.resolve, host, port, timeout_s)
        if not found:
            raise NameNotResolvedError
        for address in found:
            if not is_allowed_address(
                ip_address(address), allow_private_addresses=self.allow_private_addresses
            ):
                raise AddressBlockedError
        return found


def resolve_within(resolve: Resolve, host: str, port: int, timeout_s: float) -> Sequence[str]:
    """Resolve in a thread of its own: the system resolver takes no timeout."""
    answers: SimpleQueue[Sequence[str] | Exception] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolve(host, port))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    Thread(target=ask, daemon=True, name="resolve").start()
    try:
        answer = answers.get(timeout=max(timeout_s, 0))
    except Empty:
        raise OutOfTimeError from None
    if isinstance(answer, Exception):
        raise NameNotResolvedError from answer
    return answer


class _TimedStream(httpcore2.NetworkStream):
    """A connection whose every wait also ends with the whole fetch's time."""

    def __init__(self, stream: httpcore2.NetworkStream, stopwatch: Stopwatch) -> None:
        self._stream = stream
        self._stopwatch = stopwatch

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _bounded(timeout, self._stopwatch))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _bounded(timeout, self._stopwatch))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        timeout_s = _bounded(timeout, self._stopwatch)
        stream = self._stream.start_tls(ssl_context, server_hostname, timeout_s)
        return _TimedStream(stream, self._stopwatch)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _GuardedBackend(httpcore2.NetworkBackend):
    """Dials checked addresses only."""

    def __init__(self, access: Access, stopwatch: Stopwatch) -> None:
        self._access = access
        self._stopwatch = stopwatch

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        connecting = Stopwatch(_bounded(timeout, self._stopwatch))
        with connecting:
            addresses = self._access.addresses(host, port, connecting.left_s)
            for waiting, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
                timeout_s = max(connecting.left_s / waiting, 0.001)
                try:
                    stream = self._access.dial(address, port, timeout_s)
                except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                    if waiting == 1:
                        raise
                else:
                    return _TimedStream(stream, self._stopwatch)
        raise NameNotResolvedError


def _bounded(timeout_s: float | None, stopwatch: Stopwatch) -> float:
    left_s = stopwatch.left_s
    if left_s <= 0:
        raise OutOfTimeError
    return left_s if timeout_s is None else min(timeout_s, left_s)


@cache
def _trusted_roots() -> ssl.SSLContext:
    """Loading the certificates takes as long as a small fetch: once per process."""
    return httpx2.create_ssl_context()


class _RawBody(httpx2.SyncByteStream):
    def __init__(self, response: httpcore2.Response) -> None:
        self._response = response

    def __iter__(self) -> Any:
        return self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class GuardedTransport(httpx2.BaseTransport):
    """Sends requests of an httpx2 client through the guard, on kept-alive connections.

    Environment proxies are not used. Raises what `worker.net.failures` lists.
    """

    def __init__(
        self,
        access: Access,
        stopwatch: Stopwatch,
        *,
        ssl_context: ssl.SSLContext | None = None,
        max_connections: int = 10,
    ) -> None:
        self._access = access
        self._pool = httpcore2.ConnectionPool(
            ssl_context=ssl_context or _trusted_roots(),
            max_connections=max_connections,
            keepalive_expiry=30,
            network_backend=_GuardedBackend(access, stopwatch),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self._access.check_url(request.url)
        url = httpcore2.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        response = self._pool.handle_request(
            httpcore2.Request(
                method=request.method,
                url=url,
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx2.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_RawBody(response),
            extensions=response.extensions,
        )

    def close(self) -> None:
        self._pool.close()
