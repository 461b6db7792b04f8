"""What every library shares: the keys of its objects, the texts kept with them, its links.

Keys are made of ids of ours only; names stand in documents, so no name can make a path.
"""

import json
import re
from typing import Any, Final
from urllib.parse import quote, urlencode

from worker.contracts.libraries import ANY_ID, Entry, Place, Version, VersionDraft
from worker.contracts.results import Frozen
from worker.errors import RequestError, StorageError

MAX_LINK_LIFE_S: Final = 7200
LINK_CACHE_CONTROL: Final = "private, no-store"
# User metadata of an S3 object: names and values, in bytes (AWS, "Working with object metadata").
MAX_METADATA_BYTES: Final = 2048
DRAFT: Final = "draft"

_ENTRY_ID: Final = re.compile(r"ent_[0-9A-HJKMNP-TV-Z]{26}")
# S3's are of such characters and at most this long; `null` is of a time without versions. A server
# may refuse what looks like a way up, wherever it stands.
_VERSION_ID: Final = re.compile(r"(?!null$|(.*/)?\.\.?(/|$))[A-Za-z0-9._+/=-]{1,1024}")
_TYPE: Final = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+( ?;[\x20-\x7e]*)?", re.IGNORECASE)
_MAX_TYPE_CHARACTERS: Final = 255
# Anything that ends in `+xml` is a document to a browser, with scripts, whatever stands before.
_SHOWN: Final = re.compile(
    r"((image|video|audio)/[^ ;+]+|text/plain|application/pdf)( ?;.*)?", re.IGNORECASE
)
# What a header's value in quotes cannot hold as it is, and what some clients take for an escape.
_UNQUOTED: Final = re.compile(r'[^\x20-\x7e]|["\\%]')
_ATTR_CHARACTERS: Final = "!#$&+-.^_`|~"


def is_place(place: Place) -> bool:
    """Whether a library and its space can have these ids."""
    return all(re.fullmatch(ANY_ID, place_id) for place_id in place)


def is_entry(place: Place, entry_id: str) -> bool:
    """Whether an entry can have that id, there."""
    return is_place(place) and _ENTRY_ID.fullmatch(entry_id) is not None


def is_version(version_id: str) -> bool:
    """Whether a version can have that id, in some store."""
    return _VERSION_ID.fullmatch(version_id) is not None


def check_entry(place: Place, entry_id: str) -> None:
    """Raises RequestError `request.invalid` unless an entry can have that id, there."""
    if not is_entry(place, entry_id):
        raise RequestError("request.invalid", "no entry can have that id")


def space_prefix(place: Place) -> str:
    """What the keys of everything in a space begin with."""
    return f"{place.library_id}/{place.space_id}/"


def entry_key(place: Place, entry_id: str) -> str:
    """Where an entry's bytes are; its document's key is this and `.json`."""
    return f"{space_prefix(place)}{entry_id}"


def draft_text(draft: VersionDraft) -> str:
    """The draft as text that fits into the metadata of an S3 object: ASCII, one line.

    Raises: RequestError `request.invalid` for too much of it, or an odd content type.
    """
    if len(draft.content_type) > _MAX_TYPE_CHARACTERS or not _TYPE.fullmatch(draft.content_type):
        raise RequestError("request.invalid", "the content type is not one")
    facts = _json(draft, include=set(VersionDraft.model_fields), exclude_defaults=True)
    # JSON may hold the one control character of ASCII that it does not escape.
    text = json.dumps(json.loads(facts), separators=(",", ":")).replace("\x7f", "\\u007f")
    if len(DRAFT) + len(text) > MAX_METADATA_BYTES:
        raise RequestError("request.invalid", "the version's metadata is too long")
    return text


def version_of(text: str, *, version_id: str, etag: str) -> Version:
    """The version that `draft_text` was kept with. Raises: StorageError `storage.integrity`."""
    try:
        draft = VersionDraft.model_validate_json(text)
    except ValueError as error:
        raise StorageError("storage.integrity", "a version's metadata is damaged") from error
    return Version(**dict(draft), id=version_id, etag=etag)


def document_of(entry: Entry) -> bytes:
    """What is kept of an entry beside its versions. Raises: RequestError `request.invalid`."""
    check_entry(entry.place, entry.id)
    return _json(entry, exclude={"version"}).encode()


def entry_of(document: bytes, *, place: Place, entry_id: str) -> Entry:
    """The entry of a document that lies there. Raises: StorageError `storage.integrity`."""
    try:
        entry = Entry.model_validate_json(document)
    except ValueError as error:
        raise StorageError("storage.integrity", f"the document of {entry_id} is damaged") from error
    if (entry.place, entry.id) != (place, entry_id):
        raise StorageError("storage.integrity", f"the document of {entry_id} is another entry's")
    return entry


def check_link(place: Place, entry_id: str, *, expires_s: int) -> None:
    """Raises RequestError `request.invalid` for no entry, or a life that no link can have."""
    check_entry(place, entry_id)
    if not 1 <= expires_s <= MAX_LINK_LIFE_S:
        raise RequestError("request.invalid", f"a link lives 1 to {MAX_LINK_LIFE_S} seconds")


def look_query(name: str, *, attachment: bool) -> str:
    """How an answer presents itself, as the query of a link."""
    return urlencode({"name": name, "attachment": int(attachment)}, errors="replace")


def signed_text(key: str, shown: str) -> str:
    """What a link to `key` with that look is signed for; no link to an object has such a text."""
    return f"library-objects/{key}?{shown}"


def disposition(name: str, *, attachment: bool, content_type: str) -> str:
    """`Content-Disposition` (RFC 6266): the name for all clients, and in UTF-8 (RFC 8187).

    What is neither a picture, a recording, plain text nor a PDF is always an attachment: a
    browser that opened it might run what is in it.
    """
    shown = not attachment and _SHOWN.fullmatch(content_type)
    plain = _UNQUOTED.sub("_", name)
    exact = quote(name, safe=_ATTR_CHARACTERS, errors="replace")
    return f"{'inline' if shown else 'attachment'}; filename=\"{plain}\"; filename*=UTF-8''{exact}"


def _json(facts: Frozen, **fields: Any) -> str:
    try:
        return facts.model_dump_json(**fields)
    except ValueError as error:
        raise RequestError("request.invalid", "a name or note is not text") from error
