"""Sentences of the vendor's pages on covers and downloads that the other tests leave open."""

from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from tests.api.dialects.tencent_smh.answers import code_of
from tests.api.dialects.tencent_smh.clerk import Clerk
from tests.api.dialects.tencent_smh.shop import Shop
from tests.api.dialects.tencent_smh.uploader import Uploader

Behind = Callable[[httpx2.Response], httpx2.Response]


@pytest.mark.parametrize("path", ["/album/smh1/-/cover", "/file/smh1/-/first.jpg"])
@pytest.mark.parametrize("body", [b"", b'{"size": 9}', b"\xff" * 100], ids=["none", "json", "any"])
def test_the_call_has_no_body_and_none_is_read(
    api: httpx2.Client, shop: Shop, photo: Path, behind: Behind, path: str, body: bytes
) -> None:
    shop.put(shop.library(), "first.jpg", photo)

    answer = api.request("GET", path, params={"access_token": shop.token()}, content=body)

    assert behind(answer).content == photo.read_bytes()


def test_a_file_is_named_by_its_whole_path(
    api: httpx2.Client, shop: Shop, blob: Callable[[bytes], Path], behind: Behind
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


@pytest.mark.parametrize(
    ("grant", "user_id", "acts_as"),
    [
        pytest.param("admin", None, "guest", id="admin-without-a-user"),
        pytest.param("admin", "ann", "ann", id="admin-with-a-user"),
        pytest.param("upload_file", None, "", id="no-admin"),
        pytest.param("upload_file", "ann", "ann", id="no-admin-with-a-user"),
    ],
)
def test_a_user_can_be_named_with_an_admins_token_that_has_none(
    shop: Shop, uploader: Uploader, clerk: Clerk, grant: str, user_id: str | None, acts_as: str
) -> None:
    place = shop.library(kind="file")
    token = shop.token("smh1", grant, user_id=user_id)
    clerk.start()

    uploader.put("smh1/-", "a.txt", token, b"text", user_id="guest")

    entry = shop.state.entries.resolve(place, ["a.txt"])
    assert entry is not None
    assert entry.version is not None
    assert (entry.version.created_by or "") == acts_as
