"""No call that takes a path reaches anything outside its space, and names are kept as given."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from tests.api.dialects.tencent_smh.answers import code_of
from tests.integration.smh.keepers import KEY, SECRET, Keeper, Tree
from tests.integration.smh.wire import ask, request_of

Blob = Callable[[bytes], Path]
# The ways up, as they come on the wire; what they mean if somebody decodes too much or too often.
WAYS = [
    b"../other/secret.txt",
    b"%2e%2e/other/secret.txt",
    b"%2E%2e%2Fother%2Fsecret.txt",
    b"..%2f..%2fmany/other/secret.txt",
    b"docs/../../other/secret.txt",
    b"docs%2F..%2F..%2Fother%2Fsecret.txt",
    b"./../other/secret.txt",
    b"..%00/other/secret.txt",
    b"..\\other\\secret.txt",
    b"..%5Cother%5Csecret.txt",
    b"..;/other/secret.txt",
    b"%252e%252e%252fother%252fsecret.txt",
    b"%c0%ae%c0%ae/other/secret.txt",
    b"%ef%bc%8e%ef%bc%8e/other/secret.txt",
    b"%e2%80%ae../other/secret.txt",
    b"../../../../../../../../etc/passwd",
    b"/etc/passwd",
    b"file:///etc/passwd",
    b"many/other/secret.txt",
    b"..%0a/secret.txt",
    b"docs/%2e%2e",
]
# The same as a body tells them.
TEXTS = [
    "../other/secret.txt",
    "docs/../../other/secret.txt",
    "/../other/secret.txt",
    "..\\other\\secret.txt",
    "%2e%2e/other/secret.txt",
    "..\x00/other/secret.txt",
    "..\n/other/secret.txt",
    "\uff0e\uff0e/other/secret.txt",
    "\u202e../other/secret.txt",
    "\ud800",
    "/etc/passwd",
    "many/other/secret.txt",
    "https://example.test/secret.txt",
    "docs/",
    "",
    ".",
    "x" * 256,
]
CALLS = [
    (b"GET", b"/file/many/mine/%b"),
    (b"HEAD", b"/file/many/mine/%b"),
    (b"GET", b"/file/many/mine/%b?info"),
    (b"GET", b"/file/many/mine/%b?preview&size=9"),
    (b"GET", b"/file/many/mine/%b?upload"),
    (b"GET", b"/directory/many/mine/%b"),
    (b"HEAD", b"/directory/many/mine/%b"),
    (b"GET", b"/directory/many/mine/%b?info"),
    (b"GET", b"/directory-history/many/mine/history-list/%b"),
    (b"GET", b"/album/albums/-/cover/%b"),
    (b"POST", b"/file/many/mine/%b?confirm"),
    (b"POST", b"/file/many/mine/%b?renew"),
    (b"DELETE", b"/file/many/mine/%b"),
    (b"DELETE", b"/file/many/mine/%b?upload"),
    (b"DELETE", b"/directory/many/mine/%b"),
    (b"DELETE", b"/space/many/%b"),
    (b"POST", b"/space/many/%b/extension"),
]


def test_no_spelling_of_a_way_up_leads_out_of_a_space(keeper: Keeper, tree: Tree) -> None:
    before = keeper.keys()
    for method, call in CALLS:
        token = tree.albums_token if b"/albums/" in call else tree.token
        for way in WAYS:
            target = b"/api/v1" + call.replace(b"%b", way)
            target += (b"&" if b"?" in target else b"?") + b"access_token=" + token.encode()
            answer = ask(keeper.served.url, request_of(target, method=method))
            assert answer.status in {400, 403, 404}, (method, target, answer)
            assert SECRET not in answer.body
            if method != b"HEAD":
                assert answer.code() in {
                    *("ParamInvalid", "FileNotFound", "DirectoryNotFound", "PathNotFound"),
                    *("UploadNotFound", "ConfirmKeyNotFound", "SpaceNotFound", "RouteNotFound"),
                    *("AccessTokenNotMatchSpace", "RootDirectoryNotAllowed"),
                }, (method, target, answer)

    assert keeper.keys() == before
    assert tree.is_whole()


def test_what_is_made_under_such_names_stays_in_its_space(keeper: Keeper, tree: Tree) -> None:
    before = keeper.keys()
    for call in (
        b"/directory/many/mine/%b",
        b"/file/many/mine/%b",
        b"/file/many/mine/%b?multipart",
    ):
        method = b"POST" if b"?" in call else b"PUT"
        for way in WAYS:
            target = b"/api/v1" + call.replace(b"%b", way)
            target += (b"&" if b"?" in target else b"?") + b"access_token=" + tree.token.encode()
            answer = ask(keeper.served.url, request_of(target, b"Content-Length: 0", method=method))
            assert answer.status in {201, 400, 404, 409}, (target, answer)

    assert tree.is_whole()
    assert all(map(KEY.fullmatch, keeper.keys() - before))
    assert len(tree.listed(tree.mine)) > 1


@pytest.mark.parametrize("kind", ["file", "directory"])
@pytest.mark.parametrize("word", ["from", "copyFrom", "linkTo"])
def test_no_body_names_what_is_outside_of_its_space(
    keeper: Keeper, tree: Tree, kind: str, word: str
) -> None:
    before = keeper.keys()
    with httpx2.Client(base_url=f"{keeper.served.url}/api/v1") as api:
        for text in TEXTS:
            answer = api.put(
                f"/{kind}/many/mine/taken.txt",
                params={"access_token": tree.token},
                content=json.dumps({word: text}).encode(),
            )
            if (kind, word, text) == ("directory", "from", "docs/"):
                assert answer.json() == {"path": ["taken.txt"]}
            else:
                assert code_of(answer)[0] in {400, 404}, (text, answer.text)

    assert tree.is_whole()
    assert all(map(KEY.fullmatch, keeper.keys() - before))


def test_no_way_leads_to_the_storage_side_of_another_upload(keeper: Keeper, tree: Tree) -> None:
    for way in (*WAYS, b"", b"trn_" + b"0" * 26, b"trn_" + b"x" * 3000):
        target = b"/api/v1/storage/" + way
        answer = ask(
            keeper.served.url,
            request_of(
                target,
                b"Authorization: Firstframe x",
                b"Content-Length: 1",
                method=b"PUT",
                body=b"x",
            ),
        )
        assert answer.status in {400, 404}, (target, answer)

    assert tree.is_whole()


def test_no_link_is_good_for_another_file(local: Keeper, blob: Blob) -> None:
    """A link to the local library, with every part of its path turned to another file."""
    served, tree = local.served, Tree(local, blob)
    given = {"access_token": tree.token}
    answer = httpx2.get(f"{served.url}/api/v1/file/many/mine/docs/own.txt", params=given)
    link = httpx2.URL(answer.headers["location"])
    query = b"?" + link.query
    version = tree.secret.version
    assert version is not None
    secret = f"many/other/{tree.secret.id}/{version.id}".encode()
    own = link.path.removeprefix("/library-objects/").encode()
    ways = [
        secret,
        own + b"/../../../other/" + secret.split(b"/", 2)[2],
        b"many/mine/../other/" + secret.split(b"/", 2)[2],
        b"many/mine%2F..%2Fother/" + secret.split(b"/", 2)[2],
        own.replace(b"/", b"%2F") + b"%2F..%2F..%2F" + secret,
        own + b".json",
        own.rsplit(b"/", 1)[0] + b"/entry.json",
        own.rsplit(b"/", 1)[0] + b"/..%2f..%2f..%2f..%2fetc%2fpasswd",
        own + b"%00",
        b"..%2f..%2f..%2f..%2fetc/passwd/a/b",
        *WAYS,
    ]

    assert httpx2.get(f"{served.url}{link.raw_path.decode()}").content == b"mine"
    for way in ways:
        found = ask(served.url, request_of(b"/library-objects/" + way + query, host=b"127.0.0.1"))
        assert found.status in {400, 403, 404}, (way, found)
        assert SECRET not in found.body
        assert b"root:" not in found.body
