"""The storage behind the fake of Tencent SMH: signed links, ranges, errors in XML."""

import re
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.smh_files import etag
from tests.fakes.smh_writes import take

if TYPE_CHECKING:
    from tests.fakes.smh_vendor import SmhVendor

XML = (
    "<?xml version='1.0' encoding='utf-8' ?><Error><Code>{code}</Code>"
    "<Message>{message}</Message><RequestId>NjQ=</RequestId></Error>"
)


class StorageHandler(BaseHTTPRequestHandler):
    """Serves what a signed link names; a link is good for `links_last` requests."""

    protocol_version = "HTTP/1.1"
    timeout = 20
    vendor: "SmhVendor"

    def do_GET(self) -> None:
        vendor = self.vendor
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        vendor.note("storage", self)
        vendor.stored_requests += 1
        if self.headers.get("Host") != vendor.storage_host:
            self.fail(400, "InvalidHost")
            return
        if vendor.faults.redirect_to:
            self.answer(302, Location=vendor.faults.redirect_to)
            return
        if vendor.faults.storage:
            self.fail(*vendor.faults.storage.pop(0))
            return
        body = vendor.signed(query.get("q-signature", ""))
        if body is None:
            self.fail(403, "AccessDenied", "Request has expired")
            return
        with suppress(OSError):
            self.give(body)

    def do_PUT(self) -> None:
        """An upload that has begun: exactly the headers that were told with it."""
        vendor, key = self.vendor, self.path.partition("?")[0].rpartition("/")[2]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        vendor.note("send", self)
        if vendor.faults.storage:
            self.fail(*vendor.faults.storage.pop(0))
            return
        if vendor.met("send", "before"):
            self.close_connection = True
            return
        named = {name.lower(): value for name, value in self.headers.items()}
        refused = take(vendor, key, named, body)
        if vendor.met("send", "after"):
            self.close_connection = True
        elif refused:
            self.fail(403, refused)
        else:
            self.answer(200, ETag=etag(body))

    def give(self, body: bytes) -> None:
        """The body or the range of it that is asked for."""
        faults = self.vendor.faults
        tag = faults.storage_etag or etag(body)
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if asked is None or faults.no_ranges or self.headers.get("If-Range", tag) != tag:
            self.answer(200, body, ETag=tag)
            return
        first, last = int(asked[1]), min(int(asked[2]), len(body) - 1)
        if first > last:
            self.answer(416, Content_Range=f"bytes */{len(body)}")
            return
        place = f"bytes {first}-{last}/{len(body)}"
        self.answer(206, body[first : last + 1], ETag=tag, Content_Range=place)

    def fail(self, status: int, code: str, message: str = "no") -> None:
        text = XML.format(code=code, message=message)
        asked = self.vendor.faults.storage_retry_after
        pause = {"Retry_After": asked} if asked else {}
        self.answer(status, text.encode(), Content_Type="application/xml", **pause)

    def answer(self, status: int, body: bytes = b"", **headers: Any) -> None:
        self.send_response(status)
        for name, value in {"Content_Length": len(body), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        if not self.vendor.faults.drips_s:
            self.wfile.write(body)
            return
        for byte in body:
            self.wfile.write(bytes([byte]))
            time.sleep(self.vendor.faults.drips_s)

    def log_message(self, format: str, *args: object) -> None:
        """Tests read `seen`."""
