"""The library for many machines: versions of objects in a bucket of MinIO, or any like it."""

import os
import time
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import groupby, takewhile
from pathlib import Path
from typing import Final

from minio.datatypes import Object

from worker.contracts.libraries import Entry, Leftover, Place, Version, VersionDraft
from worker.errors import RequestError, StorageError
from worker.libraries.minio_objects import VersionedObjects
from worker.net.minio_client import MinioAccess
from worker.net.minio_errors import translated
from worker.ports import LinkLook
from worker.rules.library_keys import (
    DRAFT,
    LINK_CACHE_CONTROL,
    check_entry,
    check_link,
    disposition,
    document_of,
    draft_text,
    entry_key,
    entry_of,
    is_entry,
    is_place,
    is_version,
    space_prefix,
    version_of,
)

_DOCUMENT: Final = ".json"
_DRAFT_HEADER: Final = f"X-Amz-Meta-{DRAFT.title()}"


class MinioLibrary:
    """Files as objects of one private bucket, in the versions that the server keeps of each.

    A version's draft is its user metadata; an entry's document is an object beside it, of which
    the newest version counts.
    """

    served_here = False

    def __init__(  # noqa: PLR0913 (one value for each setting)
        self,
        *,
        endpoint: str,
        access_key: str,
        secret_key: str,
        bucket: str,
        region: str,
        secure: bool,
        timeout_s: float,
        public_endpoint: str | None,
    ) -> None:
        access = MinioAccess(
            endpoint, public_endpoint, region, secure, access_key, secret_key, timeout_s
        )
        self._objects = VersionedObjects(access, bucket)

    def put(self, place: Place, entry_id: str, file: Path, draft: VersionDraft) -> Version:
        check_entry(place, entry_id)
        text, key = draft_text(draft), entry_key(place, entry_id)
        with file.open("rb") as opened, translated():
            if os.fstat(opened.fileno()).st_size != draft.size_bytes:
                raise StorageError("storage.integrity", "the file is not as long as was said")
            newest = self._version(self._objects.stat(key))
            if newest and newest.transfer == draft.transfer:
                return newest
            kept = self._objects.put(
                key,
                opened,
                size_bytes=draft.size_bytes,
                content_type=draft.content_type,
                note={DRAFT: text},
            )
            return version_of(text, version_id=str(kept.version_id), etag=f'"{kept.etag}"')

    def version(self, place: Place, entry_id: str, version_id: str) -> Version | None:
        if not (is_entry(place, entry_id) and is_version(version_id)):
            return None
        with translated():
            return self._version(self._objects.stat(entry_key(place, entry_id), version_id))

    def newest(self, place: Place, entry_id: str) -> Version | None:
        if not is_entry(place, entry_id):
            return None
        with translated():
            return self._version(self._objects.stat(entry_key(place, entry_id)))

    def versions(self, place: Place, entry_id: str, *, since: str | None = None) -> list[Version]:
        if not is_entry(place, entry_id):
            return []
        key = entry_key(place, entry_id)
        with translated():
            listed = (each for each in self._objects.list(key) if each.object_name == key)
            newer = takewhile(lambda each: each.version_id != since, listed)
            found = [version for each in newer if (version := self._listed(each))]
        # A put whose answer was lost is sent again by the client, and kept twice.
        return [next(same) for _, same in groupby(found, key=lambda version: version.transfer)]

    def read(
        self, place: Place, entry_id: str, version_id: str, *, offset: int, length: int
    ) -> bytes:
        data = None
        if is_entry(place, entry_id) and is_version(version_id):
            key = entry_key(place, entry_id)
            with translated():
                data = self._objects.read(key, version_id, offset=offset, length=length)
        if data is None:
            raise RequestError("request.not_found")
        return data

    def link(self, place: Place, entry_id: str, version: Version, *, look: LinkLook) -> str:
        check_link(place, entry_id, expires_s=look.expires_s)
        content_type = version.content_type
        headers = {
            "content-type": content_type,
            "content-disposition": disposition(
                look.name, attachment=look.attachment, content_type=content_type
            ),
            "cache-control": LINK_CACHE_CONTROL,
        }
        key = entry_key(place, entry_id)
        return self._objects.link(key, version.id, expires_s=look.expires_s, headers=headers)

    def note(self, entry: Entry) -> None:
        document = document_of(entry)
        key = entry_key(entry.place, entry.id) + _DOCUMENT
        with translated():
            self._objects.replace(key, document, content_type="application/json")

    def entries(self, place: Place) -> Iterator[Entry]:
        with translated():
            for entry_id, its_own in self._by_entry(place):
                entry = self._entry(place, entry_id, its_own)
                if entry:
                    yield entry

    def leftovers(self, place: Place) -> Iterator[Leftover]:
        with translated():
            for entry_id, its_own in self._by_entry(place):
                if self._entry(place, entry_id, its_own) is None:
                    yield Leftover(entry_id, max(map(_written_at_s, its_own)))

    def forget(self, place: Place, entry_id: str) -> None:
        if not is_entry(place, entry_id):
            return
        key = entry_key(place, entry_id) + _DOCUMENT
        with translated():
            self._objects.remove(list(self._objects.list(key, markers=True)))

    def delete(self, place: Place, entry_id: str) -> None:
        if not is_entry(place, entry_id):
            return
        key = entry_key(place, entry_id)
        with translated():
            # Without its document an entry is gone, whatever else is still to be removed.
            for name in (key + _DOCUMENT, key):
                self._objects.remove_all(name, name.__eq__)

    def clear(self, place: Place) -> None:
        if not is_place(place):
            return
        prefix = space_prefix(place)
        with translated():
            # Entries without a document are gone, whatever else is still to be removed.
            self._objects.remove_all(prefix, lambda key: key.endswith(_DOCUMENT))
            self._objects.remove_all(prefix, lambda key: True)

    def delete_version(self, place: Place, entry_id: str, version_id: str) -> None:
        if not (is_entry(place, entry_id) and is_version(version_id)):
            return
        key = entry_key(place, entry_id)
        with translated():
            listed = list(self._objects.list(key))
            found = [(each, self._listed(each)) for each in listed if each.object_name == key]
            transfers = {each.version_id: kept.transfer for each, kept in found if kept}
            if version_id not in transfers:
                return
            # The same put that was kept twice is one version.
            unwanted = [
                each for each, kept in found if kept and kept.transfer == transfers[version_id]
            ]
            if len(unwanted) == len(transfers):
                self._objects.remove(each for each in listed if each.object_name == key + _DOCUMENT)
            self._objects.remove(unwanted)

    def _by_entry(self, place: Place) -> Iterator[tuple[str, list[Object]]]:
        """All versions and documents in a space, by the id of their entry."""
        if not is_place(place):
            return
        prefix = space_prefix(place)
        # By key, so that all that belongs to an entry comes together.
        listed = groupby(self._objects.list(prefix), key=partial(_owner_of, prefix))
        yield from (
            (entry_id, list(its_own)) for entry_id, its_own in listed if is_entry(place, entry_id)
        )

    def _entry(self, place: Place, entry_id: str, listed: Iterable[Object]) -> Entry | None:
        """The entry of which all this is listed; None without a document, or a file's version."""
        newest: Version | None = None
        document = None
        for each in listed:
            if not str(each.object_name).endswith(_DOCUMENT):
                newest = newest or self._listed(each)
            elif document is None:
                document = self._objects.read(str(each.object_name))
        if document is None:
            return None
        entry = entry_of(document, place=place, entry_id=entry_id)
        if entry.kind == "dir":
            return entry
        return entry.model_copy(update={"version": newest}) if newest else None

    def _listed(self, listed: Object) -> Version | None:
        """The version, of a listing that may be without metadata."""
        return self._version(listed) or self._version(
            self._objects.stat(str(listed.object_name), listed.version_id)
        )

    def _version(self, found: Object | None) -> Version | None:
        """The version, where its metadata came with it and are ours."""
        text = (found.metadata or {}).get(_DRAFT_HEADER) if found else None
        if found is None or not text or not is_version(found.version_id or ""):
            return None
        return version_of(text, version_id=str(found.version_id), etag=f'"{found.etag}"')


def _written_at_s(listed: Object) -> float:
    return listed.last_modified.timestamp() if listed.last_modified else time.time()


def _owner_of(prefix: str, listed: Object) -> str:
    return str(listed.object_name).removeprefix(prefix).removesuffix(_DOCUMENT)
