"""Where sources find their media in tests of their laws: those that need no other server."""

import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from ulid import ULID

from worker.contracts.libraries import Place as LibraryPlace
from worker.contracts.libraries import VersionDraft
from worker.contracts.requests import EntryReference
from worker.libraries.local import LocalLibrary
from worker.ports import Reader, Source
from worker.rules.keys import private_key, upload_key
from worker.sources.entry import EntrySource
from worker.sources.image import ImageSource
from worker.sources.local import LocalSource
from worker.sources.upload import UploadSource
from worker.stores.local import LocalStore

CAP: Final = 2 * 1024 * 1024
UPLOAD: Final = "upl_01JC6Z5G0Q8V2N3M4P5R6S7T8W"
IMAGE: Final = "0123456789abcdef" * 2
ENTRY: Final = "ent_01JC6Z5G0Q8V2N3M4P5R6S7T8W"


@dataclass
class Place:
    """Where one kind of source finds its medium."""

    make: Callable[[int], Source[Any]]
    put: Callable[[bytes], Any]
    missing: Any
    closing: ExitStack
    dripping: Callable[[str], Reader] | None = None
    reference: Any = None

    def open(self, body: bytes, *, max_bytes: int = CAP, **limits: int) -> Reader:
        self.reference = self.put(body)
        return self.reopen(max_bytes=max_bytes, **limits)

    def reopen(self, *, max_bytes: int = CAP, **limits: int) -> Reader:
        source: Any = self.make(max_bytes)
        known = {name: value for name, value in limits.items() if hasattr(source, name)}
        reader: Reader = replace(source, **known).open(self.reference)
        self.closing.callback(reader.close)
        return reader


def upload_place(folder: Path, closing: ExitStack) -> Place:
    """An upload in a store below `folder`."""
    store = LocalStore(folder=folder, public_base_url="http://covers.example", link_secret=None)

    def put(body: bytes) -> str:
        key = upload_key("acme", UPLOAD)
        store.delete(key)
        store.put(key, body, content_type="application/octet-stream")
        return UPLOAD

    def make(max_bytes: int) -> Source[str]:
        return UploadSource(
            store=store, tenant="acme", max_bytes=max_bytes, digest_of=lambda tenant, upload: None
        )

    return Place(make, put, UPLOAD[:-1] + "X", closing)


def image_place(folder: Path, closing: ExitStack) -> Place:
    """A picture that was made here, in a store below `folder`."""
    store = LocalStore(folder=folder, public_base_url="http://covers.example", link_secret=None)
    keys: dict[tuple[str, str], str] = {}

    def put(body: bytes) -> str:
        key = private_key("acme", hashlib.sha256(body).hexdigest(), "jpg")
        store.put(key, body, content_type="image/jpeg")
        keys["acme", IMAGE] = key
        return IMAGE

    def make(max_bytes: int) -> Source[str]:
        return ImageSource(
            store=store,
            tenant="acme",
            max_bytes=max_bytes,
            key_of=lambda tenant, image: keys.get((tenant, image)),
        )

    return Place(make, put, IMAGE[::-1], closing)


def entry_place(folder: Path, closing: ExitStack) -> Place:
    """A file of a library below `folder`."""
    library = LocalLibrary(folder=folder, public_base_url="http://media.example", link_secret=None)

    def put(body: bytes) -> EntryReference:
        file = folder / "body"
        file.write_bytes(body)
        draft = VersionDraft(
            transfer=f"trn_{ULID()}",
            size_bytes=len(body),
            crc64="0",
            content_type="video/mp4",
            at_ms=0,
            way="created",
        )
        version = library.put(LibraryPlace("lib", "-"), ENTRY, file, draft)
        return _entry(version.id)

    def make(max_bytes: int) -> Source[EntryReference]:
        return EntrySource(library=library, max_bytes=max_bytes)

    return Place(make, put, _entry("missing"), closing)


def _entry(version_id: str) -> EntryReference:
    return EntryReference(library_id="lib", space_id="-", entry_id=ENTRY, version_id=version_id)


def local_place(folder: Path, closing: ExitStack) -> Place:
    """A file in `folder`."""

    def put(body: bytes) -> Path:
        path = folder / "clip.mp4"
        path.write_bytes(body)
        return path

    return Place(lambda cap: LocalSource(max_bytes=cap), put, folder / "missing.mp4", closing)
