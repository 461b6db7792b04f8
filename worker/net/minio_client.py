"""The way to a bucket of MinIO, or of anything that speaks S3, for the adapters that use one."""

import os
from collections.abc import Callable
from functools import cached_property
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from minio import Minio
from minio import error as minio_errors
from minio.helpers import check_bucket_name
from urllib3 import Retry, Timeout

from worker.errors import StorageError
from worker.net.paced_pool import PacedPools

_ATTEMPTS: Final = 2  # a connection kept open may have died, and that shows only when it is used


class MinioAccess(NamedTuple):
    """Where a server answers, as whom it is asked, and how long a request may wait for it: longer
    only as bytes move.

    `public_endpoint` (`host:port`, or a URL where the scheme differs from that of `endpoint`) is
    the host that signed links are made for.
    """

    endpoint: str
    public_endpoint: str | None
    region: str
    secure: bool
    access_key: str
    secret_key: str
    timeout_s: float

    def __repr__(self) -> str:
        return f"MinioAccess(endpoint={self.endpoint!r})"


class MinioBucket:
    """One bucket's clients. `prepare` makes the bucket fit for use, before it is used first."""

    def __init__(
        self, access: MinioAccess, bucket: str, *, prepare: Callable[[Minio], None]
    ) -> None:
        self.name = bucket
        self._access, self._prepare = access, prepare
        self._held: tuple[int, Minio] | None = None
        self._prepared = False

    def client(self) -> Minio:
        """This process's client, its bucket prepared; connections never cross a fork.

        Raises: StorageError, and what the client raises; use it within `minio_errors.translated`.
        """
        if self._held is None or self._held[0] != os.getpid():
            self._held = (os.getpid(), self._connected(self._access.endpoint))
        client = self._held[1]
        if not self._prepared:
            self._prepare(client)
            self._prepared = True
        return client

    @cached_property
    def signer(self) -> Minio:
        """A client that only signs, for the host that clients see; it opens no connection."""
        return self._connected(self._access.public_endpoint or self._access.endpoint)

    def make(self, client: Minio) -> bool:
        """Make the bucket where it is missing; whether it was there before."""
        if client.bucket_exists(bucket_name=self.name):
            return True
        try:
            client.make_bucket(bucket_name=self.name, location=self._access.region)
        except minio_errors.S3Error as error:  # another process may have been first
            if error.code not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
                raise
        return False

    def _connected(self, endpoint: str) -> Minio:
        access = self._access
        if not (access.access_key and access.secret_key):
            raise StorageError("storage.misconfigured", "the store's credentials are not set")
        # An attempt that hangs must leave time for the next one; most of it is for the answer.
        attempt_s = 0.9 * access.timeout_s / _ATTEMPTS
        connect_s = attempt_s / 4
        answer_s = attempt_s - connect_s
        retries = Retry(
            total=_ATTEMPTS - 1, redirect=False, status=0, respect_retry_after_header=False
        )
        scheme = "https" if access.secure else "http"
        try:
            url = urlsplit(endpoint if "://" in endpoint else f"{scheme}://{endpoint}")
            check_bucket_name(self.name)
            return Minio(
                endpoint=url.netloc,
                access_key=access.access_key,
                secret_key=access.secret_key,
                secure=url.scheme == "https",
                region=access.region,
                http_client=PacedPools(
                    answer_s,
                    timeout=Timeout(connect=connect_s, read=answer_s),
                    retries=retries,
                    maxsize=10,
                    cert_reqs="CERT_REQUIRED",
                ),
            )
        except ValueError as error:
            text = "the store's endpoint, region or bucket is not a valid name"
            raise StorageError("storage.misconfigured", text) from error
