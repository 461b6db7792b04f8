"""Entries and versions as the vendor tells them: sizes, checksums and times are strings."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from worker.contracts.libraries import Entry, Version
from worker.rules.library_kinds import kind_of

META: Final = "x-smh-meta-"

_CREATION_WAYS: Final = {"created": 0, "updated": 1}
_PRINTABLE: Final = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")


def told_time(at_ms: int) -> str:
    """`2020-10-14T10:17:57.953Z`: UTC, with milliseconds."""
    at = datetime.fromtimestamp(at_ms // 1000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03}Z"


def entry_view(entry: Entry, path: Sequence[str]) -> dict[str, Any]:
    """An entry of a listing, or a detail; `path` leads to it from the top of its space."""
    told = {
        "name": entry.name,
        "path": list(path),
        "type": entry.kind,
        "creationTime": told_time(entry.created_ms),
        "modificationTime": told_time(entry.modified_ms),
    }
    return {**told, **version_view(entry, entry.version)} if entry.version else told


def version_view(entry: Entry, version: Version) -> dict[str, Any]:
    """What is told of a file's content wherever a file is told in JSON."""
    medium = kind_of(entry.name, "media")
    told = {
        "contentType": version.content_type,
        "size": str(version.size_bytes),
        "eTag": version.etag,
        "crc64": version.crc64,
        "versionId": version.id,
        "fileType": medium or "other",
        "previewByDoc": False,
        "previewByCI": medium is not None,
        "previewAsIcon": medium is not None,
    }
    if version.meta:
        told["metaData"] = {f"{META}{name}": value for name, value in version.meta.items()}
    return told


def info_view(entry: Entry, version: Version, url: str | None) -> dict[str, Any]:
    """`?info` of a file: what it is and, unless only permission was asked, its signed link."""
    told = {
        "type": entry.kind,
        "creationTime": told_time(entry.created_ms),
        "modificationTime": told_time(version.at_ms),
        **version_view(entry, version),
    }
    return told if url is None else {"cosUrl": url, **told}


def history_view(entry: Entry, version: Version, *, number: int, latest: bool) -> dict[str, Any]:
    """A version; `id` is its `history_id`, numbers count from 1, the oldest."""
    return {
        "id": version.id,
        "version": number,
        "isLatestVersion": latest,
        "creationWay": _CREATION_WAYS[version.way],
        "createdBy": version.created_by or "",
        "name": entry.name,
        "size": str(version.size_bytes),
        "crc64": version.crc64,
        "creationTime": told_time(version.at_ms),
        "setLatestTime": told_time(version.at_ms),
    }


def smh_headers(entry: Entry, version: Version) -> dict[str, str]:
    """The `x-smh-*` headers of a download or of its `HEAD`."""
    return {
        "x-smh-type": entry.kind,
        "x-smh-creation-time": told_time(entry.created_ms),
        "x-smh-modification-time": told_time(version.at_ms),
        "x-smh-content-type": version.content_type,
        "x-smh-size": str(version.size_bytes),
        "x-smh-etag": version.etag,
        "x-smh-crc64": version.crc64,
        **{f"{META}{name}": quote(value, safe=_PRINTABLE) for name, value in version.meta.items()},
    }
