"""An httpx2 client over the guard, and the one way it follows redirects."""

import logging
import ssl
from typing import NamedTuple

import httpx2

from worker.net.failures import RedirectError, UrlNotAllowedError, translated
from worker.net.guard import Access, GuardedTransport
from worker.net.stopwatch import Stopwatch


def guarded_client(
    access: Access,
    stopwatch: Stopwatch,
    *,
    connect_timeout_s: float,
    stall_timeout_s: float,
    ssl_context: ssl.SSLContext | None = None,
    max_connections: int = 10,
) -> httpx2.Client:
    """A client that obeys `access`, waits `stall_timeout_s` at most for each piece of an answer,
    and for all of them together until `stopwatch` runs out.
    """
    # Both log whole URLs, and a signed query is a password.
    for name in ("httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx2.Client(
        transport=GuardedTransport(
            access, stopwatch, ssl_context=ssl_context, max_connections=max_connections
        ),
        timeout=httpx2.Timeout(stall_timeout_s, connect=connect_timeout_s),
        headers={"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "firstframe"},
        follow_redirects=False,
        trust_env=False,
    )


class Answer(NamedTuple):
    """A response whose body is not read yet, and the round trips that led to it."""

    response: httpx2.Response
    requests: int


def get(
    client: httpx2.Client, url: str | httpx2.URL, *, headers: dict[str, str], max_redirects: int
) -> Answer:
    """The answer after at most `max_redirects` redirects.

    Raises: RequestFailedError. A redirect from https to http is refused.
    """
    with translated():
        for requests in range(1, max_redirects + 2):
            response = client.send(client.build_request("GET", url, headers=headers), stream=True)
            if not response.has_redirect_location:
                return Answer(response, requests)
            response.close()
            url = response.url.join(response.headers["Location"])
            if response.url.scheme == "https" and url.scheme != "https":
                raise UrlNotAllowedError(url)
        raise RedirectError
