"""The API of Tencent SMH as a reader needs it: lists, links, downloads and access tokens.

Asked within one budget of time, again where that can help, and never along a redirect: where one
leads, and who may go there, is its caller's to decide.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple, TypeVar
from urllib.parse import quote

import httpx2

from worker.contracts.libraries import First
from worker.contracts.tokens import VendorToken
from worker.errors import SourceError
from worker.net.failures import source_errors, translated
from worker.net.patience import patiently
from worker.net.stopwatch import Stopwatch
from worker.rules.first_medium import PAGE_ENTRIES, SCAN_ENTRIES, ListingPage
from worker.rules.smh_answers import (
    FileFacts,
    SmhRefusedError,
    facts_of_headers,
    link_of,
    listing_of,
    refused,
    token_of,
)

_MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
_MAX_REFUSAL_BYTES: Final = 16 * 1024
_NETWORK: Final = frozenset(
    {"source.unreachable", "source.dns_failed", "source.timeout", "source.truncated"}
)
# How a server says that it does not list this way; empty where a 400 says no more.
_LISTS_OTHERWISE: Final = frozenset(
    {"", "ParamInvalid", "BadRequest", "OrderByNotAllowed", "OrderByTypeNotAllowed"}
)
_SECRET_NOT_SEEN: Final = frozenset(
    {"EmptyLibraryId", "EmptyLibrarySecret", "EmptyLibraryIdOrSecret"}
)
_OLD_LIST_CLOSED: Final = "CloseOldList"

Told = TypeVar("Told")
Query = dict[str, str]
Token = Callable[[str | None], str | None]


class Download(NamedTuple):
    """A file's content, and the link to it or, where the API gives the bytes itself, the answer."""

    facts: FileFacts
    link: str | None = None
    response: httpx2.Response | None = None

    def __repr__(self) -> str:
        return f"Download(facts={self.facts!r})"  # a signed link is a secret


@dataclass(slots=True)
class SmhClient:
    """One space of one library. `token(refused)` gives the access token to use, None where reading
    needs none; it is asked again, once, with a token that was refused as invalid.

    Every method raises SourceError; for the vendor's refusals it is an SmhRefusedError.
    """

    http: httpx2.Client
    stopwatch: Stopwatch
    base_url: str
    library_id: str
    space_id: str
    user_id: str | None
    token: Token
    requests: int = 0
    _selects: bool = True
    _reads_bodies: bool = True

    def list_page(self, path: Sequence[str], number: int, first: First) -> ListingPage | None:
        """Page `number` of the files below `path` by upload time, None where that is refused."""
        query = {
            "page": str(number),
            "page_size": str(PAGE_ENTRIES),
            "filter": "onlyFile",
            "order_by": "creationTime",
            "order_by_type": "desc" if first == "newest" else "asc",
        }
        try:
            return self._list(path, query, selector="by-page")
        except SmhRefusedError as error:
            if not _lists_otherwise(error):
                raise
            return None

    def list_after(self, path: Sequence[str], marker: str | None) -> ListingPage | None:
        """What comes after `marker`, in any order; None when the marker is not known any more."""
        query = {"limit": str(SCAN_ENTRIES), **({"marker": marker} if marker else {})}
        try:
            return self._list(path, query, selector="by-marker")
        except SmhRefusedError as error:
            if marker is None or error.vendor_code != "MarkerNotFound":
                raise
            return None

    def _list(self, path: Sequence[str], query: Query, *, selector: str) -> ListingPage:
        """A listing; servers before the selectors refuse them, later ones may insist on them."""
        if not self._selects:
            return self._listed(path, query)
        try:
            return self._listed(path, {selector: "1", **query})
        except SmhRefusedError as error:
            if not _lists_otherwise(error) or error.vendor_code == _OLD_LIST_CLOSED:
                raise
        page = self._listed(path, query)
        self._selects = False
        return page

    def _listed(self, path: Sequence[str], query: Query) -> ListingPage:
        return listing_of(self._read("GET", self._url("directory", path), query))

    def info(self, path: Sequence[str], history_id: str | None) -> Download:
        """What a file's content is, with a signed link to it where the vendor gives one."""
        query = {"info": "1", **_version(history_id)}
        facts, link = link_of(self._read("GET", self._url("file", path), query))
        return Download(facts, link)

    def download(self, path: Sequence[str], history_id: str | None) -> Download:
        """Where a redirect leads to a file's content, or the content itself; never followed."""
        url, query = self._url("file", path), _version(history_id)
        response = self._with_token(lambda token: self._ask("GET", url, {**query, **token}))
        facts = facts_of_headers(response.headers)
        if response.status_code == 200:
            return Download(facts, response=response)
        response.close()
        if not response.has_redirect_location:
            raise SourceError("source.rejected", "Tencent SMH's answer has neither link nor bytes.")
        with source_errors(), translated():
            return Download(facts, link=str(response.url.join(response.headers["Location"])))

    def create_token(self, secret: str, period_s: int, grant: str = "") -> VendorToken:
        """A token for the space and user that may do what `grant` names, by default only read.

        The secret travels in a JSON body, because logs have queries, and only where that is not
        read in the query, as clients of the vendor send it.
        """
        told = {"library_id": self.library_id, "period": str(period_s), **self._user()}
        if self.space_id != "-":
            told["space_id"] = self.space_id
        if grant:
            told["grant"] = grant
        with_secret = {**told, "library_secret": secret}
        if self._reads_bodies:
            try:
                return self._token("token", told, with_secret)
            except SmhRefusedError as error:
                if error.status != 400 or error.vendor_code not in _SECRET_NOT_SEEN:
                    raise
            self._reads_bodies = False
        return self._token("token", with_secret)

    def renew_token(self, token: str) -> VendorToken:
        """The token for another of its periods, in whatever text the vendor gives back."""
        return self._token(f"token/{quote(self.library_id, safe='')}/{quote(token, safe='')}", {})

    def _token(self, path: str, query: Query, told: Query | None = None) -> VendorToken:
        url = f"{self.base_url}/api/v1/{path}"
        return token_of(
            patiently(self.stopwatch, _may_pass, lambda: self._body("POST", url, query, told))
        )

    def _url(self, kind: str, path: Sequence[str]) -> str:
        place = [quote(part, safe="") for part in (self.library_id, self.space_id, *path)]
        return "/".join([f"{self.base_url}/api/v1/{kind}", *place])

    def _read(self, method: str, url: str, query: Query) -> bytes:
        return self._with_token(lambda token: self._body(method, url, {**query, **token}))

    def _with_token(self, ask: Callable[[Query], Told]) -> Told:
        """What `ask` gives with a token, once more with a fresh one where that was invalid."""
        token = self.token(None)
        try:
            return patiently(self.stopwatch, _may_pass, lambda: ask(self._credentials(token)))
        except SmhRefusedError as error:
            if token is None or error.vendor_code != "InvalidAccessToken":
                raise
        fresh = self.token(token)
        return patiently(self.stopwatch, _may_pass, lambda: ask(self._credentials(fresh)))

    def _credentials(self, token: str | None) -> Query:
        return {**({"access_token": token} if token else {}), **self._user()}

    def _user(self) -> Query:
        return {"user_id": self.user_id} if self.user_id else {}

    def _body(self, method: str, url: str, query: Query, told: Query | None = None) -> bytes:
        """The body of an answer that is no failure and no redirect."""
        response = self._ask(method, url, query, told)
        if not response.is_success:
            response.close()
            raise refused(response.status_code, b"", retry_after=None, now=datetime.now(UTC))
        body = self._body_of(response, _MAX_ANSWER_BYTES)
        if len(body) > _MAX_ANSWER_BYTES:
            raise SourceError("source.rejected", "Tencent SMH's answer is too long.")
        return body

    def _ask(
        self, method: str, url: str, query: Query, told: Query | None = None
    ) -> httpx2.Response:
        """An answer that is no failure, its body unread."""
        with source_errors(), translated(), self.stopwatch:
            request = self.http.build_request(method, url, params=query, json=told)
            response = self.http.send(request, stream=True)
        self.requests += 1
        if response.is_error:
            raise refused(
                response.status_code,
                self._body_of(response, _MAX_REFUSAL_BYTES)[:_MAX_REFUSAL_BYTES],
                retry_after=response.headers.get("Retry-After"),
                now=datetime.now(UTC),
            )
        return response

    def _body_of(self, response: httpx2.Response, max_bytes: int) -> bytes:
        """The body, or its beginning where it is longer than `max_bytes`."""
        data, body = bytearray(), response.iter_raw()
        with closing(response), source_errors(), translated(in_body=True), self.stopwatch:
            while len(data) <= max_bytes and (chunk := next(body, b"")):
                data += chunk
        return bytes(data)


def _may_pass(error: SourceError) -> bool:
    """Whether a moment later the same may go well."""
    if isinstance(error, SmhRefusedError):
        return error.status == 429 or error.status >= 500
    return error.code in _NETWORK


def _lists_otherwise(error: SmhRefusedError) -> bool:
    known = error.vendor_code in {*_LISTS_OTHERWISE, _OLD_LIST_CLOSED}
    return error.status == 400 and known


def _version(history_id: str | None) -> Query:
    return {"history_id": history_id} if history_id else {}
