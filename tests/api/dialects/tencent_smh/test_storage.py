"""The storage side: whole objects and parts, in every way clients send them, failures as XML."""

import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from xml.etree import ElementTree as Xml

import httpx2
import pytest

from tests.api.conftest import MAX_UPLOAD_BYTES, Served
from tests.api.dialects.tencent_smh.clerk import Clerk
from tests.api.dialects.tencent_smh.shop import Shop
from tests.api.dialects.tencent_smh.uploader import Uploader, crc64
from worker.settings import Settings
from worker.state.transfers import SENT_AGAIN_BYTES

PLACE = "smh1/-"


@pytest.fixture
def token(shop: Shop) -> str:
    """Opens a file library for all that is done inside a space."""
    shop.library(kind="file")
    return shop.token("smh1", "space_admin")


def xml_code_of(answer: httpx2.Response) -> tuple[int, str]:
    """Status and code of a failure in the storage's form."""
    assert answer.headers["content-type"] == "application/xml"
    told = {each.tag: each.text for each in Xml.fromstring(answer.content)}
    assert set(told) == {"Code", "Message", "RequestId"}
    assert told["RequestId"] == answer.headers["x-request-id"]
    return answer.status_code, str(told["Code"])


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="bare"),
        pytest.param({"content-type": "application/x-www-form-urlencoded"}, id="as-a-form"),
        pytest.param({"content-type": "video/mp4", "x-smh-sdk-log-debug": "off"}, id="as-a-video"),
    ],
)
@pytest.mark.parametrize("data", [b"some bytes", b""], ids=["bytes", "none"])
def test_an_object_is_taken_whatever_its_type_is_said_to_be(
    uploader: Uploader, token: str, clerk: Clerk, data: bytes, headers: dict[str, str]
) -> None:
    clerk.start()
    begun = uploader.begin(f"{PLACE}/a.mp4", token)

    sent = uploader.send(begun, data, headers=headers)

    assert (sent.status_code, sent.content) == (200, b"")
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    assert sent.headers["etag"] == f'"{md5}"'
    told = uploader.confirm(PLACE, begun, token, body={"crc64": crc64(data)}).json()
    assert (told["size"], told["contentType"]) == (str(len(data)), "video/mp4")


def test_chunked_bodies_parallel_parts_and_repeated_ones_make_the_file(
    uploader: Uploader, token: str, clerk: Clerk
) -> None:
    clerk.start()
    parts = {1: b"a" * 300_000, 2: b"b", 3: b"c" * 70_000}
    begun = uploader.begin(f"{PLACE}/a.bin", token, multipart="")

    def chunked(data: bytes) -> Iterator[bytes]:
        for at in range(0, len(data), 10_000):
            yield data[at : at + 10_000]

    assert uploader.send(begun, b"wrong", part=2).status_code == 200
    with ThreadPoolExecutor(3) as pool:
        sent = pool.map(lambda n: uploader.send(begun, chunked(parts[n]), part=n), (3, 2, 1))
        assert [each.status_code for each in sent] == [200] * 3
    whole = b"".join(parts.values())

    answer = uploader.confirm(PLACE, begun, token, body={"crc64": crc64(whole)})

    assert (answer.status_code, answer.json()["size"]) == (200, str(len(whole)))


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        pytest.param({"Authorization": ""}, (403, "AccessDenied"), id="none"),
        pytest.param({"Authorization": "Firstframe"}, (403, "AccessDenied"), id="empty"),
        pytest.param({"Authorization": "Firstframe x"}, (403, "AccessDenied"), id="wrong"),
        pytest.param({"Authorization": b"Firstframe \xff"}, (403, "AccessDenied"), id="bytes"),
        pytest.param({"Authorization": "Bearer x"}, (403, "AccessDenied"), id="scheme"),
    ],
)
def test_only_the_headers_that_were_given_open_it(
    uploader: Uploader, token: str, headers: dict[str, Any], code: tuple[int, str]
) -> None:
    begun = uploader.begin(f"{PLACE}/a", token)
    other = uploader.begin(f"{PLACE}/b", token)

    assert xml_code_of(uploader.send({**begun, "headers": headers}, b"x")) == code
    stolen = uploader.send({**begun, "headers": other["headers"]}, b"x")
    assert xml_code_of(stolen) == (403, "AccessDenied")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        pytest.param("", (404, "NoSuchUpload"), id="no-part"),
        pytest.param("?partNumber=1", (404, "NoSuchUpload"), id="no-upload"),
        pytest.param("?partNumber=1&uploadId=other", (404, "NoSuchUpload"), id="other-upload"),
        *(
            pytest.param(f"?partNumber={n}&uploadId=ID", (400, "InvalidArgument"), id=f"part-{n}")
            for n in ("0", "-1", "10001", "x", "", "01", "1.5", "1&partNumber=2")
        ),
    ],
)
def test_a_part_is_named_by_upload_and_number(
    uploader: Uploader, token: str, query: str, code: tuple[int, str]
) -> None:
    begun = uploader.begin(f"{PLACE}/a", token, multipart="1")
    path = begun["path"] + query.replace("ID", begun["uploadId"])

    assert xml_code_of(uploader.send({**begun, "path": path}, b"x")) == code


def test_what_is_not_there_and_what_is_no_part_is_told(uploader: Uploader, token: str) -> None:
    begun = uploader.begin(f"{PLACE}/a", token)
    nowhere = {**begun, "path": f"{begun['path']}0"}
    parted = {**begun, "path": f"{begun['path']}?partNumber=1&uploadId={begun['confirmKey']}"}

    assert xml_code_of(uploader.send(nowhere, b"x")) == (404, "NoSuchUpload")
    assert xml_code_of(uploader.send(parted, b"x")) == (400, "InvalidArgument")


def test_no_more_is_taken_than_a_file_may_have(uploader: Uploader, token: str) -> None:
    begun = uploader.begin(f"{PLACE}/a", token, multipart="1")
    most = b"x" * (MAX_UPLOAD_BYTES - 10)

    assert uploader.send(begun, most, part=1).status_code == 200
    assert xml_code_of(uploader.send(begun, b"x" * 11, part=2)) == (400, "EntityTooLarge")
    chunked = uploader.send(begun, iter([b"x" * 11]), part=2)
    assert xml_code_of(chunked) == (400, "EntityTooLarge")
    assert uploader.send(begun, most, part=1).status_code == 200
    assert uploader.send(begun, b"x" * 10, part=2).status_code == 200


def test_parts_that_come_together_are_no_more_than_a_file_may_have(
    uploader: Uploader, token: str, shop: Shop
) -> None:
    begun = uploader.begin(f"{PLACE}/a", token, multipart="1")
    half = b"x" * (MAX_UPLOAD_BYTES // 2)
    before, all_there = len(shop.pieces()), threading.Barrier(4)

    def slowly() -> Iterator[bytes]:
        yield half[:-1]
        all_there.wait(10)
        yield half[-1:]

    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(lambda n: uploader.send(begun, slowly(), part=n), range(1, 5)))

    refused = [each for each in sent if each.status_code != 200]
    assert [xml_code_of(each) for each in refused] == [(400, "EntityTooLarge")] * 2
    assert len(shop.pieces()) == before + 2


def test_bytes_that_are_replaced_are_removed_and_cannot_be_replaced_without_end(
    uploader: Uploader, token: str, shop: Shop
) -> None:
    begun = uploader.begin(f"{PLACE}/a", token)
    before, sizes = shop.pieces(), [MAX_UPLOAD_BYTES, MAX_UPLOAD_BYTES, SENT_AGAIN_BYTES]

    for size in sizes:
        assert uploader.send(begun, b"x" * size).status_code == 200

    assert [size for path, size in shop.pieces().items() if path not in before] == sizes[-1:]
    assert xml_code_of(uploader.send(begun, b"x")) == (400, "EntityTooLarge")


def test_a_body_that_is_shorter_than_announced_is_never_kept(
    served: Served, uploader: Uploader, token: str, shop: Shop
) -> None:
    begun = uploader.begin(f"{PLACE}/a", token)
    host, _, port = begun["domain"].rpartition(":")
    head = (
        f"PUT {begun['path']} HTTP/1.1\r\nHost: {begun['domain']}\r\n"
        f"Authorization: {begun['headers']['Authorization']}\r\nContent-Length: 100\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=5) as wire:
        wire.sendall(head.encode() + b"half")

    transfer = shop.state.transfers.read(begun["confirmKey"])
    assert transfer is not None
    assert transfer.parts == {}


def test_a_body_that_stops_coming_is_ended(
    serve: Callable[[Settings], Served], settings: Settings, shop: Shop, token: str
) -> None:
    api = settings.api.model_copy(update={"stall_timeout_s": 0.3})
    served = serve(settings.model_copy(update={"api": api}))
    with httpx2.Client(base_url=f"{served.url}/api/v1", timeout=5) as client:
        begun = Uploader(client, served.url).begin(f"{PLACE}/a", token)
    host, _, port = begun["domain"].rpartition(":")
    head = (
        f"PUT {begun['path']} HTTP/1.1\r\nHost: {begun['domain']}\r\n"
        f"Authorization: {begun['headers']['Authorization']}\r\nContent-Length: 100\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=5) as wire:
        wire.sendall(head.encode() + b"half")
        told = b"".join(iter(lambda: wire.recv(65536), b""))

    assert told.startswith(b"HTTP/1.1 400 ")
    assert b"<Code>RequestTimeout</Code>" in told


def test_browsers_may_send_the_headers_that_were_given(
    uploader: Uploader, token: str, served: Served
) -> None:
    begun = uploader.begin(f"{PLACE}/a", token)
    asked = {
        "Origin": "https://page.test",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization,client-version,content-type",
    }

    allowed = httpx2.options(f"{served.url}{begun['path']}", headers=asked).headers
    page = {"Origin": "https://page.test", "Sec-Fetch-Site": "cross-site"}
    sent = uploader.send(begun, b"x", headers=page)

    assert "PUT" in allowed["access-control-allow-methods"]
    assert "authorization" in allowed["access-control-allow-headers"]
    assert sent.status_code == 200
    assert sent.headers["access-control-allow-origin"] == "*"
    assert "ETag" in sent.headers["access-control-expose-headers"]
