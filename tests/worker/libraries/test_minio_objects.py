import re
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html import escape
from io import BytesIO

import pytest
from minio import MinioAdmin
from minio.commonconfig import ENABLED
from minio.credentials.providers import StaticProvider
from minio.versioningconfig import SUSPENDED, VersioningConfig

from tests.fakes.faulty_proxy import Answer, FaultyProxy
from tests.library_facts import ENTRY, PLACE, entry
from tests.minio_library import library_of
from tests.minio_server import Minio, client_of
from tests.worker.libraries.conftest import KEY, PutInto
from worker.errors import StorageError
from worker.libraries.minio import MinioLibrary
from worker.libraries.minio_objects import VersionedObjects
from worker.net.minio_client import MinioAccess

XMLNS = "http://s3.amazonaws.com/doc/2006-03-01/"


@pytest.mark.parametrize("before", ["no-bucket", "unversioned", SUSPENDED])
def test_the_bucket_keeps_versions_from_the_first_use_on(
    minio: Minio, bucket: str, minio_library: MinioLibrary, put_into: PutInto, before: str
) -> None:
    operator = client_of(minio)
    if before != "no-bucket":
        operator.make_bucket(bucket_name=bucket)
    if before == SUSPENDED:
        operator.set_bucket_versioning(bucket_name=bucket, config=VersioningConfig(SUSPENDED))

    kept = [put_into(minio_library, data) for data in (b"1", b"2")]

    assert operator.get_bucket_versioning(bucket_name=bucket).status == ENABLED
    assert minio_library.versions(PLACE, ENTRY) == kept[::-1]


def test_a_bucket_that_stopped_keeping_versions_is_told(
    minio: Minio, bucket: str, minio_library: MinioLibrary, put_into: PutInto
) -> None:
    first = put_into(minio_library)
    client_of(minio).set_bucket_versioning(bucket_name=bucket, config=VersioningConfig(SUSPENDED))

    with pytest.raises(StorageError, match=r"storage\.misconfigured.*versions"):
        put_into(minio_library)

    assert minio_library.version(PLACE, ENTRY, first.id) == first


def test_versions_that_may_not_be_switched_on_are_told(
    minio: Minio, bucket: str, put_into: PutInto
) -> None:
    client_of(minio).make_bucket(bucket_name=bucket)
    allowed = ["s3:ListBucket", "s3:GetBucketVersioning", "s3:GetObject", "s3:PutObject"]
    admin = MinioAdmin(
        endpoint=minio.endpoint,
        credentials=StaticProvider(minio.access_key, minio.secret_key),
        secure=False,
    )
    user, secret = secrets.token_hex(8), secrets.token_hex(16)
    arns = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    statement = {"Effect": "Allow", "Action": allowed, "Resource": arns}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    admin.user_add(access_key=user, secret_key=secret)
    admin.policy_add(policy_name=user, policy=policy)
    admin.attach_policy(policies=[user], user=user)
    library = library_of(minio, bucket=bucket, access_key=user, secret_key=secret)

    with pytest.raises(StorageError, match=r"storage\.misconfigured.*cannot be switched on"):
        put_into(library)


def test_a_put_whose_answer_was_lost_is_one_version(
    behind_proxy: MinioLibrary, proxy: FaultyProxy, put_into: PutInto
) -> None:
    lost: list[str] = []

    def lose_the_first(method: str, path: str, answer: Answer) -> Answer:
        if method == "PUT" and not lost:
            lost.append(path)
            raise ConnectionResetError
        return answer

    proxy.fault = lose_the_first

    kept = put_into(behind_proxy)

    assert len([each for each in proxy.seen if each.startswith("PUT")]) == 2
    assert behind_proxy.versions(PLACE, ENTRY) == [kept]


def test_bytes_that_changed_on_their_way_are_found_out_and_removed(
    behind_proxy: MinioLibrary, proxy: FaultyProxy, put_into: PutInto
) -> None:
    def another_tag(method: str, path: str, answer: Answer) -> Answer:
        headers = [(n, f'"{"0" * 32}"' if n.lower() == "etag" else v) for n, v in answer.headers]
        return answer._replace(headers=headers) if method == "HEAD" else answer

    proxy.fault = another_tag
    with pytest.raises(StorageError, match=r"storage\.integrity"):
        put_into(behind_proxy)

    proxy.fault = lambda _method, _path, answer: answer
    assert behind_proxy.versions(PLACE, ENTRY) == []


def test_a_server_that_lists_no_metadata_is_asked_for_each_version(
    behind_proxy: MinioLibrary, proxy: FaultyProxy, put_into: PutInto
) -> None:
    """As AWS does; MinIO's own extension is to list them."""

    def without(method: str, path: str, answer: Answer) -> Answer:
        body = re.sub(rb"<UserMetadata>.*?</UserMetadata>", b"", answer.body, flags=re.DOTALL)
        headers = [each for each in answer.headers if each[0].lower() != "content-length"]
        told = [*headers, ("Content-Length", str(len(body)))]
        return Answer(answer.status, told, body) if "versions=" in path else answer

    proxy.fault = without
    kept = [put_into(behind_proxy, data) for data in (b"1", b"2")]
    behind_proxy.note(entry())

    assert behind_proxy.versions(PLACE, ENTRY) == kept[::-1]
    assert [each.version for each in behind_proxy.entries(PLACE)] == [kept[1]]


def test_a_listing_asks_for_each_page_and_document_once(
    behind_proxy: MinioLibrary, proxy: FaultyProxy, put_into: PutInto
) -> None:
    for data in (b"1", b"2", b"3"):
        put_into(behind_proxy, data)
    behind_proxy.note(entry())
    proxy.seen.clear()

    assert len(list(behind_proxy.entries(PLACE))) == 1

    assert len(proxy.seen) == 2


def test_documents_do_not_pile_up(minio: Minio, bucket: str, minio_library: MinioLibrary) -> None:
    for number in range(3):
        minio_library.note(entry(name=f"{number}.mp4", kind="dir"))

    found = client_of(minio).list_objects(bucket_name=bucket, recursive=True, include_version=True)
    assert len(list(found)) == 1


def test_deleting_leaves_neither_versions_nor_marks(
    minio: Minio, bucket: str, minio_library: MinioLibrary, put_into: PutInto
) -> None:
    operator = client_of(minio)
    put_into(minio_library, b"1")
    operator.remove_object(bucket_name=bucket, object_name=KEY)
    put_into(minio_library, b"2")
    minio_library.note(entry())
    operator.remove_object(bucket_name=bucket, object_name=KEY)

    minio_library.delete(PLACE, ENTRY)

    found = operator.list_objects(bucket_name=bucket, recursive=True, include_version=True)
    assert list(found) == []


def test_removing_many_versions_takes_few_requests_and_goes_on_where_its_time_was_over(
    minio: Minio, bucket: str, behind_proxy: MinioLibrary, proxy: FaultyProxy
) -> None:
    operator = client_of(minio)

    def keep(number: int) -> None:
        operator.put_object(bucket_name=bucket, object_name=KEY, data=BytesIO(b"1"), length=1)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(keep, range(450)))
    access = MinioAccess(
        minio.endpoint, None, "us-east-1", False, minio.access_key, minio.secret_key, timeout_s=2
    )
    seen: list[str] = []

    def slow(key: str) -> bool:
        seen.append(key)
        if len(seen) == 201:
            time.sleep(2.1)
        return True

    with pytest.raises(StorageError, match=r"storage\.unavailable: not all versions"):
        VersionedObjects(access, bucket).remove_all(KEY, slow)
    left = list(operator.list_objects(bucket_name=bucket, include_version=True, recursive=True))
    behind_proxy.delete(PLACE, ENTRY)

    assert len(left) == 250
    assert behind_proxy.versions(PLACE, ENTRY) == []
    assert len(proxy.seen) < 10


@pytest.mark.parametrize(
    ("told", "code"),
    [("AccessDenied", "misconfigured"), ("InternalError", "unavailable"), ("<", "unavailable")],
)
def test_a_version_that_is_not_removed_is_told(
    behind_proxy: MinioLibrary, proxy: FaultyProxy, put_into: PutInto, told: str, code: str
) -> None:
    put_into(behind_proxy)
    error = f"<Error><Key>{KEY}</Key><Code>{escape(told)}</Code></Error>"
    body = f'<DeleteResult xmlns="{XMLNS}">{error}</DeleteResult>'.encode()
    headers = [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))]

    def refuse(method: str, path: str, answer: Answer) -> Answer:
        return Answer(200, headers, body) if method == "POST" else answer

    proxy.fault = refuse

    with pytest.raises(StorageError, match=rf"storage\.{code}: the store says"):
        behind_proxy.delete(PLACE, ENTRY)


def test_a_server_that_is_away_is_told(minio: Minio, bucket: str, put_into: PutInto) -> None:
    library = library_of(minio, bucket=bucket, endpoint="127.0.0.1:9", timeout_s=2)
    uses: list[Callable[[], object]] = [
        lambda: put_into(library),
        lambda: library.version(PLACE, ENTRY, "a"),
        lambda: library.versions(PLACE, ENTRY),
        lambda: library.read(PLACE, ENTRY, "a", offset=0, length=1),
        lambda: library.note(entry()),
        lambda: list(library.entries(PLACE)),
        lambda: library.delete(PLACE, ENTRY),
    ]

    for use in uses:
        with pytest.raises(StorageError, match=r"storage\.unavailable"):
            use()
