"""What the fake of Tencent SMH lets be written: uploads in three steps, labels of files."""

import json
import secrets
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Any, Final, Literal

from tests.fakes.smh_files import SmhFile, crc64

if TYPE_CHECKING:
    from tests.fakes.smh_vendor import SmhVendor

Place = tuple[str, tuple[str, ...]]
STRATEGIES: Final = ("ask", "rename", "overwrite")
UPLOADERS: Final = {"admin", "space_admin", "upload_file", "upload_file_force"}
GRANTS: Final = {
    "begin": UPLOADERS | {"begin_upload", "begin_upload_force"},
    "confirm": UPLOADERS | {"confirm_upload"},
    "labels": {"admin", "space_admin"},
}
"""Which grants of a token allow a call; a token without any is for reading."""


class Refused(Exception):  # noqa: N818
    """What the vendor answers instead: a status and its word."""

    def __init__(self, status: int, code: str, headers: dict[str, str] | None = None) -> None:
        self.status, self.code, self.headers = status, code, headers or {}
        super().__init__(code)


@dataclass
class Upload:
    """An upload that has begun; `body` is there once storage has it."""

    place: Place
    strategy: str
    metadata: dict[str, str]
    body: bytes | None = None
    became: SmhFile | None = None


@dataclass
class Step:
    """A call that is held: `reached` when it is there, `go` lets it on, `severs` ends it."""

    kind: str
    when: Literal["before", "after"]
    severs: bool = False
    waits: bool = False
    reached: Event = field(default_factory=Event)
    go: Event = field(default_factory=Event)

    def met(self) -> bool:
        """Wait if it is to be waited; whether the connection ends here."""
        self.reached.set()
        if self.waits:
            self.go.wait(20)
        return self.severs


def target_of(place: Place) -> str:
    """The name of a file in the journal: its space and path."""
    return "/".join((place[0], *place[1]))


def begin(vendor: "SmhVendor", place: Place, query: dict[str, str], meta: dict[str, str]) -> Any:
    """Where to send the file, and the key that confirms it.

    Raises:
        Refused: The directory does not exist, or the strategy is unknown.
    """
    space, path = place
    strategy = query.get("conflict_resolution_strategy", "rename")
    if strategy not in STRATEGIES:
        raise Refused(400, "ParamInvalid")
    if not path:
        raise Refused(400, "EmptyPath")
    if (space, path[:-1]) not in vendor.directories:
        raise Refused(404, "DirectoryNotFound")
    if strategy == "ask" and vendor.find(space, path):
        raise Refused(409, "SameNameDirectoryOrFileExists")
    key = secrets.token_hex(32)
    vendor.uploads[key] = Upload(place, strategy, meta)
    return {
        "domain": vendor.storage_host,
        "path": f"/smh/{key}",
        "headers": {"x-cos-security-token": key[:16], "Authorization": f"q-sign {key[16:32]}"},
        "confirmKey": key,
        "expiration": "2099-01-01T00:00:00.000Z",
    }


def take(vendor: "SmhVendor", key: str, headers: dict[str, str], body: bytes) -> str | None:
    """Storage takes the file; the code of its error, if it does not."""
    upload = vendor.uploads.get(key)
    if upload is None or upload.became:
        return "AccessDenied"
    if headers.get("authorization") != f"q-sign {key[16:32]}":
        return "SignatureDoesNotMatch"
    if headers.get("x-cos-security-token") != key[:16]:
        return "AccessDenied"
    upload.body = body
    return None


def confirm(
    vendor: "SmhVendor", key: str, query: dict[str, str], told: dict[str, Any]
) -> tuple[Place, Any]:
    """The file that the upload became, and where it is.

    Raises:
        Refused: The key is unknown or used, the file is not there, or not what was sent.
    """
    upload = vendor.uploads.get(key)
    if upload is None:
        raise Refused(404, "ConfirmKeyNotFound")
    if upload.became:
        raise Refused(409, "UploadComplete")
    if upload.body is None:
        raise Refused(400, "UploadIncomplete")
    if told.get("crc64", crc64(upload.body)) != crc64(upload.body):
        raise Refused(400, "BadCrc64")
    place = _final(vendor, upload, query.get("conflict_resolution_strategy", upload.strategy))
    space, path = place
    older = vendor.find(space, path)
    labels = {"labels": told["labels"]} if "labels" in told else {}
    meta = {"metaData": upload.metadata} if upload.metadata else {}
    created = older.created if older else "2024-01-02T03:04:05.678Z"
    file = vendor.put(
        "/".join(path), upload.body, space=space, created=created, fields={**labels, **meta}
    )
    upload.became = file
    return place, {"path": list(path), "name": path[-1], **file.facts(upload.body, numbers=False)}


def _final(vendor: "SmhVendor", upload: Upload, strategy: str) -> Place:
    space, path = upload.place
    if strategy == "overwrite" or not vendor.find(space, path):
        return space, path
    if strategy == "ask":
        raise Refused(409, "SameNameDirectoryOrFileExists")
    stem, dot, suffix = path[-1].rpartition(".")
    names = (f"{stem} ({number}){dot}{suffix}" for number in range(1, 1000))
    free = next(name for name in names if not vendor.find(space, (*path[:-1], name)))
    return space, (*path[:-1], free)


def label(vendor: "SmhVendor", place: Place, told: dict[str, Any]) -> tuple[str, str]:
    """Replace what is told of a file's labels and category; its labels before and after.

    Raises:
        Refused: There is no such file, or a value is not of its type.
    """
    file = vendor.find(*place)
    if file is None:
        raise Refused(404, "FileNotFound")
    labels, category = told.get("labels", []), told.get("category", "")
    if not isinstance(labels, list) or not all(isinstance(each, str) for each in labels):
        raise Refused(400, "ParamInvalid")
    if not isinstance(category, str) or len(category.encode()) > 16:
        raise Refused(400, "ParamInvalid")
    before = json.dumps(file.fields.get("labels", []))
    file.fields.update({k: v for k, v in told.items() if k in ("labels", "category")})
    return before, json.dumps(file.fields.get("labels", []))
