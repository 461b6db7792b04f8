"""`/directory-history/…`: the versions of a file, the newest first."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.api.dialects.tencent_smh.answers import code_of
from tests.api.dialects.tencent_smh.shop import STARTED_MS, Shop
from worker.contracts.libraries import Entry

Blob = Callable[[bytes], Path]
PATH = "/directory-history/smh1/-/history-list/"


@pytest.fixture
def file(shop: Shop, blob: Blob) -> Entry:
    """`a.txt` with three versions of 1, 2 and 3 bytes."""
    entry = shop.put(shop.library(kind="file"), "a.txt", blob(b"x"), at_ms=STARTED_MS)
    entry = shop.replace(entry, blob(b"xx"), at_ms=STARTED_MS + 1000)
    return shop.replace(entry, blob(b"xxx"), at_ms=STARTED_MS + 2000)


def _list(api: httpx2.Client, shop: Shop, **queries: str | int) -> dict[str, Any]:
    answer = api.get(f"{PATH}a.txt", params={"access_token": shop.token(), **queries})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_versions_are_told_newest_first(api: httpx2.Client, shop: Shop, file: Entry) -> None:
    told = _list(api, shop)

    newest, _, oldest = told["contents"]
    assert (told["path"], told["totalNum"], "nextMarker" in told) == (["a.txt"], 3, False)
    assert file.version is not None
    assert newest == {
        "id": file.version.id,
        "version": 3,
        "isLatestVersion": True,
        "creationWay": 1,
        "createdBy": "ann",
        "name": "a.txt",
        "size": "3",
        "crc64": file.version.crc64,
        "creationTime": "2023-11-14T22:13:22.000Z",
        "setLatestTime": "2023-11-14T22:13:22.000Z",
    }
    assert (oldest["version"], oldest["isLatestVersion"], oldest["creationWay"]) == (1, False, 0)


@pytest.mark.parametrize(
    ("queries", "sizes"),
    [
        ({"order_by": "creationTime", "order_by_type": "desc"}, ["3", "2", "1"]),
        ({"order_by": "id", "order_by_type": "asc"}, ["3", "1", "2"]),
        ({"page": 1, "page_size": 2}, ["3", "2"]),
        ({"page": 2, "page_size": 2}, ["1"]),
        ({"limit": 1, "page": 2, "page_size": 1}, ["2"]),
        ({"limit": 1}, ["3"]),
    ],
    ids=["desc", "asc-after-the-newest", "page", "last-page", "page-mode-wins", "limit"],
)
def test_versions_are_paged_and_ordered(
    api: httpx2.Client, shop: Shop, file: Entry, queries: dict[str, str | int], sizes: list[str]
) -> None:
    assert [each["size"] for each in _list(api, shop, **queries)["contents"]] == sizes


def test_markers_lead_through_all_versions(api: httpx2.Client, shop: Shop, file: Entry) -> None:
    sizes: list[str] = []
    queries: dict[str, str | int] = {"limit": 1}
    while True:
        told = _list(api, shop, **queries)
        sizes += [each["size"] for each in told["contents"]]
        if "nextMarker" not in told:
            break
        queries["marker"] = told["nextMarker"]

    assert sizes == ["3", "2", "1"]


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("a.txt", "marker=x", (404, "MarkerNotFound")),
        ("a.txt", "order_by=colour", (400, "OrderByNotAllowed")),
        ("a.txt", "order_by_type=up", (400, "OrderByTypeNotAllowed")),
        ("a.txt", "limit=0", (400, "ParamInvalid")),
        ("none.txt", "", (404, "FileNotFound")),
        ("", "", (400, "EmptyPath")),
    ],
)
def test_what_cannot_be_listed_is_refused(
    api: httpx2.Client, shop: Shop, file: Entry, path: str, query: str, expected: tuple[int, str]
) -> None:
    answer = api.get(f"{PATH}{path}?access_token={shop.token()}&{query}")

    assert code_of(answer) == expected
