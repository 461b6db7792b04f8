"""Media at http and https URLs: bounded ranges on one connection, through the guard."""

import ssl
from collections.abc import Collection
from dataclasses import dataclass

from worker.net.client import guarded_client
from worker.net.guard import Access, Dial, Resolve, dial_address, resolve_name
from worker.net.stopwatch import Stopwatch
from worker.ports import Reader
from worker.sources.http_link import Link
from worker.sources.http_readers import Bounds, open_link


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSource:
    """Opens URLs. `resolve` and `dial` say how names are looked up and addresses reached."""

    connect_timeout_s: float
    stall_timeout_s: float
    total_timeout_s: float
    max_bytes: int
    keep_read_bytes: int | None = None
    max_redirects: int = 3
    allow_private_addresses: bool = False
    allowed_ports: Collection[int] = (80, 443)
    resolve: Resolve = resolve_name
    dial: Dial = dial_address
    ssl_context: ssl.SSLContext | None = None

    def open(self, reference: str) -> Reader:
        """Fetch the head of the medium; `reference` is its URL. Raises: SourceError."""
        link = self._link(reference)
        try:
            return open_link(link, Bounds(self.max_bytes, self.keep_read_bytes))
        except BaseException:
            link.client.close()
            raise

    def _link(self, url: str) -> Link:
        access = Access(
            allow_private_addresses=self.allow_private_addresses,
            allowed_ports=frozenset(self.allowed_ports),
            resolve=self.resolve,
            dial=self.dial,
        )
        stopwatch = Stopwatch(self.total_timeout_s)
        client = guarded_client(
            access,
            stopwatch,
            connect_timeout_s=self.connect_timeout_s,
            stall_timeout_s=self.stall_timeout_s,
            ssl_context=self.ssl_context,
        )
        return Link(url, client, stopwatch, self.max_redirects)
