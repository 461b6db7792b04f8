"""Why a guarded request failed: every exception of the HTTP stack and the one word it means.

The words are the second halves of error codes, so that a source's `timeout` becomes
`source.timeout`; other users of the guard map them to their own codes.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

import httpcore2
import httpx2

from worker.errors import SourceError

Reason = Literal[
    "url_not_allowed",
    "address_blocked",
    "dns_failed",
    "unreachable",
    "tls",
    "timeout",
    "truncated",
    "redirects",
    "rejected",
]


_MAX_PLACE_CHARACTERS: Final = 300


class GuardError(Exception):
    """The guard ended a request."""


class UrlNotAllowedError(GuardError):
    """Scheme, port, user information or host form is refused; no name was looked up.

    `place` is the refused URL's scheme, host and port, of which an operator may list the host.
    """

    def __init__(self, url: httpx2.URL) -> None:
        self.place = f"{url.scheme}://{url.netloc.decode('ascii')}"[:_MAX_PLACE_CHARACTERS]
        super().__init__(self.place)


class AddressBlockedError(GuardError):
    """At least one address of the host is refused; none was dialled."""


class NameNotResolvedError(GuardError):
    """The host has no address."""


class OutOfTimeError(GuardError):
    """The time for the whole fetch is used up."""


class RedirectError(GuardError):
    """Too many redirects, or one that leads nowhere."""


class RequestFailedError(Exception):
    """A request that gave no usable response; `reason` says why, `place` where that matters."""

    def __init__(self, reason: Reason, place: str | None = None) -> None:
        self.reason = reason
        self.place = place
        super().__init__(reason)


FAILURES: Final[dict[type[Exception], Reason]] = {
    UrlNotAllowedError: "url_not_allowed",
    AddressBlockedError: "address_blocked",
    NameNotResolvedError: "dns_failed",
    OutOfTimeError: "timeout",
    RedirectError: "redirects",
    httpx2.InvalidURL: "url_not_allowed",
    httpx2.UnsupportedProtocol: "url_not_allowed",
    httpx2.TooManyRedirects: "redirects",
    httpx2.TimeoutException: "timeout",
    httpx2.ConnectTimeout: "timeout",
    httpx2.ReadTimeout: "timeout",
    httpx2.WriteTimeout: "timeout",
    httpx2.PoolTimeout: "timeout",
    httpx2.NetworkError: "unreachable",
    httpx2.ConnectError: "unreachable",
    httpx2.ReadError: "unreachable",
    httpx2.WriteError: "unreachable",
    httpx2.CloseError: "unreachable",
    httpx2.ProxyError: "unreachable",
    httpx2.ProtocolError: "unreachable",
    httpx2.LocalProtocolError: "url_not_allowed",
    httpx2.RemoteProtocolError: "unreachable",
    httpx2.DecodingError: "rejected",
    httpx2.SSEError: "rejected",
    httpx2.HTTPStatusError: "rejected",
    httpx2.TransportError: "unreachable",
    httpx2.RequestError: "unreachable",
    httpx2.HTTPError: "unreachable",
    httpcore2.UnsupportedProtocol: "url_not_allowed",
    httpcore2.TimeoutException: "timeout",
    httpcore2.ConnectTimeout: "timeout",
    httpcore2.ReadTimeout: "timeout",
    httpcore2.WriteTimeout: "timeout",
    httpcore2.PoolTimeout: "timeout",
    httpcore2.NetworkError: "unreachable",
    httpcore2.ConnectError: "unreachable",
    httpcore2.ReadError: "unreachable",
    httpcore2.WriteError: "unreachable",
    httpcore2.ProxyError: "unreachable",
    httpcore2.ProtocolError: "unreachable",
    httpcore2.LocalProtocolError: "url_not_allowed",
    httpcore2.RemoteProtocolError: "unreachable",
    httpcore2.ConnectionNotAvailable: "unreachable",
}

# Wrong use of the client: a mistake of ours, which no table should dress up as the other side's.
OUR_MISTAKES: Final[frozenset[type[Exception]]] = frozenset(
    {
        httpx2.CookieConflict,
        httpx2.StreamError,
        httpx2.StreamConsumed,
        httpx2.StreamClosed,
        httpx2.ResponseNotRead,
        httpx2.RequestNotRead,
    }
)

_CUT_SHORT: Final = (httpcore2.RemoteProtocolError, httpx2.RemoteProtocolError)


def reason_of(error: BaseException, *, in_body: bool = False) -> Reason:
    """The word for `error`; in a body a broken protocol means that bytes are missing."""
    if in_body and isinstance(error, _CUT_SHORT):
        return "truncated"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "tls"
        cause = cause.__cause__ or cause.__context__
    return next(FAILURES[kind] for kind in type(error).__mro__ if kind in FAILURES)


@contextmanager
def translated(*, in_body: bool = False) -> Iterator[None]:
    """Raises: RequestFailedError for every exception that has a row in FAILURES."""
    try:
        yield
    except tuple(FAILURES) as error:
        place = error.place if isinstance(error, UrlNotAllowedError) else None
        raise RequestFailedError(reason_of(error, in_body=in_body), place) from error


@contextmanager
def source_errors() -> Iterator[None]:
    """Raises: SourceError for a RequestFailedError of a medium's own requests."""
    try:
        yield
    except RequestFailedError as failed:
        text = f"This URL's scheme, port or host is not allowed: {failed.place}."
        raise SourceError(f"source.{failed.reason}", text if failed.place else None) from failed
