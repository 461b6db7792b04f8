"""The library for many machines: versions of objects in a bucket of MinIO, or any like it."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import partial
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import BinaryIO, Final

from minio import Minio
from minio import error as minio_errors
from minio.commonconfig import ENABLED
from minio.datatypes import Object
from minio.versioningconfig import VersioningConfig

from worker.contracts.libraries import Entry, Place, Version, VersionDraft
from worker.errors import RequestError, StorageError
from worker.net.minio_client import MinioAccess, MinioBucket
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

_PART_BYTES: Final = 16 * 1024 * 1024
_DOCUMENT: Final = ".json"
_DRAFT_HEADER: Final = f"X-Amz-Meta-{DRAFT.title()}"
# A version that is not there, in the words for HEAD and GET, and an id that cannot be one.
_NOT_THERE: Final = frozenset(
    {"NoSuchKey", "NoSuchVersion", "MethodNotAllowed", "InvalidArgument", "BadRequest"}
)
_NO_VERSIONS: Final = "the libraries' bucket keeps no versions, and they cannot be switched on"


class MinioLibrary:
    """Files as objects of one private bucket, in the versions that the server keeps of each.

    The bucket is made, and its versioning switched on, at first use. An entry's draft is user
    metadata of the version, its document an object beside it. The server must give the MD5 of what
    came as the tag of an object, as it does unless it encrypts with keys of a key service.
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
        self._bucket = bucket
        self._connection = MinioBucket(access, bucket, prepare=self._prepare)

    def put(self, place: Place, entry_id: str, file: Path, draft: VersionDraft) -> Version:
        check_entry(place, entry_id)
        text, key = draft_text(draft), entry_key(place, entry_id)
        with file.open("rb") as opened:
            if os.fstat(opened.fileno()).st_size != draft.size_bytes:
                raise StorageError("storage.integrity", "the file is not as long as was said")
            with translated():
                newest = self._stat(key)
                version = _version_of(newest) if newest else None
                if version and version.transfer == draft.transfer:
                    return version
                return self._keep(key, opened, draft, text)

    def version(self, place: Place, entry_id: str, version_id: str) -> Version | None:
        if not (is_entry(place, entry_id) and is_version(version_id)):
            return None
        with translated():
            found = self._stat(entry_key(place, entry_id), version_id)
            return _version_of(found) if found else None

    def versions(self, place: Place, entry_id: str) -> list[Version]:
        if not is_entry(place, entry_id):
            return []
        key = entry_key(place, entry_id)
        with translated():
            listed = [each for each in self._list(key) if each.object_name == key]
            found = [version for each in listed if (version := self._told(each))]
        # A put whose answer was lost is sent again, and kept twice.
        return [next(same) for _, same in groupby(found, key=lambda version: version.transfer)]

    def read(
        self, place: Place, entry_id: str, version_id: str, *, offset: int, length: int
    ) -> bytes:
        if not (is_entry(place, entry_id) and is_version(version_id)):
            raise RequestError("request.not_found")
        with translated():
            try:
                with self._connection.client().get_object(
                    bucket_name=self._bucket,
                    object_name=entry_key(place, entry_id),
                    version_id=version_id,
                    offset=offset,
                    length=max(length, 1),  # for the client 0 means all
                ) as response:
                    return bytes(response.read()[: max(length, 0)])
            except minio_errors.S3Error as error:
                if error.code == "InvalidRange":
                    return b""
                if error.code in _NOT_THERE:
                    raise RequestError("request.not_found") from error
                raise

    def link(self, place: Place, entry_id: str, version: Version, *, look: LinkLook) -> str:
        check_link(place, entry_id, expires_s=look.expires_s)
        kind = version.content_type
        return self._connection.signer.presigned_get_object(
            bucket_name=self._bucket,
            object_name=entry_key(place, entry_id),
            version_id=version.id,
            expires=timedelta(seconds=look.expires_s),
            response_headers={
                "response-content-type": kind,
                "response-content-disposition": disposition(
                    look.name, attachment=look.attachment, content_type=kind
                ),
                "response-cache-control": LINK_CACHE_CONTROL,
            },
        )

    def note(self, entry: Entry) -> None:
        document = document_of(entry)
        key = entry_key(entry.place, entry.id) + _DOCUMENT
        with translated():
            self._connection.client().put_object(
                bucket_name=self._bucket,
                object_name=key,
                data=BytesIO(document),
                length=len(document),
                content_type="application/json",
            )
            self._remove(each for each in self._list(key) if each.is_latest != "true")

    def entries(self, place: Place) -> Iterator[Entry]:
        if not is_place(place):
            return
        prefix = space_prefix(place)
        with translated():
            # By key, so that what belongs to an entry comes together; each object newest first.
            for entry_id, listed in groupby(self._list(prefix), key=partial(_owner, prefix)):
                if is_entry(place, entry_id):
                    entry = self._entry(place, entry_id, listed)
                    if entry:
                        yield entry

    def delete(self, place: Place, entry_id: str) -> None:
        if not is_entry(place, entry_id):
            return
        key = entry_key(place, entry_id)
        with translated():
            listed = list(self._list(key, markers=True))
            # Without its document an entry is gone, whatever else is still to be removed.
            for name in (key + _DOCUMENT, key):
                self._remove(each for each in listed if each.object_name == name)

    def _prepare(self, client: Minio) -> None:
        self._connection.make(client)
        if client.get_bucket_versioning(bucket_name=self._bucket).status == ENABLED:
            return
        try:
            client.set_bucket_versioning(bucket_name=self._bucket, config=VersioningConfig(ENABLED))
        except minio_errors.S3Error as error:
            if error.code not in {"AccessDenied", "NotImplemented"}:
                raise
            raise StorageError("storage.misconfigured", _NO_VERSIONS) from error

    def _keep(self, key: str, file: BinaryIO, draft: VersionDraft, text: str) -> Version:
        tag = _tag_of(file)
        file.seek(0)
        put = self._connection.client().put_object(
            bucket_name=self._bucket,
            object_name=key,
            data=file,
            length=draft.size_bytes,
            content_type=draft.content_type,
            metadata={DRAFT: text},
            part_size=_PART_BYTES,
            num_parallel_uploads=1,
        )
        version_id = put.version_id or ""
        if not is_version(version_id):
            raise StorageError("storage.misconfigured", _NO_VERSIONS)
        kept = self._stat(key, version_id)
        if kept is None or (kept.etag, kept.size) != (tag, draft.size_bytes):
            self._connection.client().remove_object(
                bucket_name=self._bucket, object_name=key, version_id=version_id
            )
            raise StorageError("storage.integrity")
        return version_of(text, version_id=version_id, etag=f'"{tag}"')

    def _stat(self, key: str, version_id: str | None = None) -> Object | None:
        try:
            return self._connection.client().stat_object(
                bucket_name=self._bucket, object_name=key, version_id=version_id
            )
        except minio_errors.S3Error as error:
            if error.code in _NOT_THERE:
                return None
            raise

    def _list(self, prefix: str, *, markers: bool = False) -> Iterator[Object]:
        """All versions of all objects below `prefix`, a page of a thousand at a time."""
        listed = self._connection.client().list_objects(
            bucket_name=self._bucket,
            prefix=prefix,
            recursive=True,
            include_version=True,
            extra_query_params={"metadata": "true"},  # MinIO's own; others pass over it
        )
        return (each for each in listed if markers or not each.is_delete_marker)

    def _told(self, listed: Object) -> Version | None:
        """The version, of a listing that may be without metadata."""
        version = _version_of(listed)
        if version is None:
            found = self._stat(str(listed.object_name), listed.version_id)
            version = _version_of(found) if found else None
        return version

    def _entry(self, place: Place, entry_id: str, listed: Iterator[Object]) -> Entry | None:
        """The entry, of all that is listed of it; None for what is not one, or not yet, or not
        any more.
        """
        newest: Object | None = None
        documented = False
        for each in listed:
            if str(each.object_name).endswith(_DOCUMENT):
                documented = True
            else:
                newest = newest or each
        entry = self._document(place, entry_id) if documented else None
        if entry is None or entry.kind == "dir":
            return entry
        version = self._told(newest) if newest else None
        return entry.model_copy(update={"version": version}) if version else None

    def _document(self, place: Place, entry_id: str) -> Entry | None:
        key = entry_key(place, entry_id) + _DOCUMENT
        try:
            with self._connection.client().get_object(
                bucket_name=self._bucket, object_name=key
            ) as response:
                return entry_of(response.read(), place=place, entry_id=entry_id)
        except minio_errors.S3Error as error:
            if error.code in _NOT_THERE:
                return None
            raise

    def _remove(self, listed: Iterable[Object]) -> None:
        for each in listed:
            self._connection.client().remove_object(
                bucket_name=self._bucket,
                object_name=str(each.object_name),
                version_id=each.version_id,
            )


def _owner(prefix: str, listed: Object) -> str:
    return str(listed.object_name).removeprefix(prefix).removesuffix(_DOCUMENT)


def _version_of(found: Object) -> Version | None:
    """The version, where its metadata came with it and are ours."""
    text = (found.metadata or {}).get(_DRAFT_HEADER)
    if not text or not is_version(found.version_id or ""):
        return None
    return version_of(text, version_id=str(found.version_id), etag=f'"{found.etag}"')


def _tag_of(file: BinaryIO) -> str:
    """What S3 tags an object with that comes in parts of `_PART_BYTES`: an MD5, or one of MD5s."""
    parts = [
        hashlib.md5(part, usedforsecurity=False)
        for part in iter(partial(file.read, _PART_BYTES), b"")
    ]
    if len(parts) < 2:
        return parts[0].hexdigest() if parts else hashlib.md5(usedforsecurity=False).hexdigest()
    joined = b"".join(part.digest() for part in parts)
    return f"{hashlib.md5(joined, usedforsecurity=False).hexdigest()}-{len(parts)}"
