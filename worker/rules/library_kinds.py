"""What a library's file is by the ending of its name: its kind, and the type it is served with.

Tencent SMH classifies by extension too (its space attributes `allowPhotoExtname` and
`allowVideoExtname`; without them by a built-in guess, which these tables stand for).
"""

from typing import Final

from worker.contracts.libraries import EntryKind, LibraryKind
from worker.rules.keys import UNKNOWN_TYPE

_IMAGES: Final = {
    **dict.fromkeys(("jpg", "jpeg", "jpe", "jfif"), "image/jpeg"),
    **dict.fromkeys(("tif", "tiff"), "image/tiff"),
    **{name: f"image/{name}" for name in ("png", "gif", "webp", "avif", "heic", "heif", "bmp")},
}
_VIDEOS: Final = {
    **dict.fromkeys(("mp4", "m4v"), "video/mp4"),
    **dict.fromkeys(("mov", "qt"), "video/quicktime"),
    **dict.fromkeys(("mpg", "mpeg", "vob"), "video/mpeg"),
    **dict.fromkeys(("ts", "mts", "m2ts"), "video/mp2t"),
    **dict.fromkeys(("wmv", "asf"), "video/x-ms-asf"),
    "mkv": "video/x-matroska",
    "webm": "video/webm",
    "avi": "video/x-msvideo",
    "flv": "video/x-flv",
    "ogv": "video/ogg",
    "3gp": "video/3gpp",
    "3g2": "video/3gpp2",
}
# Nothing that a browser would run as a page of ours: no HTML, SVG, XML or scripts.
_OTHERS: Final = {
    "txt": "text/plain; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "pdf": "application/pdf",
    "zip": "application/zip",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
}
CONTENT_TYPES: Final = {**_OTHERS, **_VIDEOS, **_IMAGES}


def kind_of(name: str, library_kind: LibraryKind) -> EntryKind | None:
    """What a file of that name is in such a library; None if a media library does not take it."""
    if library_kind == "file":
        return "file"
    ending = _ending(name)
    if ending in _IMAGES:
        return "image"
    return "video" if ending in _VIDEOS else None


def content_type_of_name(name: str) -> str:
    """The type a file is served with, whatever its uploader said it was."""
    return CONTENT_TYPES.get(_ending(name), UNKNOWN_TYPE)


def _ending(name: str) -> str:
    """What follows the last dot, in lower case; a dot at the front begins no ending."""
    _, dot, ending = name.lstrip(".").rpartition(".")
    return ending.lower() if dot else ""
