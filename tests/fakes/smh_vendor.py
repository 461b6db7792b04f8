"""A fake of Tencent SMH, written from the vendor's pages: its API, and storage on another host.

It knows nothing of the client that is tested. What it can do wrong stands in `Faults`.
"""

import base64
import json
import secrets
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, NamedTuple

import pytest

from tests.fakes.journal import Entry, Journal
from tests.fakes.smh_api import ApiHandler
from tests.fakes.smh_files import SmhFile, crc64, etag
from tests.fakes.smh_storage import StorageHandler
from tests.fakes.smh_writes import Step, Upload

__all__ = ["Faults", "Seen", "SmhFile", "SmhVendor", "etag", "running_vendor"]


class Seen(NamedTuple):
    """A request as the fake saw it; header names in lower case."""

    kind: str
    method: str
    target: str
    headers: dict[str, str]


@dataclass
class Faults:
    """What goes wrong; `api` has answers for calls of a kind (status, code, headers), in turn."""

    api: dict[str, list[tuple[int, str, dict[str, str]]]] = field(default_factory=dict)
    unsorted: bool = False
    number_markers: bool = False
    repeats_marker: bool = False
    loses_markers: int = 0
    refuses_pages: bool = False
    refuses_selectors: bool = False
    wants_selectors: bool = False
    without_contents: bool = False
    counts_wrongly: int | None = None
    numbers: bool = False
    no_link: bool = False
    gives_bytes: bool = False
    replaces_on: int | None = None
    link_host: str | None = None
    link_scheme: str | None = None
    links_last: int = 1_000_000
    storage: list[tuple[int, str]] = field(default_factory=list)
    storage_etag: str | None = None
    storage_retry_after: str | None = None
    redirect_to: str | None = None
    no_ranges: bool = False
    drips_s: float = 0
    token_delay_s: float = 0
    reads_bodies: bool = True
    secret_missed: str = "EmptyLibraryIdOrSecret"
    body: bytes | None = None


class SmhVendor:
    """One library with its spaces, directories and files, on two ports of loopback."""

    def __init__(self, *, library_id: str = "smh1", secret: str = "library-canary-secret") -> None:
        self.library_id, self.secret = library_id, secret
        self.public_read = False
        self.faults = Faults()
        self.seen: list[Seen] = []
        self.calls: Counter[str] = Counter()
        self.stored_requests = 0
        self.directories: dict[tuple[str, tuple[str, ...]], list[SmhFile]] = {("-", ()): []}
        self.tokens: dict[str, dict[str, str]] = {}
        self.uploads: dict[str, Upload] = {}
        self.journal = Journal()
        self.steps: list[Step] = []
        self.scheme = "http"
        self._links: dict[str, tuple[SmhFile, str | None, int]] = {}
        self._lock = threading.Lock()
        self._api = _server(ApiHandler, self)
        self._storage = _server(StorageHandler, self)
        self.api_url = f"http://127.0.0.1:{self._api.server_address[1]}"
        self.storage_host = f"127.0.0.1:{self._storage.server_address[1]}"

    def put(self, path: str, body: bytes = b"x", *, space: str = "-", **how: Any) -> SmhFile:
        """A file at `path`, its directory made if there is none."""
        *folder, name = path.split("/")
        entries = self.directories.setdefault((space, tuple(folder)), [])
        for part in range(len(folder)):
            self.directories.setdefault((space, tuple(folder[:part])), [])
        file = SmhFile(name, body, **how)
        entries[:] = [*(entry for entry in entries if entry.name != name), file]
        return file

    def put_unchecked(self, path: str, body: bytes = b"x", **how: Any) -> None:
        """A file whose name is new: many of them are put quickly."""
        *folder, name = path.split("/")
        self.directories.setdefault(("-", tuple(folder)), []).append(SmhFile(name, body, **how))

    def find(self, space: str, path: tuple[str, ...]) -> SmhFile | None:
        entries = self.directories.get((space, path[:-1]), [])
        return next((entry for entry in entries if path and entry.name == path[-1]), None)

    def checksum(self, key: str) -> str | None:
        """What stands now where an upload is to go, as the journal tells it."""
        upload = self.uploads.get(key)
        file = self.find(*upload.place) if upload else None
        return f"crc64:{crc64(file.body)}" if file else None

    def note(self, kind: str, handler: BaseHTTPRequestHandler) -> Entry:
        headers = {name.lower(): value for name, value in handler.headers.items()}
        with self._lock:
            self.calls[kind] += 1
            self.seen.append(Seen(kind, handler.command, handler.path, headers))
            return self.journal.opened(kind, "")

    def sever(self, kind: str, when: Literal["before", "after"]) -> None:
        """End the connection of the next call of a kind, before its effect or after it."""
        self.steps.append(Step(kind, when, severs=True))

    def hold(self, kind: str, when: Literal["before", "after"] = "before") -> Step:
        """Hold the next call of a kind; `severs` of what is given ends it when it goes on."""
        step = Step(kind, when, waits=True)
        self.steps.append(step)
        return step

    def met(self, kind: str, when: str) -> bool:
        """Whether the connection of a call ends at this step, which may be held first."""
        with self._lock:
            step = next((s for s in self.steps if (s.kind, s.when) == (kind, when)), None)
            if step is None:
                return False
            self.steps.remove(step)
        return step.met()

    def of_kind(self, kind: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.kind == kind]

    def fail(
        self, kind: str, status: int, code: str = "", *, times: int = 1, **headers: str
    ) -> None:
        """Let the next calls of a kind be answered so; header names have `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.faults.api.setdefault(kind, []).extend([(status, code, named)] * times)

    def new_token(self, **scope: str) -> str:
        token = f"acctk{secrets.token_urlsafe(24)}"
        self.tokens[token] = scope
        return token

    def link(self, file: SmhFile, history_id: str | None) -> str:
        """A signed link to the file's content."""
        signature = secrets.token_hex(20)
        self._links[signature] = (file, history_id, self.faults.links_last)
        host = self.faults.link_host or self.storage_host
        return f"{self.faults.link_scheme or self.scheme}://{host}/obj/1.bin?q-sign-algorithm=sha1&q-signature={signature}"

    def signed(self, signature: str) -> bytes | None:
        """What a link leads to, None when it is none or has expired."""
        with self._lock:
            file, history_id, left = self._links.get(signature, (None, None, 0))
            if file is None or left <= 0:
                return None
            self._links[signature] = (file, history_id, left - 1)
        if self.faults.replaces_on == self.stored_requests:
            file.body = bytes(reversed(file.body))
        return file.content(history_id)

    def marker(self, offset: int) -> int | str:
        if self.faults.number_markers:
            return 1000 + offset
        return base64.b64encode(json.dumps({"after": offset}).encode()).decode()

    def offset(self, marker: str | None) -> int:
        if marker is None:
            return 0
        if self.faults.number_markers:
            return int(marker) - 1000
        return int(json.loads(base64.b64decode(marker, validate=True))["after"])

    def encrypt(self, certificate: ssl.SSLContext, host: str, *, storage_port: int) -> None:
        """Speak TLS as `host`, at the ports that callers dial: 443, and another for storage."""
        self.scheme, self.api_url = "https", f"https://{host}"
        self.storage_host = f"{host}:{storage_port}"
        for server in (self._api, self._storage):
            server.socket = certificate.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )

    @property
    def ports(self) -> tuple[int, int]:
        """Where the API and storage really listen."""
        return int(self._api.server_address[1]), int(self._storage.server_address[1])

    def start(self) -> None:
        for server in (self._api, self._storage):
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        for server in (self._api, self._storage):
            server.shutdown()
            server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is part of the tests."""


def _server(handler: type[BaseHTTPRequestHandler], vendor: SmhVendor) -> ThreadingHTTPServer:
    return _Server(("127.0.0.1", 0), type("Handler", (handler,), {"vendor": vendor}))


@contextmanager
def running_vendor(**how: Any) -> Iterator[SmhVendor]:
    """A fake that answers until the block ends."""
    vendor = SmhVendor(**how)
    vendor.start()
    yield vendor
    vendor.stop()


@pytest.fixture
def smh_vendor() -> Iterator[SmhVendor]:
    """A fake of Tencent SMH with an empty library."""
    with running_vendor() as vendor:
        yield vendor
