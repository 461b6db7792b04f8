"""Media at Tencent SMH: the first one of an album, and files by their path."""

import ssl
from collections.abc import Collection
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import httpx2

from worker.contracts.libraries import First
from worker.contracts.requests import AlbumReference, FileReference
from worker.contracts.tokens import VendorToken
from worker.contracts.watches import Sight
from worker.errors import SourceError
from worker.net.client import guarded_client
from worker.net.guard import Access, Dial, Resolve, dial_address, resolve_name
from worker.net.smh import SmhClient, Token
from worker.net.stopwatch import Stopwatch
from worker.ports import Tokens
from worker.rules.fingerprints import version_of
from worker.rules.first_medium import find_first
from worker.rules.smh_answers import SmhRefusedError
from worker.sources.http_readers import Bounds
from worker.sources.smh_medium import SmhFile, SmhReader, open_file

PROVIDER: Final = "tencent_smh"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmhSource:
    """Opens albums and files of one profile's library; `link_hosts` are where its links may lead,
    and only over https unless the operator's own `base_url` is http.
    """

    base_url: str
    library_id: str
    library_secret: str = field(repr=False)
    public_read: bool
    link_hosts: Collection[str]
    first: First
    token_period_s: int
    tokens: Tokens
    connect_timeout_s: float
    stall_timeout_s: float
    total_timeout_s: float
    max_bytes: int
    max_redirects: int
    keep_read_bytes: int | None = None
    allow_private_addresses: bool = False
    resolve: Resolve = resolve_name
    dial: Dial = dial_address
    ssl_context: ssl.SSLContext | None = None

    def open(self, reference: AlbumReference | FileReference) -> SmhReader:
        """Find the medium and fetch its head. Raises: SourceError; RequestError without Redis."""
        stopwatch = Stopwatch(self.total_timeout_s)
        own_host = httpx2.URL(self.base_url).netloc.decode("ascii")
        with ExitStack() as opened:
            api = opened.enter_context(self._http(stopwatch, (own_host,)))
            links = opened.enter_context(self._http(stopwatch, tuple(self.link_hosts)))
            client = self._client(reference, api, stopwatch)
            if isinstance(reference, AlbumReference):
                file = SmhFile(client, self._first_path(client, reference.album), None)
            else:
                file = SmhFile(client, _parts(reference.path), reference.history_id)
            bounds = Bounds(self.max_bytes, self.keep_read_bytes)
            reader = open_file(file, links, bounds, self.max_redirects)
            opened.pop_all()
            return reader

    def look(self, reference: AlbumReference) -> Sight:
        """Which medium `open` would read now; nothing of it is fetched.

        Raises: SourceError; RequestError without Redis.
        """
        stopwatch = Stopwatch(self.total_timeout_s)
        own_host = httpx2.URL(self.base_url).netloc.decode("ascii")
        with self._http(stopwatch, (own_host,)) as api:
            client = self._client(reference, api, stopwatch)
            file = SmhFile(client, self._first_path(client, reference.album), None)
            return Sight(file.label, version_of(file.fingerprint(file.facts())))

    def _http(self, stopwatch: Stopwatch, hosts: tuple[str, ...]) -> httpx2.Client:
        """The API and its links have a client each: what one knows, the other never sends."""
        access = Access(
            allow_private_addresses=self.allow_private_addresses,
            hosts=hosts,
            https_only=self.base_url.startswith("https:"),
            resolve=self.resolve,
            dial=self.dial,
        )
        return guarded_client(
            access,
            stopwatch,
            connect_timeout_s=self.connect_timeout_s,
            stall_timeout_s=self.stall_timeout_s,
            ssl_context=self.ssl_context,
        )

    def _client(
        self, reference: AlbumReference | FileReference, http: httpx2.Client, stopwatch: Stopwatch
    ) -> SmhClient:
        client = SmhClient(
            http,
            stopwatch,
            self.base_url.rstrip("/"),
            reference.library_id,
            reference.space_id,
            reference.user_id,
            token=lambda refused: None,
        )
        if not self.public_read:
            client.token = self._token(client, reference)
        return client

    def _token(self, client: SmhClient, reference: AlbumReference | FileReference) -> Token:
        """How this reading has its token: from what all workers share."""
        scope = "\n".join(
            [
                *(PROVIDER, reference.profile, client.base_url),
                *(reference.library_id, reference.space_id, reference.user_id or ""),
            ]
        )

        def token(refused: str | None) -> str:
            make = partial(self._made_token, client)
            with client.stopwatch:
                wait_s = client.stopwatch.left_s
                return self.tokens.get(scope, make, refused=refused, wait_s=wait_s)

        return token

    def _made_token(self, client: SmhClient, old: str | None) -> VendorToken:
        """A renewed token, which spares sending the secret, or a new one."""
        if old is not None:
            try:
                return client.renew_token(old)
            except SmhRefusedError as error:
                if error.status >= 500:
                    raise
        return client.create_token(self.library_secret, self.token_period_s)

    def _first_path(self, client: SmhClient, album: str | None) -> tuple[str, ...]:
        folder = () if album is None else _parts(album)
        found = find_first(
            lambda number: client.list_page(folder, number, self.first),
            lambda marker: client.list_after(folder, marker),
            first=self.first,
        )
        if found is None:
            where = "album" if album is not None else "space"
            raise SourceError("source.not_found", f"The {where} has no image and no video.")
        return (*folder, found.name)


def _parts(path: str) -> tuple[str, ...]:
    """The names along a path. Raises: SourceError for one that could lead out of its space."""
    parts = tuple(part for part in path.split("/") if part)
    if not parts or not {".", ".."}.isdisjoint(parts):
        raise SourceError("source.not_found", "The path names no file.")
    return parts
