import re
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx2
import pytest
from minio import MinioAdmin
from minio.commonconfig import ENABLED
from minio.credentials.providers import StaticProvider
from minio.versioningconfig import SUSPENDED, VersioningConfig

from tests.fakes.faulty_proxy import Answer, FaultyProxy
from tests.library_facts import DATA, ENTRY, PLACE, draft, entry
from tests.minio_library import library_of
from tests.minio_server import Minio, client_of
from worker.contracts.libraries import Version
from worker.errors import StorageError
from worker.libraries.minio import MinioLibrary
from worker.ports import LinkLook

KEY = f"{PLACE.library_id}/-/{ENTRY}"
LOOK = LinkLook(expires_s=60, name="clip.mp4")
Put = Callable[..., Version]


@pytest.fixture
def library(minio: Minio, bucket: str) -> MinioLibrary:
    return library_of(minio, bucket=bucket)


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Keeps bytes as a version of the entry."""

    def keep(library: MinioLibrary, data: bytes = DATA, **changes: Any) -> Version:
        file = tmp_path / "file"
        file.write_bytes(data)
        return library.put(PLACE, ENTRY, file, draft(data, **changes))

    return keep


@pytest.fixture
def behind_proxy(minio: Minio, bucket: str, proxy: FaultyProxy) -> MinioLibrary:
    """A library that reaches the server through the proxy; its bucket is ready."""
    made = library_of(minio, bucket=bucket, endpoint=proxy.endpoint, timeout_s=2)
    assert made.versions(PLACE, ENTRY) == []
    proxy.seen.clear()
    return made


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    """A client without any credentials."""
    with httpx2.Client(timeout=20) as opened:
        yield opened


def test_a_link_opens_its_version_with_ranges(
    library: MinioLibrary, put: Put, client: httpx2.Client
) -> None:
    first = put(library, content_type="video/mp4")
    put(library, b"a newer one", content_type="image/png")

    link = library.link(PLACE, ENTRY, first, look=LOOK)
    whole, part = client.get(link), client.get(link, headers={"Range": "bytes=10-19"})

    assert (whole.status_code, whole.content) == (200, DATA)
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.headers["cache-control"] == "private, no-store"
    assert whole.headers["content-disposition"].startswith('inline; filename="clip.mp4"')
    assert whole.headers["etag"] == first.etag
    assert (part.status_code, part.content) == (206, DATA[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(DATA)}"


def test_links_to_two_versions_open_both(
    library: MinioLibrary, put: Put, client: httpx2.Client
) -> None:
    versions = [put(library, data) for data in (b"first", b"second")]

    links = [library.link(PLACE, ENTRY, each, look=LOOK) for each in versions]

    assert [client.get(link).content for link in links] == [b"first", b"second"]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("昨日 \U0001f600.mp4", id="unicode"),
        pytest.param('a "quoted" \\ name.mp4', id="quotes"),
        pytest.param("50%25 & more=+#?.mp4", id="query-characters"),
        pytest.param("a\r\nX-Evil: 1.mp4", id="line-end"),
        pytest.param("汉" * 255, id="long"),
    ],
)
def test_the_name_arrives_as_it_is(
    library: MinioLibrary, put: Put, client: httpx2.Client, name: str
) -> None:
    look = LinkLook(expires_s=60, name=name, attachment=True)

    answer = client.get(library.link(PLACE, ENTRY, put(library), look=look))

    plain, _, exact = answer.headers["content-disposition"].partition("; filename*=UTF-8''")
    assert (answer.status_code, unquote(exact)) == (200, name)
    assert re.fullmatch(r'attachment; filename="[^"\\%]*"', plain)
    assert "x-evil" not in answer.headers


@pytest.mark.parametrize("content_type", ["text/html", "image/svg+xml", "text/xml; charset=utf-8"])
def test_what_a_browser_would_run_is_an_attachment(
    library: MinioLibrary, put: Put, client: httpx2.Client, content_type: str
) -> None:
    version = put(library, content_type=content_type)

    answer = client.get(library.link(PLACE, ENTRY, version, look=LOOK))

    assert answer.headers["content-type"] == content_type
    assert answer.headers["content-disposition"].startswith("attachment;")


def test_a_changed_or_expired_link_opens_nothing(
    library: MinioLibrary, put: Put, client: httpx2.Client
) -> None:
    first, second = put(library, b"first"), put(library, b"second")
    link = library.link(PLACE, ENTRY, first, look=LOOK)
    short = library.link(PLACE, ENTRY, first, look=LOOK._replace(expires_s=1))

    for changed in (
        link.replace(first.id, second.id),
        link.replace("inline", "attachment"),
        link.replace("X-Amz-Expires=60", "X-Amz-Expires=6000"),
        link.replace(ENTRY, ENTRY[:-1] + "X"),
        link.partition("?")[0],
        f"{link.partition('?')[0]}.json",
    ):
        assert changed != link
        assert client.get(changed).status_code == 403
    time.sleep(2.1)
    assert client.get(short).status_code == 403


@pytest.mark.parametrize(
    ("public_endpoint", "start"),
    [
        pytest.param(None, "http://127.0.0.1:9/", id="as-inside"),
        pytest.param("media.example:9000", "http://media.example:9000/", id="other-host"),
        pytest.param("https://media.example", "https://media.example/", id="other-scheme"),
    ],
)
def test_links_are_signed_for_the_host_that_clients_see_and_without_asking(
    minio: Minio, bucket: str, public_endpoint: str | None, start: str
) -> None:
    library = library_of(
        minio,
        bucket=bucket,
        endpoint="127.0.0.1:9",
        public_endpoint=public_endpoint,
        region="eu-central-1",
    )
    version = Version(**dict(draft()), id=secrets.token_hex(16), etag='"0"')

    link = urlsplit(library.link(PLACE, ENTRY, version, look=LOOK))

    assert link.geturl().startswith(f"{start}{bucket}/{KEY}?")
    query = parse_qs(link.query)
    assert query["versionId"] == [version.id]
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["60"]
    assert "/eu-central-1/s3/" in query["X-Amz-Credential"][0]


@pytest.mark.parametrize("before", ["no-bucket", "unversioned", SUSPENDED])
def test_the_bucket_keeps_versions_from_the_first_use_on(
    minio: Minio, bucket: str, library: MinioLibrary, put: Put, before: str
) -> None:
    operator = client_of(minio)
    if before != "no-bucket":
        operator.make_bucket(bucket_name=bucket)
    if before == SUSPENDED:
        operator.set_bucket_versioning(bucket_name=bucket, config=VersioningConfig(SUSPENDED))

    kept = [put(library, data) for data in (b"1", b"2")]

    assert operator.get_bucket_versioning(bucket_name=bucket).status == ENABLED
    assert library.versions(PLACE, ENTRY) == kept[::-1]


def test_a_bucket_that_stopped_keeping_versions_is_told(
    minio: Minio, bucket: str, library: MinioLibrary, put: Put
) -> None:
    first = put(library)
    client_of(minio).set_bucket_versioning(bucket_name=bucket, config=VersioningConfig(SUSPENDED))

    with pytest.raises(StorageError, match=r"storage\.misconfigured.*versions"):
        put(library)

    assert library.version(PLACE, ENTRY, first.id) == first


def test_versions_that_may_not_be_switched_on_are_told(minio: Minio, bucket: str, put: Put) -> None:
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
        put(library)


def test_a_put_whose_answer_was_lost_is_one_version(
    behind_proxy: MinioLibrary, proxy: FaultyProxy, put: Put
) -> None:
    lost: list[str] = []

    def lose_the_first(method: str, path: str, answer: Answer) -> Answer:
        if method == "PUT" and not lost:
            lost.append(path)
            raise ConnectionResetError
        return answer

    proxy.fault = lose_the_first

    kept = put(behind_proxy)

    assert len([each for each in proxy.seen if each.startswith("PUT")]) == 2
    assert behind_proxy.versions(PLACE, ENTRY) == [kept]


def test_bytes_that_changed_on_their_way_are_found_out_and_removed(
    behind_proxy: MinioLibrary, proxy: FaultyProxy, put: Put
) -> None:
    def another_tag(method: str, path: str, answer: Answer) -> Answer:
        headers = [(n, f'"{"0" * 32}"' if n.lower() == "etag" else v) for n, v in answer.headers]
        return answer._replace(headers=headers) if method == "HEAD" else answer

    proxy.fault = another_tag
    with pytest.raises(StorageError, match=r"storage\.integrity"):
        put(behind_proxy)

    proxy.fault = lambda _method, _path, answer: answer
    assert behind_proxy.versions(PLACE, ENTRY) == []


def test_a_server_that_lists_no_metadata_is_asked_for_each_version(
    behind_proxy: MinioLibrary, proxy: FaultyProxy, put: Put
) -> None:
    """As AWS does; MinIO's own extension is to list them."""

    def without(method: str, path: str, answer: Answer) -> Answer:
        body = re.sub(rb"<UserMetadata>.*?</UserMetadata>", b"", answer.body, flags=re.DOTALL)
        headers = [each for each in answer.headers if each[0].lower() != "content-length"]
        told = [*headers, ("Content-Length", str(len(body)))]
        return Answer(answer.status, told, body) if "versions=" in path else answer

    proxy.fault = without
    kept = [put(behind_proxy, data) for data in (b"1", b"2")]
    behind_proxy.note(entry())

    assert behind_proxy.versions(PLACE, ENTRY) == kept[::-1]
    assert [each.version for each in behind_proxy.entries(PLACE)] == [kept[1]]


def test_a_listing_asks_for_each_page_and_document_once(
    behind_proxy: MinioLibrary, proxy: FaultyProxy, put: Put
) -> None:
    for data in (b"1", b"2", b"3"):
        put(behind_proxy, data)
    behind_proxy.note(entry())
    proxy.seen.clear()

    assert len(list(behind_proxy.entries(PLACE))) == 1

    assert len(proxy.seen) == 2


def test_objects_that_are_not_ours_are_passed_over(
    minio: Minio, bucket: str, library: MinioLibrary, put: Put, tmp_path: Path
) -> None:
    kept = put(library)
    library.note(entry())
    strange = tmp_path / "strange"
    strange.write_bytes(b"?")
    for key in (
        KEY,
        f"{KEY}.json.bak",
        f"{KEY}x",
        "smh1albums/-/notes.txt",
        "smh1albums/-/a/b.json",
        f"smh1albums/-/{ENTRY[:-1]}X",
        f"smh1albums/-x/{ENTRY}.json",
    ):
        client_of(minio).fput_object(bucket_name=bucket, object_name=key, file_path=str(strange))

    assert library.versions(PLACE, ENTRY) == [kept]
    assert [(each.id, each.version) for each in library.entries(PLACE)] == [(ENTRY, kept)]


def test_a_damaged_document_is_told(
    minio: Minio, bucket: str, library: MinioLibrary, put: Put, tmp_path: Path
) -> None:
    put(library)
    damaged = tmp_path / "damaged"
    damaged.write_bytes(b'{"id": 1')
    client_of(minio).fput_object(
        bucket_name=bucket, object_name=f"{KEY}.json", file_path=str(damaged)
    )

    with pytest.raises(StorageError, match=rf"storage\.integrity.*{ENTRY}"):
        list(library.entries(PLACE))


def test_documents_do_not_pile_up(minio: Minio, bucket: str, library: MinioLibrary) -> None:
    for number in range(3):
        library.note(entry(name=f"{number}.mp4", kind="dir"))

    found = client_of(minio).list_objects(bucket_name=bucket, recursive=True, include_version=True)
    assert len(list(found)) == 1


def test_deleting_leaves_neither_versions_nor_marks(
    minio: Minio, bucket: str, library: MinioLibrary, put: Put
) -> None:
    operator = client_of(minio)
    put(library, b"1")
    operator.remove_object(bucket_name=bucket, object_name=KEY)
    put(library, b"2")
    library.note(entry())
    operator.remove_object(bucket_name=bucket, object_name=KEY)

    library.delete(PLACE, ENTRY)

    found = operator.list_objects(bucket_name=bucket, recursive=True, include_version=True)
    assert list(found) == []


def test_a_version_behind_a_mark_of_deletion_is_still_there(
    minio: Minio, bucket: str, library: MinioLibrary, put: Put
) -> None:
    kept = put(library)
    client_of(minio).remove_object(bucket_name=bucket, object_name=KEY)

    assert library.versions(PLACE, ENTRY) == [kept]
    assert library.read(PLACE, ENTRY, kept.id, offset=0, length=10**6) == DATA


def test_a_server_that_is_away_is_told(minio: Minio, bucket: str, put: Put) -> None:
    library = library_of(minio, bucket=bucket, endpoint="127.0.0.1:9", timeout_s=2)
    uses: list[Callable[[], object]] = [
        lambda: put(library),
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
