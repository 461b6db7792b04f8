import hashlib
import json
import secrets
import time
import traceback
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import pytest
from minio import MinioAdmin
from minio.credentials.providers import StaticProvider

from tests.fakes.faulty_proxy import Answer, FaultyProxy
from tests.minio_server import Minio, client_of
from tests.minio_store import store_of
from worker.errors import RequestError, StorageError
from worker.rules.keys import CONTENT_TYPES, private_key, public_key, upload_key
from worker.stores.minio import MinioStore

JPEG = "image/jpeg"
BYTES = "application/octet-stream"
DATA = bytes(range(256)) * 80
DIGEST = hashlib.sha256(DATA).hexdigest()
COVER = public_key("covers", DIGEST, "jpg")
PRIVATE = private_key("acme", DIGEST, "jpg")
UPLOAD = upload_key("acme", "upl_01JC6Z5G0Q8V2N3M4P5R6S7T8W")
GONE = Answer(
    404,
    [("Content-Type", "application/xml"), ("Content-Length", "37")],
    b"<Error><Code>NoSuchKey</Code></Error>",
)
IMMUTABLE = "public, max-age=31536000, immutable"


@pytest.fixture
def store(minio: Minio, bucket: str) -> MinioStore:
    return store_of(minio, bucket=bucket)


class Opened:
    """What a client without any credentials gets at a URL."""

    def __init__(self, url: str, **headers: str) -> None:
        self.status, self.headers, self.body = _get(url, headers)


def _get(url: str, headers: dict[str, str]) -> tuple[int, Message, bytes]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.headers, refused.read()


def test_a_cover_opens_at_its_plain_url_and_may_be_kept_for_ever(store: MinioStore) -> None:
    store.put(COVER, DATA, content_type=JPEG)

    got = Opened(store.public_url(COVER))

    assert (got.status, got.body) == (200, DATA)
    assert got.headers["Content-Type"] == JPEG
    assert got.headers["Cache-Control"] == IMMUTABLE
    part = Opened(store.public_url(COVER), Range="bytes=10-19")
    assert (part.status, part.body) == (206, DATA[10:20])


@pytest.mark.parametrize("ending", ["vtt", "m3u8", "mpd", "gif", "mp4"])
def test_players_of_any_page_read_what_snapshots_make(store: MinioStore, ending: str) -> None:
    key, content_type = public_key("snapshots", DIGEST, ending), CONTENT_TYPES[ending]
    store.put(key, DATA, content_type=content_type)

    got = Opened(store.public_url(key), Range="bytes=10-19", Origin="https://page.example")

    assert (got.status, got.body) == (206, DATA[10:20])
    assert got.headers["Content-Type"] == content_type
    assert got.headers["Cache-Control"] == IMMUTABLE
    assert got.headers["Access-Control-Allow-Origin"] in {"*", "https://page.example"}


@pytest.mark.parametrize(
    ("key", "content_type"),
    [pytest.param(UPLOAD, BYTES, id="upload"), pytest.param(PRIVATE, JPEG, id="private-cover")],
)
def test_a_private_object_opens_by_its_link_only(
    store: MinioStore, key: str, content_type: str
) -> None:
    store.put(key, DATA, content_type=content_type)
    link = store.signed_url(key, expires_s=60)

    got = Opened(link)

    assert (got.status, got.body) == (200, DATA)
    assert got.headers["Content-Type"] == content_type
    assert got.headers["Cache-Control"] == "private, no-store"
    assert Opened(link.partition("?")[0]).status == 403


def test_a_changed_or_expired_link_opens_nothing(store: MinioStore) -> None:
    store.put(UPLOAD, DATA, content_type=BYTES)
    store.put(PRIVATE, DATA, content_type=JPEG)
    link = store.signed_url(UPLOAD, expires_s=60)
    short = store.signed_url(UPLOAD, expires_s=1)

    flipped = link[:-1] + ("0" if link[-1] != "0" else "1")
    assert Opened(flipped).status == 403
    assert Opened(link.replace(UPLOAD, PRIVATE)).status == 403
    assert Opened(link.replace("X-Amz-Expires=60", "X-Amz-Expires=600")).status == 403
    time.sleep(2.1)
    assert Opened(short).status == 403


def test_a_visitor_may_neither_list_nor_write(store: MinioStore) -> None:
    store.put(COVER, DATA, content_type=JPEG)
    url = store.public_url(COVER)
    write = urllib.request.Request(url, data=b"other", method="PUT")

    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(write)
    refused.value.close()

    assert refused.value.code == 403
    assert Opened(url.removesuffix(COVER)).status == 403
    assert store.read(COVER, 0, len(DATA)) == DATA


def test_links_are_signed_for_the_host_that_clients_see(minio: Minio, bucket: str) -> None:
    seen_as = f"localhost:{minio.endpoint.rpartition(':')[2]}"
    store = store_of(minio, bucket=bucket, public_endpoint=seen_as)
    store.put(UPLOAD, DATA, content_type=BYTES)

    link = store.signed_url(UPLOAD, expires_s=60)

    assert urlsplit(link).netloc == seen_as
    assert Opened(link).body == DATA
    assert Opened(link.replace(seen_as, minio.endpoint)).status == 403


@pytest.mark.parametrize(
    ("public_endpoint", "start"),
    [
        pytest.param(None, "http://127.0.0.1:9/", id="as-inside"),
        pytest.param("media.example:9000", "http://media.example:9000/", id="other-host"),
        pytest.param("https://media.example", "https://media.example/", id="other-scheme"),
    ],
)
def test_signing_asks_no_server(
    minio: Minio, bucket: str, public_endpoint: str | None, start: str
) -> None:
    store = store_of(minio, bucket=bucket, endpoint="127.0.0.1:9", public_endpoint=public_endpoint)

    assert store.signed_url(UPLOAD, expires_s=60).startswith(f"{start}{bucket}/{UPLOAD}?")


def test_an_operators_bucket_keeps_its_policy_and_its_objects(minio: Minio, bucket: str) -> None:
    client = client_of(minio)
    client.make_bucket(bucket_name=bucket)
    theirs = {
        "Sid": "Reports",
        "Effect": "Allow",
        "Principal": {"AWS": ["*"]},
        "Action": ["s3:GetObject"],
        "Resource": [f"arn:aws:s3:::{bucket}/reports/*"],
    }
    policy = {"Version": "2012-10-17", "Statement": [theirs]}
    client.set_bucket_policy(bucket_name=bucket, policy=json.dumps(policy))

    for _ in range(2):
        store_of(minio, bucket=bucket).put(COVER, DATA, content_type=JPEG)

    now = json.loads(client.get_bucket_policy(bucket_name=bucket))
    assert [statement.get("Sid") for statement in now["Statement"]] == [
        "Reports",
        "FirstframePublicCovers",
    ]
    assert Opened(f"http://{minio.endpoint}/{bucket}/{COVER}").status == 200


@pytest.fixture
def limited(minio: Minio, bucket: str) -> Iterator[Minio]:
    """Credentials that may list, read and write covers of the bucket, and nothing else."""
    admin = MinioAdmin(
        endpoint=minio.endpoint,
        credentials=StaticProvider(minio.access_key, minio.secret_key),
        secure=False,
    )
    user, secret = secrets.token_hex(8), secrets.token_hex(16)
    statements = [
        {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": [f"arn:aws:s3:::{bucket}"]},
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": [f"arn:aws:s3:::{bucket}/covers/*"],
        },
    ]
    policy = {"Version": "2012-10-17", "Statement": statements}
    admin.user_add(access_key=user, secret_key=secret)
    admin.policy_add(policy_name=user, policy=policy)
    admin.attach_policy(policies=[user], user=user)
    yield Minio(minio.endpoint, user, secret)
    admin.user_remove(access_key=user)
    admin.policy_remove(policy_name=user)


def test_a_bucket_whose_policy_is_not_ours_to_change_still_takes_covers(
    minio: Minio, limited: Minio, bucket: str
) -> None:
    client_of(minio).make_bucket(bucket_name=bucket)
    store = store_of(limited, bucket=bucket)

    store.put(COVER, DATA, content_type=JPEG)

    assert store.read(COVER, 0, len(DATA)) == DATA
    with pytest.raises(StorageError, match=r"storage\.misconfigured"):
        store.put(UPLOAD, DATA, content_type=BYTES)


def test_a_bucket_that_may_not_be_made_is_told(limited: Minio, bucket: str) -> None:
    with pytest.raises(StorageError, match=r"storage\.misconfigured"):
        store_of(limited, bucket=bucket).check()


def test_a_bucket_that_vanished_is_told(minio: Minio, store: MinioStore, bucket: str) -> None:
    store.check()
    client_of(minio).remove_bucket(bucket_name=bucket)

    for use in (store.check, lambda: store.put(COVER, DATA, content_type=JPEG)):
        with pytest.raises(StorageError, match=r"storage\.misconfigured"):
            use()


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"secret_key": "wr0ng-s3cret"}, id="wrong-secret"),
        pytest.param({"access_key": "nobody", "secret_key": "wr0ng-s3cret"}, id="unknown-key"),
        pytest.param({"access_key": "", "secret_key": ""}, id="no-credentials"),
        pytest.param({"endpoint": "not a host"}, id="no-endpoint"),
        pytest.param({"bucket": "192.168.0.1"}, id="bucket-like-an-address"),
    ],
)
def test_wrong_settings_are_told_without_a_secret(
    minio: Minio, bucket: str, changes: dict[str, Any]
) -> None:
    store = store_of(minio, **{"bucket": bucket, **changes})

    with pytest.raises(StorageError, match=r"storage\.misconfigured") as told:
        store.put(COVER, DATA, content_type=JPEG)

    whole = "".join(traceback.format_exception(told.value))
    assert "wr0ng-s3cret" not in whole
    assert minio.secret_key not in whole
    assert minio.endpoint not in told.value.message


def test_a_quota_that_is_reached_is_told_as_a_full_store(
    minio: Minio, store: MinioStore, bucket: str
) -> None:
    store.check()
    MinioAdmin(
        endpoint=minio.endpoint,
        credentials=StaticProvider(minio.access_key, minio.secret_key),
        secure=False,
    ).bucket_quota_set(bucket=bucket, size=len(DATA) // 2)

    with pytest.raises(StorageError, match=r"storage\.full"):
        store.put(COVER, DATA, content_type=JPEG)


@pytest.mark.parametrize(
    "content_type",
    [pytest.param("text/plain", id="other-type"), pytest.param(JPEG, id="no-cache-header")],
)
def test_an_object_with_wrong_headers_is_put_right(
    minio: Minio, store: MinioStore, bucket: str, content_type: str
) -> None:
    store.check()
    client_of(minio).put_object(
        bucket_name=bucket,
        object_name=COVER,
        data=BytesIO(DATA),
        length=len(DATA),
        content_type=content_type,
    )

    store.put(COVER, DATA, content_type=JPEG)

    got = Opened(store.public_url(COVER))
    assert (got.headers["Content-Type"], got.headers["Cache-Control"]) == (JPEG, IMMUTABLE)


def test_the_same_object_is_sent_once(proxied: MinioStore, proxy: FaultyProxy) -> None:
    for _ in range(3):
        proxied.put(COVER, DATA, content_type=JPEG)

    assert len([request for request in proxy.seen if request.startswith("PUT")]) == 1


def test_a_store_that_gives_back_other_bytes_is_found_out(
    proxied: MinioStore, proxy: FaultyProxy
) -> None:
    def flip(method: str, path: str, answer: Answer) -> Answer:
        if method == "GET" and answer.status == 200 and COVER in path:
            return answer._replace(body=b"\x01" + answer.body[1:])
        return answer

    proxy.fault = flip

    with pytest.raises(StorageError, match=r"storage\.integrity"):
        proxied.put(COVER, DATA, content_type=JPEG)


def test_a_store_that_loses_what_it_took_is_found_out(
    proxied: MinioStore, proxy: FaultyProxy
) -> None:
    def forget(method: str, path: str, answer: Answer) -> Answer:
        return GONE if method == "GET" and COVER in path else answer

    proxy.fault = forget

    with pytest.raises(StorageError, match=r"storage\.integrity"):
        proxied.put(COVER, DATA, content_type=JPEG)


def test_what_is_missing_is_no_fault_of_the_store(store: MinioStore) -> None:
    with pytest.raises(RequestError, match=r"request\.not_found"):
        store.read(COVER, 0, 1)
