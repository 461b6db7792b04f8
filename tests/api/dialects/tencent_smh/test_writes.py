"""Writing calls as the vendor's two clients put them on the wire, byte for byte.

Java: raw slashes, bare flags, chunked object bodies, no type without a body. JavaScript: `%2F`,
`flag=1`, empty bodies as a form. Neither survives an empty success where it reads JSON.
"""

import json
import socket
from typing import Any, NamedTuple

import pytest

from tests.api.conftest import Served
from tests.api.dialects.tencent_smh.clerk import Clerk
from tests.api.dialects.tencent_smh.shop import Shop
from tests.api.dialects.tencent_smh.uploader import crc64
from worker.contracts.libraries import Place

JAVA = {"x-smh-sdk-log-debug": "off", "User-Agent": "Apache-HttpClient/4.5.13 (Java/11)"}
JS = {"Client-Version": "smh-js-sdk/1.0.16", "Accept": "application/json, text/plain, */*"}
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": "0"}


class Told(NamedTuple):
    status: int
    head: str
    body: bytes

    def json(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.body)
        return told


class Wire:
    """Sends requests exactly as they are written."""

    def __init__(self, url: str) -> None:
        self._authority = url.partition("//")[2]

    def __call__(
        self, method: str, target: str, headers: dict[str, str], body: bytes = b""
    ) -> Told:
        host, _, port = self._authority.rpartition(":")
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self._authority}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        with socket.create_connection((host, int(port)), timeout=30) as wire:
            wire.sendall("\r\n".join([*lines, "", ""]).encode() + body)
            answer = b"".join(iter(lambda: wire.recv(65536), b""))
        head, _, content = answer.partition(b"\r\n\r\n")
        return Told(int(head.split()[1]), head.decode("latin-1"), content)


@pytest.fixture
def wire(served: Served) -> Wire:
    return Wire(served.url)


@pytest.fixture
def token(shop: Shop, clerk: Clerk) -> str:
    """An administrator's, of a file library with the directory `a b`."""
    shop.library(kind="file")
    shop.directory(Place("smh1", "-"), "a b")
    clerk.start()
    return shop.token("smh1", "admin")


def _json(body: object) -> tuple[dict[str, str], bytes]:
    data = json.dumps(body).encode()
    return {"Content-Type": "application/json", "Content-Length": str(len(data))}, data


def _chunked(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data)


def test_a_simple_upload_of_the_java_client(wire: Wire, token: str) -> None:
    data = b"bytes of unknown length" * 1000
    start = wire(
        "PUT",
        f"/api/v1/file/smh1/-/a%20b/c%2B1.txt?filesize={len(data)}&access_token={token}",
        {**JAVA, "Content-Length": "0"},
    )
    told = start.json()
    sent = wire(
        "PUT",
        told["path"],
        {**JAVA, **told["headers"], "Transfer-Encoding": "chunked"},
        _chunked(data),
    )
    headers, body = _json({"crc64": crc64(data)})
    confirm = f"/api/v1/file/smh1/-/{told['confirmKey']}?access_token={token}&confirm"
    done = wire("POST", confirm, {**JAVA, **headers}, body)
    deleted = wire("DELETE", f"/api/v1/file/smh1/-/a%20b/c%2B1.txt?access_token={token}", JAVA)

    assert (start.status, sent.status, done.status) == (201, 200, 200)
    assert "X-Request-Id: " in done.head
    assert done.json()["path"] == ["a b", "c+1.txt"]
    assert (deleted.status, deleted.json()) == (200, {"recycledItemId": 0})


def test_a_multipart_upload_of_the_javascript_client(wire: Wire, token: str) -> None:
    parts = [b"a" * 1_048_576, b"b" * 1_048_576, b"c" * 524_288]
    headers, body = _json({})
    start = wire(
        "POST",
        f"/api/v1/file/smh1/-/a%20b%2Fc.bin?multipart=1&access_token={token}"
        f"&filesize={sum(map(len, parts))}&conflict_resolution_strategy=overwrite&with_inode=0",
        {**JS, **headers},
        body,
    )
    told = start.json()
    key = f"/api/v1/file/smh1/-/{told['confirmKey']}"
    sent = [
        wire(
            "PUT",
            f"{told['path']}?uploadId={told['uploadId']}&partNumber={number}",
            {**told["headers"], **FORM, "Content-Length": str(len(part))},
            part,
        )
        for number, part in enumerate(parts, 1)
    ]
    renewed = wire("POST", f"{key}?renew=1&access_token={token}", {**JS, **FORM})
    status = wire("GET", f"{key}?upload=1&access_token={token}", JS)
    headers, body = _json({"crc64": crc64(b"".join(parts))})
    confirms = [
        wire("POST", f"{key}?confirm=1&access_token={token}", {**JS, **headers}, body)
        for _ in range(2)
    ]

    assert start.status == 201
    assert [each.status for each in sent] == [200] * 3
    assert (renewed.status, renewed.json()) == (200, told)
    assert [part["Size"] for part in status.json()["parts"]] == [len(part) for part in parts]
    assert [each.status for each in confirms] == [200, 200]
    assert confirms[0].body == confirms[1].body
    assert confirms[0].json()["path"] == ["a b", "c.bin"]


def test_an_upload_that_the_javascript_client_cancels(wire: Wire, token: str) -> None:
    start = wire(
        "POST", f"/api/v1/file/smh1/-/c.bin?multipart=1&access_token={token}", {**JS, **FORM}
    )
    told = start.json()
    target = f"{told['path']}?partNumber=1&uploadId={told['uploadId']}"
    sized = {**told["headers"], "Content-Length": "1"}

    first = wire("PUT", target, sized, b"x")
    aborted = wire(
        "DELETE", f"/api/v1/file/smh1/-/{told['confirmKey']}?upload=1&access_token={token}", JS
    )
    late = wire("PUT", target, sized, b"x")

    assert (first.status, aborted.status, aborted.json()) == (200, 200, {})
    assert (late.status, late.body.startswith(b"<?xml")) == (404, True)


@pytest.mark.parametrize(
    ("method", "target", "headers", "status"),
    [
        pytest.param("PUT", "directory/smh1/-/l1%2Fl2%2Fl3", {**JS, **FORM}, 201, id="mkdir-js"),
        pytest.param(
            "PUT", "directory/smh1/-/l1/l2", {**JAVA, "Content-Length": "0"}, 201, id="mkdir-java"
        ),
        pytest.param("DELETE", "directory/smh1/-/a%20b", JS, 200, id="rmdir"),
        pytest.param("POST", "file/smh1/-/form.txt", {**JS, **FORM}, 400, id="form-upload"),
        pytest.param("POST", "file/smh1/-/no?confirm", {**JAVA, **FORM}, 404, id="confirm"),
        pytest.param("DELETE", "file/smh1/-/no", JAVA, 404, id="no-file"),
        pytest.param("PATCH", "file/smh1/-/no", JAVA, 404, id="no-such-call"),
    ],
)
def test_every_answer_is_a_json_object(
    wire: Wire, token: str, method: str, target: str, headers: dict[str, str], status: int
) -> None:
    mark = "&" if "?" in target else "?"

    told = wire(method, f"/api/v1/{target}{mark}access_token={token}", headers)

    assert told.status == status
    assert isinstance(told.json(), dict)
    assert told.json()


def test_moves_of_both_clients(wire: Wire, token: str) -> None:
    headers, body = _json({"from": "a b"})
    moved = wire(
        "PUT",
        f"/api/v1/directory/smh1/-/deep%2Fer%2Fc?access_token={token}&move_authority=true",
        {**JS, **headers},
        body,
    )

    assert (moved.status, moved.json()) == (200, {"path": ["deep", "er", "c"]})
