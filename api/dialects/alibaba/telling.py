"""Answers as the vendor writes them: JSON, or XML where the call asks for that or for nothing."""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from xml.sax.saxutils import escape

from starlette.responses import JSONResponse, Response

# Exactly these: one of the vendor's clients reads XML under no other.
JSON_TYPE: Final = "application/json;charset=utf-8"
XML_TYPE: Final = "text/xml;charset=utf-8"
XML_HEAD: Final = "<?xml version='1.0' encoding='UTF-8' standalone='yes'?>"
FORMATS: Final = ("JSON", "XML")

_FORMAT: Final = re.compile(rb"(?:^|&)Format=([^&]*)")
# XML 1.0 §2.2: what no document may have, not even escaped.
_NOT_IN_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Telling(NamedTuple):
    """How the answer to a call is written. `host_id` is how the caller names this server."""

    request_id: str
    host_id: str
    is_xml: bool

    def answer(self, action: str, told: Mapping[str, Any]) -> Response:
        """200 with what a call tells."""
        return self._written(200, f"{action}Response", {"RequestId": self.request_id, **told})

    def failure(self, status: int, code: str, message: str, headers: Mapping[str, str]) -> Response:
        """A failure in the vendor's form; `Recommend` is its own page about the code."""
        told = {
            "RequestId": self.request_id,
            "HostId": self.host_id,
            "Code": code,
            "Message": message,
            "Recommend": f"https://api.aliyun.com/troubleshoot?q={code}",
        }
        return self._written(status, "Error", told, headers)

    def _written(
        self,
        status: int,
        root: str,
        told: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        if self.is_xml:
            content = XML_HEAD + _element(root, told)
            return Response(content, status, headers, media_type=XML_TYPE)
        return JSONResponse(told, status, headers, media_type=JSON_TYPE)


def format_in(encoded: bytes) -> str | None:
    """The format that a query or form names, in capitals; None where it names none."""
    found = _FORMAT.search(encoded)
    return found[1].decode("latin-1").upper() if found else None


def is_xml(format_: str | None, *, by_headers: bool) -> bool:
    """Whether XML is wanted; who names no format gets XML, unless headers say what is called."""
    return format_ == "XML" or (format_ != "JSON" and not by_headers)


def _element(name: str, value: Any) -> str:
    """Of a list one element each, under the same name."""
    if isinstance(value, list):
        return "".join(_element(name, each) for each in value)
    if isinstance(value, Mapping):
        inside = "".join(_element(each, held) for each, held in value.items())
    elif isinstance(value, bool):
        inside = str(value).lower()
    else:
        inside = escape(_NOT_IN_XML.sub("\ufffd", str(value)))
    return f"<{name}>{inside}</{name}>"
