"""Objects of a bucket that keeps every version of each, in MinIO or in anything like it."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from io import BytesIO
from itertools import islice
from typing import BinaryIO, Final

from minio import Minio
from minio import error as minio_errors
from minio.commonconfig import ENABLED
from minio.datatypes import Object
from minio.deleteobjects import DeleteObject
from minio.helpers import ObjectWriteResult
from minio.versioningconfig import VersioningConfig

from worker.errors import StorageError
from worker.net.minio_client import MinioAccess, MinioBucket
from worker.net.minio_errors import not_removed
from worker.rules.library_keys import is_version

_PART_BYTES: Final = 16 * 1024 * 1024
# So few that a slow server has removed them before the time for its answer is over.
_REMOVED_AT_ONCE: Final = 200
_MORE_TO_REMOVE: Final = "not all versions are removed yet"
# A version that is not there, in the words for HEAD and GET, and an id that cannot be one.
_NOT_THERE: Final = frozenset(
    {"NoSuchKey", "NoSuchVersion", "MethodNotAllowed", "InvalidArgument", "BadRequest"}
)
_NO_VERSIONS: Final = "the libraries' bucket keeps no versions, and they cannot be switched on"


class VersionedObjects:
    """One private bucket, made where it is missing, its versioning switched on, at first use.

    The server must give the MD5 of what came as the tag of an object, as it does unless it
    encrypts with keys of a key service. Methods raise what the client raises, and StorageError.
    """

    def __init__(self, access: MinioAccess, bucket: str) -> None:
        self._bucket = bucket
        self._timeout_s = access.timeout_s
        self._connection = MinioBucket(access, bucket, prepare=self._prepare)

    def put(
        self, key: str, file: BinaryIO, *, size_bytes: int, content_type: str, note: dict[str, str]
    ) -> Object:
        """Keep the file, read from its beginning, as the newest version; told after a check.

        `note` is user metadata.
        """
        tag = _tag_of(file)
        file.seek(0)
        version_id = self._put(key, file, size_bytes, content_type, note).version_id
        kept = self.stat(key, version_id)
        if kept is None or (kept.etag, kept.size) != (tag, size_bytes):
            self._remove(key, version_id)
            raise StorageError("storage.integrity")
        return kept

    def replace(self, key: str, data: bytes, *, content_type: str) -> None:
        """Make `data` the only version but for those that others are writing."""
        tag = _tag_of(BytesIO(data))
        # Not looked at again: by then another may have replaced it.
        if self._put(key, BytesIO(data), len(data), content_type, {}).etag != tag:
            raise StorageError("storage.integrity")
        listed = (each for each in self.list(key) if each.object_name == key)
        self.remove(each for each in listed if each.is_latest != "true")

    def stat(self, key: str, version_id: str | None = None) -> Object | None:
        """The version's facts, with its metadata; without an id the newest one's."""
        try:
            return self._connection.client().stat_object(
                bucket_name=self._bucket, object_name=key, version_id=version_id
            )
        except minio_errors.S3Error as error:
            if error.code in _NOT_THERE:
                return None
            raise

    def read(
        self, key: str, version_id: str | None = None, *, offset: int = 0, length: int | None = None
    ) -> bytes | None:
        """A range of a version, None where there is none; without an id of the newest one."""
        try:
            with self._connection.client().get_object(
                bucket_name=self._bucket,
                object_name=key,
                version_id=version_id,
                offset=offset,
                length=0 if length is None else max(length, 1),  # for the client 0 means all
            ) as response:
                data: bytes = response.read()
                return data if length is None else data[: max(length, 0)]
        except minio_errors.S3Error as error:
            if error.code == "InvalidRange":
                return b""
            if error.code in _NOT_THERE:
                return None
            raise

    def list(self, prefix: str, *, markers: bool = False) -> Iterator[Object]:
        """All versions of all objects below `prefix`, by key and newest first, as pages come.

        MinIO tells their metadata too. Marks of deletion come at the end of a page.
        """
        listed = self._connection.client().list_objects(
            bucket_name=self._bucket,
            prefix=prefix,
            recursive=True,
            include_version=True,
            extra_query_params={"metadata": "true"},  # MinIO's own; others pass over it
        )
        return (each for each in listed if markers or not each.is_delete_marker)

    def remove(self, listed: Iterable[Object]) -> None:
        """Remove these versions for good, many with one request."""
        unwanted = [DeleteObject(str(each.object_name), each.version_id) for each in listed]
        for failed in self._connection.client().remove_objects(
            bucket_name=self._bucket, delete_object_list=unwanted
        ):
            raise not_removed(failed.code)

    def remove_all(self, prefix: str, unwanted: Callable[[str], bool]) -> None:
        """Remove for good what is below `prefix`, marks too, of objects whose key is `unwanted`.

        Raises: StorageError `storage.unavailable` when the time for a call is over and more is
        left; asked again, it goes on there.
        """
        until_s = time.monotonic() + self._timeout_s
        while True:
            removed, below = 0, self.list(prefix, markers=True)
            found = (each for each in below if unwanted(str(each.object_name)))
            while batch := list(islice(found, _REMOVED_AT_ONCE)):
                if removed and time.monotonic() >= until_s:
                    raise StorageError("storage.unavailable", _MORE_TO_REMOVE)
                self.remove(batch)
                removed += len(batch)
            # Pages are told from the last version before, which may be gone: what a listing passed
            # over for that, the next one finds.
            if removed < _REMOVED_AT_ONCE:
                return

    def link(self, key: str, version_id: str, *, expires_s: int, headers: Mapping[str, str]) -> str:
        """A link that reads a version, answered with `headers`; made without a request."""
        return self._connection.signer.presigned_get_object(
            bucket_name=self._bucket,
            object_name=key,
            version_id=version_id,
            expires=timedelta(seconds=expires_s),
            response_headers={f"response-{name}": value for name, value in headers.items()},
        )

    def _put(
        self, key: str, file: BinaryIO, size_bytes: int, content_type: str, note: dict[str, str]
    ) -> ObjectWriteResult:
        put = self._connection.client().put_object(
            bucket_name=self._bucket,
            object_name=key,
            data=file,
            length=size_bytes,
            content_type=content_type,
            metadata=dict(note),
            part_size=_PART_BYTES,
            num_parallel_uploads=1,
        )
        if not is_version(put.version_id or ""):
            raise StorageError("storage.misconfigured", _NO_VERSIONS)
        return put

    def _remove(self, key: str, version_id: str | None) -> None:
        self._connection.client().remove_object(
            bucket_name=self._bucket, object_name=key, version_id=version_id
        )

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
