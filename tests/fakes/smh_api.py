"""The API of the fake of Tencent SMH: tokens, listings, links, downloads and writes."""

import json
import time
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.fakes.journal import Entry
from tests.fakes.smh_files import SmhFile
from tests.fakes.smh_writes import GRANTS, Refused, begin, confirm, label, target_of

if TYPE_CHECKING:
    from tests.fakes.smh_vendor import SmhVendor

Query = dict[str, str]


KINDS = {
    ("GET", "file", "info"): "info",
    ("GET", "directory", "info"): "details",
    ("PUT", "file", ""): "begin",
    ("POST", "file", "confirm"): "confirm",
    ("POST", "directory", "update"): "labels",
}
"""What a call is named, by its method, what it is about, and the flag in its query."""


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

    do_PUT = do_POST  # noqa: N815 (the base class asks)

    def serve(self) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        # A slash in a name would travel as %2F; nobody has one here.
        api, version, kind, *place = [unquote(part) for part in parts.path.split("/")[1:]]
        kind = self.kind_of(kind, place, query)
        entry = self.vendor.note(kind, self)
        try:
            if (api, version) != ("api", "v1"):
                raise Refused(404, "RouteNotFound")
            if self.vendor.faults.api.get(kind):
                raise Refused(*self.vendor.faults.api[kind].pop(0))
            if self.vendor.met(kind, "before"):
                self.sever()
            elif kind in GRANTS:
                self.serve_write(kind, query, place, entry)
            else:
                getattr(self, f"serve_{kind}")(query, place)
        except Refused as refused:
            entry.code, entry.status = refused.code, refused.status
            self.refuse(refused)

    def kind_of(self, kind: str, place: list[str], query: Query) -> str:
        if kind == "token":
            return "renew" if place else "token"
        flag = next((name for name in ("info", "confirm", "update") if name in query), "")
        return KINDS.get((self.command, kind, flag), kind)

    def serve_write(self, kind: str, query: Query, place: list[str], entry: Entry) -> None:
        """A call that changes something, if the token's grants allow it."""
        vendor, told, status, body = self.vendor, self.told, 201, b""
        self.told = {}
        space, path = self.checked(query, place)
        granted = set(
            vendor.tokens.get(query.get("access_token", ""), {}).get("grant", "").split(",")
        )
        if not granted & GRANTS[kind]:
            raise Refused(403, "NoPermission")
        entry.target, entry.account = target_of((space, path)), query.get("access_token", "")[:12]
        if kind == "begin":
            named = {name.lower(): value for name, value in self.headers.items()}
            meta = {name: v for name, v in named.items() if name.startswith("x-smh-meta-")}
            body = json.dumps(begin(vendor, (space, path), query, meta)).encode()
        elif kind == "confirm":
            status, body = 200, self.confirmed(path[-1], query, told, entry)
        else:
            status = 204
            vendor.journal.wrote(entry, *label(vendor, (space, path), told))
        entry.status = status
        if vendor.met(kind, "after"):
            self.sever()
        else:
            body = body if vendor.faults.body is None else vendor.faults.body
            self.answer(status, body, {"Content-Type": "application/json; charset=utf-8"})

    def confirmed(self, key: str, query: Query, told: dict[str, Any], entry: Entry) -> bytes:
        before = self.vendor.checksum(key)
        place, file = confirm(self.vendor, key, query, told)
        entry.target = target_of(place)
        # A file of a new name had no content before.
        same = self.vendor.uploads[key].place == place
        self.vendor.journal.wrote(entry, before if same else None, f"crc64:{file['crc64']}")
        return json.dumps(file).encode()

    def sever(self) -> None:
        """End the connection without an answer."""
        self.close_connection = True

    def serve_details(self, query: Query, place: list[str]) -> None:
        """One entry as `?info` of a directory tells it, with its labels."""
        file, body = self.found(query, place)
        path = [part for part in place[2:] if part]
        told = file.facts(body, numbers=self.vendor.faults.numbers)
        self.tell({"path": path, "name": file.name, **told})

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
        token = vendor.new_token(
            space=query.get("space_id", ""),
            user=query.get("user_id", ""),
            grant=query.get("grant", ""),
        )
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
        length = {} if status in (204, 304) else {"Content-Length": str(len(body))}
        for name, value in {
            **length,
            "X-Request-Id": "r-1",
            "Set-Cookie": "c=canary",
            **headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if status not in (204, 304):
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Tests read `seen`."""
