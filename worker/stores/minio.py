"""The store for many machines: objects in a bucket of MinIO, or of anything that speaks S3."""

import hashlib
import os
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from minio import Minio
from minio import error as minio_errors

from worker.errors import RequestError, StorageError
from worker.net.minio_client import MinioAccess, MinioBucket
from worker.net.minio_errors import translated
from worker.ports import StoredObject
from worker.rules.keys import cache_control_of, content_type_of, is_key, is_prefix
from worker.rules.objects import check_link, check_public, check_put
from worker.rules.policies import with_public_covers

_PART_BYTES: Final = 16 * 1024 * 1024
_CHUNK_BYTES: Final = 1024 * 1024


class _Content(NamedTuple):
    """What an object must be, to its last byte and header."""

    size_bytes: int
    sha256: str
    content_type: str
    cache_control: str


class MinioStore:
    """Objects of one bucket, which is made with its policy on first use where it is missing.

    An outage shows after `timeout_s` at most. `public_base_url` leads to the bucket's objects as
    clients see them.
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
        public_base_url: str,
        public_endpoint: str | None,
    ) -> None:
        access = MinioAccess(
            endpoint, public_endpoint, region, secure, access_key, secret_key, timeout_s
        )
        self._bucket = bucket
        self._connection = MinioBucket(access, bucket, prepare=self._prepare)
        self._public_base_url = public_base_url.rstrip("/")

    def put(self, key: str, data: bytes, *, content_type: str) -> None:
        check_put(key, content_type)
        self._keep(key, BytesIO(data), len(data))

    def put_file(self, key: str, path: Path, *, content_type: str) -> None:
        check_put(key, content_type)
        with path.open("rb") as file:
            self._keep(key, file, os.fstat(file.fileno()).st_size)

    def find(self, key: str) -> StoredObject | None:
        if not is_key(key):
            return None
        with translated():
            try:
                found = self._connection.client().stat_object(
                    bucket_name=self._bucket, object_name=key
                )
            except minio_errors.S3Error as error:
                if error.code == "NoSuchKey":
                    return None
                raise
        assert found.last_modified is not None
        content_type = found.content_type or content_type_of(key)
        return StoredObject(key, found.size or 0, content_type, found.last_modified.timestamp())

    def read(self, key: str, offset: int, length: int) -> bytes:
        if not is_key(key):
            raise RequestError("request.not_found")
        with translated():
            try:
                with self._connection.client().get_object(
                    bucket_name=self._bucket,
                    object_name=key,
                    offset=offset,
                    length=max(length, 1),  # for the client 0 means all
                ) as response:
                    return bytes(response.read()[: max(length, 0)])
            except minio_errors.S3Error as error:
                if error.code == "InvalidRange":
                    return b""
                raise

    def delete(self, key: str) -> None:
        if is_key(key):
            with translated():
                self._connection.client().remove_object(bucket_name=self._bucket, object_name=key)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        if not is_prefix(prefix):
            return
        with translated():
            for found in self._connection.client().list_objects(
                bucket_name=self._bucket, prefix=prefix, recursive=True
            ):
                key = found.object_name
                if key and is_key(key) and found.last_modified:
                    modified_at_s = found.last_modified.timestamp()
                    yield StoredObject(key, found.size or 0, content_type_of(key), modified_at_s)

    def public_url(self, key: str) -> str:
        check_public(key)
        return f"{self._public_base_url}/{key}"

    def signed_url(self, key: str, *, expires_s: int) -> str:
        check_link(key, expires_s)
        return self._connection.signer.presigned_get_object(
            bucket_name=self._bucket, object_name=key, expires=timedelta(seconds=expires_s)
        )

    def check(self) -> None:
        with translated():
            if not self._connection.client().bucket_exists(bucket_name=self._bucket):
                raise StorageError("storage.misconfigured", "the store's bucket does not exist")

    def _prepare(self, client: Minio) -> None:
        """Make the bucket where it is missing; let anyone read its covers.

        A bucket whose policy we may not change is the operator's to open.
        """
        present = self._connection.make(client)
        try:
            policy = with_public_covers(self._policy(client), self._bucket)
            if policy:
                client.set_bucket_policy(bucket_name=self._bucket, policy=policy)
        except minio_errors.S3Error as error:
            if not (present and error.code == "AccessDenied"):
                raise

    def _policy(self, client: Minio) -> str | None:
        try:
            return client.get_bucket_policy(bucket_name=self._bucket)
        except minio_errors.S3Error as error:
            if error.code == "NoSuchBucketPolicy":
                return None
            raise

    def _keep(self, key: str, file: BinaryIO, size_bytes: int) -> None:
        """Put what is not there yet, and read it back: a tag of S3 is no digest of the whole."""
        digest = hashlib.sha256()
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
        file.seek(0)
        wanted = _Content(
            size_bytes, digest.hexdigest(), content_type_of(key), cache_control_of(key)
        )
        with translated():
            client = self._connection.client()
            if self._holds(client, key, wanted):
                return
            client.put_object(
                bucket_name=self._bucket,
                object_name=key,
                data=file,
                length=size_bytes,
                content_type=wanted.content_type,
                metadata={"Cache-Control": wanted.cache_control},
                part_size=_PART_BYTES,
                num_parallel_uploads=1,
            )
            if not self._holds(client, key, wanted):
                raise StorageError("storage.integrity")

    def _holds(self, client: Minio, key: str, wanted: _Content) -> bool:
        """Whether the object is there and the same, read to its end."""
        try:
            response = client.get_object(bucket_name=self._bucket, object_name=key)
        except minio_errors.S3Error as error:
            if error.code == "NoSuchKey":
                return False
            raise
        with response:
            told = response.headers
            if told.get("Content-Length") != str(wanted.size_bytes):
                return False
            digest = hashlib.sha256()
            for chunk in response.stream(_CHUNK_BYTES):
                digest.update(chunk)
        found = (digest.hexdigest(), told.get("Content-Type"), told.get("Cache-Control"))
        return found == wanted[1:]
