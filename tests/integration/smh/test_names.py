"""Names and versions: each is kept as it was given, and none stands for another."""

from collections.abc import Callable
from pathlib import Path
from unicodedata import normalize
from urllib.parse import quote

import httpx2
import pytest

from tests.api.dialects.tencent_smh.answers import code_of
from tests.integration.smh.keepers import KEY, Keeper, Tree
from tests.integration.smh.wire import ask, request_of

Blob = Callable[[bytes], Path]

NAMES = [
    normalize("NFC", "é.txt"),
    normalize("NFD", "é.txt"),
    *(
        "a+b.txt",
        "a b.txt",
        "a%2Fb.txt",
        "%00.txt",
        "%25.txt",
        "100%.txt",
        "..%2f..",
        "...",
        "a..b",
    ),
    *(
        "\u202egpj.exe",
        "\u200b.txt",
        "🎉👩\u200d👩\u200d👧.txt",
        "日本.txt",
        " lead",
        "trail ",
        "dot.",
    ),
    *(
        "a\\b",
        "C:",
        "con",
        "~",
        "-rf",
        ".hidden",
        ".json",
        "entry.json",
        "'\"`$(id)",
        "#?&=;",
        "\ufeffbom",
    ),
    *("x" * 255, "é" * 127 + "x", "🎉" * 63 + "xyz"),
]


def test_every_name_is_kept_as_it_was_given_and_none_is_in_a_key(
    keeper: Keeper, tree: Tree
) -> None:
    before = keeper.keys()
    with keeper.uploading() as (api, uploader):
        for number, name in enumerate(NAMES):
            path = quote(name, safe="")
            told = uploader.put("many/mine", path, tree.token, f"{number}".encode())
            assert told["path"] == [name]
        for number, name in enumerate(NAMES):
            info = api.get(
                f"/file/many/mine/{quote(name, safe='')}",
                params={"info": "", "access_token": tree.token},
            ).json()
            assert info["size"] == str(len(str(number)))
            assert _content(keeper, info["cosUrl"]) == f"{number}".encode()

    assert {entry.name for entry in tree.listed(tree.mine)} == {"docs", *NAMES}
    assert all(map(KEY.fullmatch, keeper.keys() - before))


def _content(keeper: Keeper, link: str) -> bytes:
    if "/library-objects/" in link:
        return httpx2.get(f"{keeper.served.url}{httpx2.URL(link).raw_path.decode()}").content
    return httpx2.get(link).content


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        pytest.param("a%2Fb.txt", 404, "DirectoryNotFound", id="escaped-slash-is-a-slash"),
        pytest.param("a%00b.txt", 400, "ParamInvalid", id="nul"),
        pytest.param("a%0Ab.txt", 400, "ParamInvalid", id="newline"),
        pytest.param("a%0D%0ASet-Cookie:x", 400, "ParamInvalid", id="header"),
        pytest.param("a%C2%85b.txt", 400, "ParamInvalid", id="next-line"),
        pytest.param("%2e%2e", 400, "ParamInvalid", id="way-up"),
        pytest.param("x" * 256, 400, "FileNameLengthExceed", id="256-bytes"),
        pytest.param(quote("é" * 128), 400, "FileNameLengthExceed", id="256-bytes-of-utf-8"),
        pytest.param(quote("🎉" * 64), 400, "FileNameLengthExceed", id="256-bytes-of-emoji"),
        pytest.param(
            quote("é" * 128) + "/a.txt", 400, "DirectoryNameLengthExceed", id="directory-too-long"
        ),
        pytest.param("", 400, "EmptyFileName", id="no-name"),
        pytest.param("%ED%A0%80.txt", 400, "ParamInvalid", id="surrogate"),
    ],
)
def test_what_can_be_no_name_begins_no_upload(
    local: Keeper, blob: Blob, path: str, status: int, code: str
) -> None:
    served, tree = local.served, Tree(local, blob)
    target = f"/api/v1/file/many/mine/{path}?access_token={tree.token}".encode()

    answer = ask(served.url, request_of(target, b"Content-Length: 0", method=b"PUT"))

    assert (answer.status, answer.code()) == (status, code)


UNKNOWN_VERSIONS = [
    *("none", "null", "0", "-1", ".", "..", "../x", "a/../b", "/", "%00", "a b", "é", "\u0661"),
    *("00000000-0000000000000000", "00000000-0000-4000-8000-000000000000", "x" * 1024, "x" * 5000),
    *("a\nb", "latest", "*", "?versionId=null", "00000000-0000-4000-8000-000000000000&x=y"),
]


def test_a_version_that_is_not_the_files_is_not_found(keeper: Keeper, tree: Tree) -> None:
    version = tree.secret.version
    assert version is not None
    with httpx2.Client(base_url=f"{keeper.served.url}/api/v1", timeout=20) as api:
        for history_id in [*UNKNOWN_VERSIONS, version.id]:
            given = {"access_token": tree.token, "history_id": history_id}
            for flags in ({}, {"info": ""}, {"preview": "", "size": "9"}):
                answer = api.get("/file/many/mine/docs/own.txt", params={**given, **flags})
                assert code_of(answer) == (404, "FileNotFound"), (history_id, answer.text)
            head = api.head("/file/many/mine/docs/own.txt", params=given)
            assert (head.status_code, head.content) == (404, b"")
