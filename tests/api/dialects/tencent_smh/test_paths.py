"""Names in paths: every spelling means one thing, and none leads out of its space."""

import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx2
import pytest

from tests.api.conftest import Served
from tests.api.dialects.tencent_smh.answers import code_of
from tests.api.dialects.tencent_smh.shop import Shop

Behind = Callable[[httpx2.Response], httpx2.Response]
Blob = Callable[[bytes], Path]
SECRET = b"of another space"
# As they come on the wire, below the space that the token is for.
ESCAPES = [
    "../other/secret.txt",
    "%2e%2e/other/secret.txt",
    "%2E%2E/other/secret.txt",
    ".%2e/other/secret.txt",
    "..%2fother%2fsecret.txt",
    "%2e%2e%2fother%2fsecret.txt",
    "docs/../../other/secret.txt",
    "docs%2F..%2F..%2Fother%2Fsecret.txt",
    "./../other/secret.txt",
    "//../other/secret.txt",
    "docs/..;/secret.txt",
    "%252e%252e/other/secret.txt",
    "%252e%252e%252fother%252fsecret.txt",
    "..\\other\\secret.txt",
    "..%5cother%5csecret.txt",
    "%c0%ae%c0%ae/other/secret.txt",
    "%e0%80%ae%e0%80%ae/other/secret.txt",
    "%uff0e%uff0e/other/secret.txt",
    "\uff0e\uff0e/other/secret.txt",
    "../../../../../../etc/passwd",
    "%00../other/secret.txt",
    "docs/%00",
    "docs/a%0d%0aX-Evil:1",
    "docs/%7f",
    "docs/%c2%85",
    "docs/%zz",
    "docs/%",
    "docs/%e9",
    "docs/" + "x" * 300,
    "/".join("d" * 1 for _ in range(65)),
]


def _ask(served: Served, method: str, target: str) -> tuple[int, bytes]:
    """One request with its target as it is: clients would tidy it up."""
    where = urlsplit(served.url)
    assert where.port is not None
    with socket.create_connection(("127.0.0.1", where.port)) as connection:
        head = f"{method} {target} HTTP/1.1\r\nHost: {where.netloc}\r\nConnection: close\r\n\r\n"
        connection.sendall(quote(head, safe="".join(map(chr, range(128)))).encode())
        told = b"".join(iter(lambda: connection.recv(65536), b""))
    return int(told.split(b" ", 2)[1]), told


@pytest.mark.parametrize("path", ESCAPES)
@pytest.mark.parametrize(
    "call",
    [
        "file/many/mine/{}",
        "directory/many/mine/{}",
        "file/many/mine/{}?info",
        "album/m2/-/cover/{}",
        "directory-history/many/mine/history-list/{}",
    ],
    ids=["file", "directory", "info", "cover", "history"],
)
def test_no_spelling_leads_out_of_a_space(
    served: Served, shop: Shop, blob: Blob, call: str, path: str
) -> None:
    shop.library("many", kind="file", multi_tenant=True)
    shop.library("m2", multi_album=True)
    mine, other = shop.space("mine", "many"), shop.space("other", "many")
    shop.directory(mine, "docs")
    shop.put(other, "secret.txt", blob(SECRET))
    library_id = "m2" if call.startswith("album") else "many"
    token = shop.token(library_id, space_ids=() if library_id == "m2" else ("mine",))
    mark = "&" if "?" in call else "?"

    status, told = _ask(served, "GET", f"/api/v1/{call.format(path)}{mark}access_token={token}")

    assert status in {400, 404}
    assert b"X-Evil:" not in told.partition(b"\r\n\r\n")[0]
    assert b'"code":"' in told
    assert any(code in told for code in (b"ParamInvalid", b"NotFound"))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("..", 400, id="raw"),
        pytest.param("%2e%2e", 400, id="escaped"),
        pytest.param("docs/..", 400, id="back-to-the-top"),
        pytest.param("docs%2F..", 400, id="escaped-slash"),
        pytest.param("docs/.", 400, id="dot"),
        pytest.param("%00", 400, id="nul"),
        pytest.param("%0a", 400, id="newline"),
        pytest.param("%e9", 400, id="latin-1"),
        pytest.param("%ff%fe", 400, id="utf-16"),
        pytest.param("%ed%a0%80", 400, id="surrogate"),
        pytest.param("%zz", 400, id="broken-escape"),
        pytest.param("%", 400, id="lone-percent"),
        pytest.param("x" * 256, 400, id="256-bytes"),
        pytest.param(quote("é" * 128), 400, id="256-bytes-of-utf-8"),
        pytest.param("x" * 255, 404, id="255-bytes"),
        pytest.param("/".join(["d"] * 65), 400, id="too-deep"),
        pytest.param("/".join(["d"] * 64), 404, id="just-deep-enough"),
        pytest.param("..%5cdocs", 404, id="backslash-is-a-character"),
        pytest.param("%252e%252e", 404, id="escaped-twice-is-a-name"),
        pytest.param("...", 404, id="three-dots-are-a-name"),
        pytest.param("docs", 200, id="itself"),
        pytest.param("//docs//", 200, id="slashes"),
        pytest.param("%64ocs", 200, id="needless-escape"),
    ],
)
def test_a_name_is_wrong_or_not_there(served: Served, shop: Shop, path: str, status: int) -> None:
    place = shop.library(kind="file")
    shop.directory(place, "docs")

    target = f"/api/v1/directory/smh1/-/{path}?access_token={shop.token()}"

    assert _ask(served, "GET", target)[0] == status
    assert _ask(served, "HEAD", target)[0] == status


@pytest.mark.parametrize(
    "name",
    [
        *("a+b c.txt", "100%.txt", "%2e%2e", "a\\b", "~'()*!.txt", "#?&=;:@.txt"),
        *("日本 🎉.txt", "\u00e9", "e\u0301", "\u202egpj.exe"),
    ],
)
def test_every_other_name_is_one(api: httpx2.Client, shop: Shop, blob: Blob, name: str) -> None:
    shop.put(shop.library(kind="file"), name, blob(b"x"))
    token = shop.token()

    (told,) = api.get("/directory/smh1/-", params={"access_token": token}).json()["contents"]
    assert told["name"] == name
    found = api.get(f"/file/smh1/-/{quote(name, safe='')}?access_token={token}")
    assert found.status_code == 302


def test_a_plus_is_a_plus_in_a_path_and_a_space_in_a_query(
    served: Served, shop: Shop, blob: Blob
) -> None:
    shop.put(shop.library(kind="file"), "a+b", blob(b"x"))
    token = shop.token()

    for spelling, status in (("a+b", 302), ("a%2Bb", 302), ("a%20b", 404)):
        target = f"/api/v1/file/smh1/-/{spelling}?access_token={token}"
        assert _ask(served, "GET", target)[0] == status


@pytest.mark.parametrize(
    "target", ["/api/v1", "/api/v1/", "/api/v1/../v1/jobs", "/api/v1/%2e%2e/healthz"]
)
def test_nothing_above_the_prefix_is_reached_through_it(served: Served, target: str) -> None:
    status, told = _ask(served, "GET", target)

    assert status == 404
    assert b"RouteNotFound" in told


def test_a_file_is_named_by_its_whole_path(
    api: httpx2.Client, shop: Shop, blob: Blob, behind: Behind
) -> None:
    place = shop.library(kind="file")
    foo = shop.directory(place, "foo")
    bar = shop.directory(place, "bar", parent_id=foo)
    shop.put(place, "file.docx", blob(b"in bar"), parent_id=bar)
    shop.put(place, "file.docx", blob(b"on top"))
    given = {"access_token": shop.token()}

    assert behind(api.get("/file/smh1/-/foo/bar/file.docx", params=given)).content == b"in bar"
    assert behind(api.get("/file/smh1/-/file.docx", params=given)).content == b"on top"
    for path in ("bar/file.docx", "foo/file.docx"):
        assert code_of(api.get(f"/file/smh1/-/{path}", params=given)) == (404, "FileNotFound")
