"""`POST /v1/uploads`: any bytes into the store, and nothing left behind."""

import hashlib
import re
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.api.conftest import MAX_UPLOAD_BYTES, Served
from worker import wiring
from worker.rules.keys import upload_key
from worker.settings import Settings

DATA = bytes(range(256)) * 9000


def _chunks(data: bytes) -> Iterator[bytes]:
    for at in range(0, len(data), 100_000):
        yield data[at : at + 100_000]


def _spooled(settings: Settings) -> list[Path]:
    folder = settings.api.spool_folder
    assert folder is not None
    return list(folder.iterdir()) if folder.exists() else []


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    "content_type", [None, "video/mp4", "application/x-www-form-urlencoded", "application/json"]
)
def test_the_bytes_are_kept_as_they_came(
    client: httpx2.Client, settings: Settings, chunked: bool, content_type: str | None
) -> None:
    answer = client.post(
        "/v1/uploads",
        content=_chunks(DATA) if chunked else DATA,
        headers={"Content-Type": content_type} if content_type else {},
    )

    told = answer.json()
    assert answer.status_code == 201
    assert re.fullmatch("upl_[0-9A-HJKMNP-TV-Z]{26}", told["upload"])
    assert told["bytes"] == len(DATA)
    assert told["sha256"] == hashlib.sha256(DATA).hexdigest()
    key = upload_key("default", told["upload"])
    assert wiring.store(settings).read(key, 0, len(DATA) + 1) == DATA
    assert _spooled(settings) == []


def test_an_upload_is_a_source(client: httpx2.Client) -> None:
    upload = client.post("/v1/uploads", content=b"bytes").json()["upload"]

    answer = client.post("/v1/covers", json={"source": {"upload": upload}})

    assert answer.status_code == 202
    assert answer.json()["request"]["source"] == {"upload": upload}


@pytest.mark.parametrize(
    ("content", "headers", "query", "status", "code"),
    [
        pytest.param(b"", {}, "", 422, "request.invalid", id="empty"),
        pytest.param(
            b"--x--",
            {"Content-Type": "multipart/form-data; boundary=x"},
            "",
            415,
            "request.content_type",
            id="a-form",
        ),
        pytest.param(
            b"x", {"Content-Encoding": "gzip"}, "", 415, "request.content_type", id="compressed"
        ),
        pytest.param(b"x", {}, "?name=clip.mp4", 422, "request.invalid", id="a-query"),
        pytest.param(b"x", {}, "?plan=true", 422, "request.invalid", id="plan-is-of-covers"),
        pytest.param(
            b"x", {"Idempotency-Key": "1"}, "", 422, "request.not_available", id="idempotency"
        ),
        pytest.param(bytes(MAX_UPLOAD_BYTES + 1), {}, "", 413, "request.too_large", id="too-large"),
    ],
)
def test_a_body_that_is_no_upload_is_refused(
    client: httpx2.Client,
    settings: Settings,
    *,
    content: bytes,
    headers: dict[str, str],
    query: str,
    status: int,
    code: str,
) -> None:
    answer = client.post(f"/v1/uploads{query}", content=content, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert list(wiring.store(settings).list("uploads/")) == []
    assert _spooled(settings) == []


def test_a_body_of_unknown_length_is_stopped_at_the_cap(
    client: httpx2.Client, settings: Settings
) -> None:
    answer = client.post("/v1/uploads", content=_chunks(bytes(3 * MAX_UPLOAD_BYTES)))

    assert (answer.status_code, answer.json()["code"]) == (413, "request.too_large")
    assert _spooled(settings) == []


def test_a_caller_that_goes_away_leaves_nothing(served: Served, settings: Settings) -> None:
    target = urlsplit(served.url)
    assert target.hostname
    assert target.port
    head = b"POST /v1/uploads HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\n\r\n"
    with socket.create_connection((target.hostname, target.port)) as connection:
        connection.sendall(head + bytes(1_500_000))
        _until(lambda: len(_spooled(settings)) == 1)

    _until(lambda: _spooled(settings) == [])
    assert list(wiring.store(settings).list("uploads/")) == []


def test_a_store_that_is_gone_is_told(client: httpx2.Client, settings: Settings) -> None:
    settings.store.folder.rename(settings.store.folder.with_name("elsewhere"))

    answer = client.post("/v1/uploads", content=b"bytes")

    assert (answer.status_code, answer.json()["code"]) == (500, "storage.misconfigured")
    assert str(settings.store.folder) not in answer.text
    assert _spooled(settings) == []


def _until(holds: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < ends_at
        time.sleep(0.02)
