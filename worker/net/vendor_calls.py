"""One call to a vendor's API: kept connections, a budget of time, and no doubt about whether a
call that failed may have taken effect.
"""

import html
import math
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import local
from typing import Final, Generic, NamedTuple, TypeVar
from urllib.parse import quote

import httpx2

from worker.errors import ProviderError
from worker.net.client import guarded_client
from worker.net.credentials import Supply
from worker.net.deadline import left_s
from worker.net.failures import RequestFailedError, translated
from worker.net.guard import Access, Dial, Resolve, dial_address, resolve_name
from worker.net.stopwatch import Stopwatch
from worker.rules.vendor_answers import Reply, offset_of
from worker.signing.wire import AccessKey, RawRequest

MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
_MAX_CONNECTIONS: Final = 64
_MAX_CONNECT_S: Final = 10.0
_MIN_SECRET: Final = 8
_SENT: Final = ".send_request_headers.started"
_HAPPENED: Final = {
    "url_not_allowed": "is at a URL that may not be called",
    "address_blocked": "is at an address that may not be called",
    "dns_failed": "has a host name that does not resolve",
    "unreachable": "cannot be reached, or ended the connection",
    "tls": "has a certificate that is not valid",
    "timeout": "did not answer in time",
    "truncated": "ended the connection within its answer",
    "redirects": "redirects",
    "rejected": "sent an answer that cannot be read",
}

Credential = TypeVar("Credential", AccessKey, str)


class Where(NamedTuple):
    """Which hosts are called, and how they are found and dialled."""

    hosts: tuple[str, ...] | None
    https_only: bool
    allow_private_addresses: bool
    resolve: Resolve = resolve_name
    dial: Dial = dial_address
    ssl_context: ssl.SSLContext | None = None

    def access(self) -> Access:
        return Access(
            allow_private_addresses=self.allow_private_addresses,
            hosts=self.hosts,
            https_only=self.https_only,
            resolve=self.resolve,
            dial=self.dial,
        )


class _CallStopwatch(local, Stopwatch):
    """A budget that every thread has for itself, so that threads can share connections."""

    def again(self, limit_s: float) -> None:
        Stopwatch.__init__(self, limit_s)


class VendorHttp:
    """The connections of one process to a vendor. Safe to use from several threads."""

    def __init__(self, vendor: str, where: Where, *, timeout_s: float) -> None:
        self._vendor = vendor
        self._timeout_s = timeout_s
        self._stopwatch = _CallStopwatch(math.inf)
        self._client = guarded_client(
            where.access(),
            self._stopwatch,
            connect_timeout_s=min(timeout_s, _MAX_CONNECT_S),
            stall_timeout_s=timeout_s,
            ssl_context=where.ssl_context,
            max_connections=_MAX_CONNECTIONS,
        )

    def send(
        self,
        origin: str,
        request: RawRequest,
        *,
        writes: bool,
        max_bytes: int = MAX_ANSWER_BYTES,
    ) -> Reply:
        """The answer to exactly this request, whatever it is; a redirect is not followed.

        Raises: ProviderError `provider.unavailable`, `unsure` where a write had begun to be sent.
        """
        sent = False

        def trace(event: str, details: object) -> None:
            nonlocal sent
            sent = sent or event.endswith(_SENT)

        limit_s = min(self._timeout_s, left_s())
        if limit_s <= 0:
            text = f"{self._vendor} is not called any more: the write has taken too long."
            raise ProviderError("provider.unavailable", text)
        self._stopwatch.again(limit_s)
        try:
            with self._stopwatch, translated():
                return self._answer(self._built(origin, request, trace), max_bytes)
        except RequestFailedError as failed:
            place = f" ({failed.place})" if failed.place else ""
            text = f"{self._vendor} {_HAPPENED[failed.reason]}{place}."
            raise ProviderError("provider.unavailable", text, unsure=writes and sent) from failed

    def _built(
        self, origin: str, request: RawRequest, trace: Callable[[str, object], None]
    ) -> httpx2.Request:
        query = f"?{request.query}" if request.query else ""
        return self._client.build_request(
            request.method,
            f"{origin}{request.target}{query}",
            headers=[(name.encode(), value.encode("latin-1")) for name, value in request.headers],
            content=request.body if request.body or request.method != "GET" else None,
            extensions={"trace": trace},
        )

    def _answer(self, request: httpx2.Request, max_bytes: int) -> Reply:
        response = self._client.send(request, stream=True)
        try:
            body, pieces = bytearray(), response.iter_raw()
            while len(body) <= max_bytes and (piece := next(pieces, b"")):
                body += piece
        finally:
            response.close()
        headers = {name.lower(): value for name, value in response.headers.items()}
        # An answer that is too long is junk: without its end no form of it is recognised.
        return Reply(response.status_code, headers, bytes(body[:max_bytes]))

    def close(self) -> None:
        """End the connections."""
        self._client.close()


class VendorClock:
    """Our time, corrected by a vendor's once it refused a call over it."""

    def __init__(self) -> None:
        self._offset = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def corrected(self, reply: Reply, signed_at: datetime) -> bool:
        """Whether the time that a refused request was signed with was far from its answer's `Date`.

        Then our time is that one, which another thread's answer may have told already.
        """
        date = reply.headers.get("date")
        if offset_of(date, signed_at) is None:
            return False
        now = datetime.now(UTC)
        self._offset = timedelta(seconds=offset_of(date, now) or 0)
        return True


@dataclass(frozen=True, slots=True)
class VendorCalls(Generic[Credential]):
    """Calls to one origin with credentials that may expire, by a clock that may be wrong."""

    http: VendorHttp
    origin: str
    supply: Supply[Credential]
    clock: VendorClock

    def call(
        self,
        signed: Callable[[Credential, datetime], RawRequest],
        refused: Callable[[Reply], ProviderError | None],
        *,
        writes: bool,
    ) -> Reply:
        """The answer to a request that is signed anew at each of at most two attempts.

        The second is made where the first was refused over credentials, and there are other ones
        now or our clock was off. `refused` gives the error of an answer that is no success; it is
        shown the answer without our credentials, since errors repeat what vendors say.
        """
        credential, at = self.supply.get(), self.clock.now()
        reply = self.http.send(self.origin, signed(credential, at), writes=writes)
        error = _error(refused, credential, reply)
        if error is not None and error.code == "provider.auth":
            is_corrected = self.clock.corrected(reply, at)
            other = credential if is_corrected else self.supply.instead_of(credential)
            if other is not None:
                request = signed(other, self.clock.now())
                reply = self.http.send(self.origin, request, writes=writes)
                error = _error(refused, other, reply)
        if error is not None:
            raise error
        return reply


def _error(
    refused: Callable[[Reply], ProviderError | None], credential: AccessKey | str, reply: Reply
) -> ProviderError | None:
    """What `refused` says of an answer, in words without what it may repeat of our credentials."""
    return refused(_without(credential, reply)) if refused(reply) else None


def _without(credential: AccessKey | str, reply: Reply) -> Reply:
    body, headers = reply.body, dict(reply.headers)
    secrets = (credential,) if isinstance(credential, str) else credential
    for secret in (each for each in secrets if each and len(each) >= _MIN_SECRET):
        said = "".join(map(_ways, secret))
        body = re.sub(said.encode(), b"***", body)
        headers = {name: re.sub(said, "***", value) for name, value in headers.items()}
    return Reply(reply.status, headers, body)


def _ways(letter: str) -> str:
    """A pattern for a letter as it is, or as JSON, URLs, XML write it: + is \\u002B to some."""
    if letter.isalnum():
        return letter
    code, in_url = ord(letter), re.escape(quote(letter, safe=""))
    escaped = rf"{in_url}|\\u{code:04x}|&#x{code:x};|&#{code};|{re.escape(html.escape(letter))}"
    return rf"(?:\\?{re.escape(letter)}|(?i:{escaped}))"


def origin_of(base_url: str) -> str:
    """Scheme, host and port of a base URL, as they are called and signed."""
    url = httpx2.URL(base_url)
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


def parts_of(url: str) -> tuple[str, str, str]:
    """Origin, path and query of a URL that a vendor tells. Raises: ProviderError for what is none.

    User information is left out: credentials of that kind are never sent.
    """
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise ProviderError("provider.unavailable", "The vendor tells a malformed URL.") from error
    path, _, query = parsed.raw_path.decode("ascii").partition("?")
    return f"{parsed.scheme}://{parsed.netloc.decode('ascii')}", path, query


def host_of(origin: str) -> str:
    """The value of `Host` for an origin."""
    return origin.partition("://")[2]
