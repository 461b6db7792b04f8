"""The API of the fake of Tencent SMH: tokens, listings, links and downloads."""

import json
import time
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.fakes.smh_files import SmhFile

if TYPE_CHECKING:
    from tests.fakes.smh_vendor import SmhVendor

Query = dict[str, str]


class Refused(Exception):  # noqa: N818
    """What the vendor answers instead: a status and its word."""

    def __init__(self, status: int, code: str, headers: Query | None = None) -> None:
        self.status, self.code, self.headers = status, code, headers or {}
        super().__init__(code)


class ApiHandler(BaseHTTPRequestHandler):
    """One request: check it as the vendor does, then answer it."""

    protocol_version = "HTTP/1.1"
    timeout = 20
    vendor: "SmhVendor"
    told: Query = {}  # noqa: RUF012 (replaced, never changed)

    def do_GET(self) -> None:
        self.serve()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if body and self.vendor.faults.reads_bodies:
            self.told = json.loads(body)
        self.serve()

    def serve(self) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        # A slash in a name would travel as %2F; nobody has one here.
        api, version, kind, *place = [unquote(part) for part in parts.path.split("/")[1:]]
        if kind == "token":
            kind = "renew" if place else "token"
        elif kind == "file" and "info" in query:
            kind = "info"
        self.vendor.note(kind, self)
        try:
            if (api, version) != ("api", "v1"):
                raise Refused(404, "RouteNotFound")
            if self.vendor.faults.api.get(kind):
                raise Refused(*self.vendor.faults.api[kind].pop(0))
            getattr(self, f"serve_{kind}")(query, place)
        except Refused as refused:
            self.refuse(refused)

    def refuse(self, refused: Refused) -> None:
        told = {"code": refused.code, "message": "free text <b>canary-message</b>"}
        body = json.dumps({**told, "requestId": "r-1"}).encode() if refused.code else b"plain text"
        self.answer(refused.status, body, refused.headers)

    def serve_token(self, query: Query, place: list[str]) -> None:
        vendor, query = self.vendor, {**self.told, **query}
        self.told = {}
        time.sleep(vendor.faults.token_delay_s)
        if "library_id" not in query or "library_secret" not in query:
            raise Refused(400, vendor.faults.secret_missed)
        given = (query["library_id"], query["library_secret"])
        if given != (vendor.library_id, vendor.secret):
            raise Refused(404, "WrongLibraryIdOrSecret")
        period_s = int(query.get("period", 86_400))
        token = vendor.new_token(space=query.get("space_id", ""), user=query.get("user_id", ""))
        self.tell({"accessToken": token, "expiresIn": period_s})

    def serve_renew(self, query: Query, place: list[str]) -> None:
        if place[0] != self.vendor.library_id or place[1] not in self.vendor.tokens:
            raise Refused(403, "InvalidAccessToken")
        self.tell({"accessToken": place[1], "expiresIn": 3600})

    def checked(self, query: Query, place: list[str]) -> tuple[str, tuple[str, ...]]:
        """The space and path of a read that is allowed."""
        library, space, *path = place
        if library != self.vendor.library_id:
            raise Refused(404, "LibraryNotFound")
        token = query.get("access_token")
        if token is None and not self.vendor.public_read:
            raise Refused(400, "EmptyAccessToken")
        if token is not None and token not in self.vendor.tokens:
            raise Refused(403, "InvalidAccessToken")
        if (space, ()) not in self.vendor.directories:
            raise Refused(404, "SpaceNotFound")
        granted = self.vendor.tokens.get(token or "", {}).get("space", "")
        if granted and granted != space:
            raise Refused(403, "AccessTokenNotMatchSpace")
        return space, tuple(part for part in path if part)

    def serve_directory(self, query: Query, place: list[str]) -> None:
        space, path = self.checked(query, place)
        faults = self.vendor.faults
        selected = {"by-page", "by-marker"} & set(query)
        if faults.wants_selectors and not selected:
            raise Refused(400, "CloseOldList")
        if faults.refuses_selectors and selected:
            raise Refused(400, "ParamInvalid")
        if (space, path) not in self.vendor.directories:
            raise Refused(404, "DirectoryNotFound")
        entries = self.vendor.directories[(space, path)]
        if query.get("filter") == "onlyFile":
            entries = [entry for entry in entries if entry.type != "dir"]
        by_page = "page" in query or "by-page" in query
        told = self.paged(entries, query) if by_page else self.marked(entries, query)
        told.update(path=list(path), eTag='"d"', fileCount=len(entries), subDirCount=0)
        if faults.without_contents:
            del told["contents"]
        self.tell(told)

    def paged(self, entries: list[SmhFile], query: Query) -> dict[str, Any]:
        if self.vendor.faults.refuses_pages:
            raise Refused(400, "ParamInvalid")
        if {"marker", "limit"} & set(query):
            raise Refused(400, "ParamInvalid")
        if query.get("order_by") == "creationTime" and not self.vendor.faults.unsorted:
            descends = query.get("order_by_type") == "desc"
            entries = sorted(entries, key=lambda entry: entry.created or "", reverse=descends)
        page, size = int(query.get("page", 1)), int(query.get("page_size", 20))
        if page * size > 10_000:
            raise Refused(400, "ParamInvalid")
        total = self.vendor.faults.counts_wrongly or len(entries)
        return {"contents": self.rows(entries[(page - 1) * size : page * size]), "totalNum": total}

    def marked(self, entries: list[SmhFile], query: Query) -> dict[str, Any]:
        faults, limit = self.vendor.faults, int(query.get("limit", 20))
        if "marker" in query and faults.loses_markers > 0:
            faults.loses_markers -= 1
            raise Refused(404, "MarkerNotFound")
        offset = 0 if faults.repeats_marker else self.vendor.offset(query.get("marker"))
        entries = sorted(entries, key=lambda entry: entry.name)
        told: dict[str, Any] = {"contents": self.rows(entries[offset : offset + limit])}
        if offset + limit < len(entries):
            told["nextMarker"] = self.vendor.marker(offset + limit)
        return told

    def rows(self, entries: list[SmhFile]) -> list[dict[str, Any]]:
        numbers = self.vendor.faults.numbers
        return [{"name": e.name, **e.facts(e.body, numbers=numbers)} for e in entries]

    def found(self, query: Query, place: list[str]) -> tuple[SmhFile, bytes]:
        space, path = self.checked(query, place)
        file = self.vendor.find(space, path)
        body = file.content(query.get("history_id")) if file else None
        if file is None or body is None:
            raise Refused(404, "FileNotFound")
        return file, body

    def serve_info(self, query: Query, place: list[str]) -> None:
        file, body = self.found(query, place)
        told = file.facts(body, numbers=self.vendor.faults.numbers)
        if not self.vendor.faults.no_link:
            told["cosUrl"] = self.vendor.link(file, query.get("history_id"))
        self.tell(told)

    def serve_file(self, query: Query, place: list[str]) -> None:
        file, body = self.found(query, place)
        told = file.facts(body, numbers=False)
        headers = {
            "x-smh-type": told["type"],
            "x-smh-creation-time": told.get("creationTime", ""),
            "x-smh-content-type": told["contentType"],
            "x-smh-size": str(told["size"]),
            "x-smh-etag": told["eTag"],
            "x-smh-crc64": str(told["crc64"]),
        }
        if self.vendor.faults.gives_bytes:
            self.answer(200, body, headers)
        else:
            link = self.vendor.link(file, query.get("history_id"))
            self.answer(302, b"", {**headers, "Location": link})

    def tell(self, told: dict[str, Any]) -> None:
        body = (
            json.dumps(told).encode()
            if self.vendor.faults.body is None
            else self.vendor.faults.body
        )
        self.answer(200, body, {"Content-Type": "application/json; charset=utf-8"})

    def answer(self, status: int, body: bytes, headers: Query) -> None:
        self.send_response(status)
        length = {} if status == 304 else {"Content-Length": str(len(body))}
        for name, value in {
            **length,
            "X-Request-Id": "r-1",
            "Set-Cookie": "c=canary",
            **headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if status != 304:
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Tests read `seen`."""
