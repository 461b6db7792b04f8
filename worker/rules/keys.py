"""The keys of stored objects, and what follows from a key alone: type, caching, who may read.

Every part of a key is checked against a small alphabet, so that no text of a caller or a remote
side can make a path. A part never starts with a dot; stores may keep their own files under such
names.
"""

import re
from typing import Final, Literal

PUBLIC_PREFIXES: Final = ("covers/", "snapshots/")
MAX_KEY_CHARACTERS: Final = 1024
UNKNOWN_TYPE: Final = "application/octet-stream"
CONTENT_TYPES: Final = {
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "avif": "image/avif",
    "png": "image/png",
    "gif": "image/gif",
    "mp4": "video/mp4",
    "vtt": "text/vtt",
    "m3u8": "application/vnd.apple.mpegurl",
    "mpd": "application/dash+xml",
    "json": "application/json",
}
CATALOGUE: Final = "catalogue/"
PICTURES: Final = (*PUBLIC_PREFIXES, "private/")

Folder = Literal["covers", "snapshots"]
Shelf = Literal["images", "media"]

_PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_EXTENSION = re.compile(r"[a-z0-9]{1,8}")
_TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_UPLOAD = re.compile(r"upl_[0-9A-HJKMNP-TV-Z]{26}")
_HEX_ID = re.compile(r"[0-9a-f]{32}")


def public_key(folder: Folder, sha256: str, extension: str) -> str:
    """The public key of a picture: `covers/ab/abcd….jpg`, from the SHA-256 of its bytes in hex.

    Raises: ValueError for parts that are not of the form they must have, as all keys here do.
    """
    return f"{folder}/{_by_content(sha256, extension)}"


def private_key(tenant: str, sha256: str, extension: str) -> str:
    """The key of a picture that only signed links read: `private/{tenant}/ab/abcd….jpg`."""
    return f"private/{_checked(_TENANT, tenant, 'tenant')}/{_by_content(sha256, extension)}"


def upload_key(tenant: str, upload_id: str) -> str:
    """The key of a tenant's upload: `uploads/{tenant}/upl_…`, always private."""
    return f"uploads/{_checked(_TENANT, tenant, 'tenant')}/{_checked(_UPLOAD, upload_id, 'id')}"


def sidecar_key(tenant: str, shelf: Shelf, hex_id: str) -> str:
    """The key of a record of the catalogue, kept beside the objects: always private."""
    tenant, hex_id = _checked(_TENANT, tenant, "tenant"), _checked(_HEX_ID, hex_id, "id")
    return f"{CATALOGUE}{tenant}/{shelf}/{hex_id[:2]}/{hex_id}.json"


def is_tenant(text: str) -> bool:
    """Whether a tenant can have that name, which is a part of keys."""
    return _TENANT.fullmatch(text) is not None


def is_key(text: str) -> bool:
    """Whether an object can have that key: parts of letters, digits, `.`, `_` and `-`."""
    return len(text) <= MAX_KEY_CHARACTERS and all(map(_PART.fullmatch, text.split("/")))


def is_prefix(text: str) -> bool:
    """Whether keys can start with that text."""
    return not text or is_key(text.removesuffix("/"))


def is_public(key: str) -> bool:
    """Whether anyone who knows the key may read the object."""
    return key.startswith(PUBLIC_PREFIXES)


def content_type_of(key: str) -> str:
    """The type the object is served with; uploads are never served as what they say they are."""
    return CONTENT_TYPES.get(key.rpartition("/")[2].rpartition(".")[2], UNKNOWN_TYPE)


def cache_control_of(key: str) -> str:
    """Public objects never change under their key; private ones stay out of every cache."""
    return "public, max-age=31536000, immutable" if is_public(key) else "private, no-store"


def _by_content(sha256: str, extension: str) -> str:
    digest = _checked(_SHA256, sha256, "SHA-256")
    return f"{digest[:2]}/{digest}.{_checked(_EXTENSION, extension, 'extension')}"


def _checked(form: re.Pattern[str], text: str, what: str) -> str:
    if not form.fullmatch(text):
        raise ValueError(f"not a {what} of a key: {text!r}")
    return text


def cover_label(size_px: int | None) -> str:
    """What tells a cover from its siblings; without a size it is the whole frame."""
    return str(size_px or "cover")


def file_stem(source_stem: str, label: str) -> str:
    """The name of a command's file, less its ending."""
    return f"{source_stem}-{label}"


def unfinished_name(source_stem: str) -> str:
    """The folder of a command's files of one source until all of them are there."""
    return f".{source_stem}.part"
