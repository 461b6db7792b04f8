import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import httpx2
import pytest

from tests.library_facts import DATA, ENTRY, PLACE, draft, entry
from tests.minio_library import library_of
from tests.minio_server import Minio, client_of
from tests.worker.libraries.conftest import KEY, PutInto
from worker.contracts.libraries import Version
from worker.errors import StorageError
from worker.libraries.minio import MinioLibrary
from worker.ports import LinkLook

LOOK = LinkLook(expires_s=60, name="clip.mp4")


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    """A client without any credentials."""
    with httpx2.Client(timeout=20) as opened:
        yield opened


def test_a_link_opens_its_version_with_ranges(
    minio_library: MinioLibrary, put_into: PutInto, client: httpx2.Client
) -> None:
    first = put_into(minio_library, content_type="video/mp4")
    put_into(minio_library, b"a newer one", content_type="image/png")

    link = minio_library.link(PLACE, ENTRY, first, look=LOOK)
    whole, part = client.get(link), client.get(link, headers={"Range": "bytes=10-19"})

    assert (whole.status_code, whole.content) == (200, DATA)
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.headers["cache-control"] == "private, no-store"
    assert whole.headers["content-disposition"].startswith('inline; filename="clip.mp4"')
    assert whole.headers["etag"] == first.etag
    assert (part.status_code, part.content) == (206, DATA[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(DATA)}"


def test_links_to_two_versions_open_both(
    minio_library: MinioLibrary, put_into: PutInto, client: httpx2.Client
) -> None:
    versions = [put_into(minio_library, data) for data in (b"first", b"second")]

    links = [minio_library.link(PLACE, ENTRY, each, look=LOOK) for each in versions]

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
    minio_library: MinioLibrary, put_into: PutInto, client: httpx2.Client, name: str
) -> None:
    look = LinkLook(expires_s=60, name=name, attachment=True)

    answer = client.get(minio_library.link(PLACE, ENTRY, put_into(minio_library), look=look))

    plain, _, exact = answer.headers["content-disposition"].partition("; filename*=UTF-8''")
    assert (answer.status_code, unquote(exact)) == (200, name)
    assert re.fullmatch(r'attachment; filename="[^"\\%]*"', plain)
    assert "x-evil" not in answer.headers


@pytest.mark.parametrize("content_type", ["text/html", "image/svg+xml", "text/xml; charset=utf-8"])
def test_what_a_browser_would_run_is_an_attachment(
    minio_library: MinioLibrary, put_into: PutInto, client: httpx2.Client, content_type: str
) -> None:
    version = put_into(minio_library, content_type=content_type)

    answer = client.get(minio_library.link(PLACE, ENTRY, version, look=LOOK))

    assert answer.headers["content-type"] == content_type
    assert answer.headers["content-disposition"].startswith("attachment;")


def test_a_changed_or_expired_link_opens_nothing(
    minio_library: MinioLibrary, put_into: PutInto, client: httpx2.Client
) -> None:
    first, second = put_into(minio_library, b"first"), put_into(minio_library, b"second")
    link = minio_library.link(PLACE, ENTRY, first, look=LOOK)
    short = minio_library.link(PLACE, ENTRY, first, look=LOOK._replace(expires_s=1))

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


def test_objects_that_are_not_ours_are_passed_over(
    minio: Minio, bucket: str, minio_library: MinioLibrary, put_into: PutInto, tmp_path: Path
) -> None:
    kept = put_into(minio_library)
    minio_library.note(entry())
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

    assert minio_library.versions(PLACE, ENTRY) == [kept]
    assert [(each.id, each.version) for each in minio_library.entries(PLACE)] == [(ENTRY, kept)]


def test_a_damaged_document_is_told(
    minio: Minio, bucket: str, minio_library: MinioLibrary, put_into: PutInto, tmp_path: Path
) -> None:
    put_into(minio_library)
    damaged = tmp_path / "damaged"
    damaged.write_bytes(b'{"id": 1')
    client_of(minio).fput_object(
        bucket_name=bucket, object_name=f"{KEY}.json", file_path=str(damaged)
    )

    with pytest.raises(StorageError, match=rf"storage\.integrity.*{ENTRY}"):
        list(minio_library.entries(PLACE))


def test_a_version_behind_a_mark_of_deletion_is_still_there(
    minio: Minio, bucket: str, minio_library: MinioLibrary, put_into: PutInto
) -> None:
    kept = put_into(minio_library)
    client_of(minio).remove_object(bucket_name=bucket, object_name=KEY)

    assert minio_library.versions(PLACE, ENTRY) == [kept]
    assert minio_library.read(PLACE, ENTRY, kept.id, offset=0, length=10**6) == DATA
