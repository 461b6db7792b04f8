"""The store for many machines: objects in a bucket of MinIO, or of anything that speaks S3."""

import hashlib
import os
from collections.abc import Iterator
from datetime import timedelta
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple
from urllib.parse import urlsplit

from minio import Minio
from minio import error as minio_errors
from minio.helpers import check_bucket_name
from urllib3 import PoolManager, Retry, Timeout

from worker.errors import RequestError, StorageError
from worker.ports import StoredObject
from worker.rules.keys import cache_control_of, content_type_of, is_key, is_prefix
from worker.rules.objects import check_link, check_public, check_put
from worker.rules.policies import with_public_covers
from worker.stores.minio_errors import translated

_ATTEMPTS: Final = 2  # a connection kept open may have died, and that shows only when it is used
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
    clients see them; `public_endpoint` (`host:port`, or a URL where the scheme differs from that
    of `endpoint`) is the host that signed links are made for.
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
        scheme = "https" if secure else "http"
        self._endpoint = f"{scheme}://{endpoint}"
        public = public_endpoint or endpoint
        self._public_endpoint = public if "://" in public else f"{scheme}://{public}"
        self._access_key, self._secret_key, self._region = access_key, secret_key, region
        self._bucket, self._timeout_s = bucket, timeout_s
        self._public_base_url = public_base_url.rstrip("/")
        self._held: tuple[int, Minio] | None = None
        self._prepared = False

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
                found = self._client().stat_object(bucket_name=self._bucket, object_name=key)
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
                with self._client().get_object(
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
                self._client().remove_object(bucket_name=self._bucket, object_name=key)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        if not is_prefix(prefix):
            return
        with translated():
            for found in self._client().list_objects(
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
        return self._signer.presigned_get_object(
            bucket_name=self._bucket, object_name=key, expires=timedelta(seconds=expires_s)
        )

    def check(self) -> None:
        with translated():
            if not self._client().bucket_exists(bucket_name=self._bucket):
                raise StorageError("storage.misconfigured", "the store's bucket does not exist")

    def _client(self) -> Minio:
        """This process's client, its bucket prepared; connections never cross a fork."""
        if self._held is None or self._held[0] != os.getpid():
            self._held = (os.getpid(), self._connected(self._endpoint))
        client = self._held[1]
        if not self._prepared:
            self._prepare(client)
            self._prepared = True
        return client

    @cached_property
    def _signer(self) -> Minio:
        """A client that only signs, for the host that clients see; it opens no connection."""
        return self._connected(self._public_endpoint)

    def _connected(self, endpoint: str) -> Minio:
        if not (self._access_key and self._secret_key):
            raise StorageError("storage.misconfigured", "the store's credentials are not set")
        # An attempt that hangs must leave time for the next one.
        timeout = Timeout(total=0.9 * self._timeout_s / _ATTEMPTS)
        retries = Retry(
            total=_ATTEMPTS - 1, redirect=False, status=0, respect_retry_after_header=False
        )
        url = urlsplit(endpoint)
        try:
            check_bucket_name(self._bucket)
            return Minio(
                endpoint=url.netloc,
                access_key=self._access_key,
                secret_key=self._secret_key,
                secure=url.scheme == "https",
                region=self._region,
                http_client=PoolManager(
                    timeout=timeout, retries=retries, maxsize=10, cert_reqs="CERT_REQUIRED"
                ),
            )
        except ValueError as error:
            text = "the store's endpoint, region or bucket is not a valid name"
            raise StorageError("storage.misconfigured", text) from error

    def _prepare(self, client: Minio) -> None:
        """Make the bucket where it is missing; let anyone read its covers.

        A bucket whose policy we may not change is the operator's to open.
        """
        present = client.bucket_exists(bucket_name=self._bucket)
        if not present:
            self._make_bucket(client)
        try:
            policy = with_public_covers(self._policy(client), self._bucket)
            if policy:
                client.set_bucket_policy(bucket_name=self._bucket, policy=policy)
        except minio_errors.S3Error as error:
            if not (present and error.code == "AccessDenied"):
                raise

    def _make_bucket(self, client: Minio) -> None:
        try:
            client.make_bucket(bucket_name=self._bucket, location=self._region)
        except minio_errors.S3Error as error:  # another process may have been first
            if error.code not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
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
            client = self._client()
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
