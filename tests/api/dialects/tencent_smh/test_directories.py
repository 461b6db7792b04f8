"""`/directory/…`, read: listings in both modes, their orders, details, conditions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.api.dialects.tencent_smh.answers import code_of
from tests.api.dialects.tencent_smh.shop import STARTED_MS, Shop
from worker.contracts.libraries import Place

Blob = Callable[[bytes], Path]
BY_NAME = ["A", "z", "b.bin", "c.bin", "é.bin"]


@pytest.fixture
def drive(shop: Shop, blob: Blob) -> Place:
    """A file library: directories z and A, files by size, by time and by name in other orders."""
    place = shop.library(kind="file")
    shop.directory(place, "z")
    shop.directory(place, "A")
    shop.put(place, "c.bin", blob(b"xx"), at_ms=STARTED_MS + 30)
    shop.put(place, "é.bin", blob(b"x"), at_ms=STARTED_MS + 20)
    shop.put(place, "b.bin", blob(b"xxx"), at_ms=STARTED_MS + 10)
    return place


def _list(api: httpx2.Client, shop: Shop, path: str = "", **queries: Any) -> dict[str, Any]:
    given = {"access_token": shop.token(), **queries}
    answer = api.get(f"/directory/smh1/-{path}", params=given)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def _names(told: dict[str, Any]) -> list[str]:
    return [entry["name"] for entry in told["contents"]]


@pytest.mark.parametrize("path", ["", "/"])
def test_the_top_directory_has_an_empty_path(
    api: httpx2.Client, shop: Shop, drive: Place, path: str
) -> None:
    """One SDK ends its path with a slash, the other does not [K-js, K-java]."""
    told = _list(api, shop, path)

    assert (told["path"], told["fileCount"], told["subDirCount"], told["totalNum"]) == ([], 3, 2, 5)
    assert _names(told) == BY_NAME
    assert "nextMarker" not in told


def test_entries_are_told_with_the_types_that_clients_read(
    api: httpx2.Client, shop: Shop, blob: Blob
) -> None:
    """Sizes and checksums are texts, paths are arrays [K-java, K-js]."""
    place = shop.library(multi_album=True)
    album = shop.directory(place, "summer")
    entry = shop.put(place, "a.jpg", blob(b"x"), parent_id=album, at_ms=STARTED_MS, meta={"k": "v"})
    assert entry.version is not None

    (folder,) = _list(api, shop)["contents"]
    (medium,) = _list(api, shop, "/summer")["contents"]

    times = {"creationTime": folder["creationTime"], "modificationTime": folder["modificationTime"]}
    assert folder == {"name": "summer", "path": ["summer"], "type": "dir", **times}
    assert medium == {
        "name": "a.jpg",
        "path": ["summer", "a.jpg"],
        "type": "image",
        "creationTime": "2023-11-14T22:13:20.000Z",
        "modificationTime": "2023-11-14T22:13:20.000Z",
        "contentType": "image/jpeg",
        "size": "1",
        "eTag": entry.version.etag,
        "crc64": entry.version.crc64,
        "versionId": entry.version.id,
        "fileType": "image",
        "previewByDoc": False,
        "previewByCI": True,
        "previewAsIcon": True,
        "metaData": {"x-smh-meta-k": "v"},
    }
    assert _list(api, shop, "/summer/a.jpg", info="") == medium
    assert _list(api, shop, "/summer", info="1")["type"] == "dir"


def test_media_stand_by_upload_time_and_albums_by_name(
    api: httpx2.Client, shop: Shop, blob: Blob
) -> None:
    place = shop.library(multi_album=True)
    shop.directory(place, "z")
    album = shop.directory(place, "a")
    for name, at_ms in (("c.jpg", 1), ("a.jpg", 3), ("b.jpg", 2)):
        shop.put(place, name, blob(b"x"), parent_id=album, at_ms=STARTED_MS + at_ms)

    assert _names(_list(api, shop)) == ["a", "z"]
    assert _names(_list(api, shop, "/a")) == ["c.jpg", "b.jpg", "a.jpg"]
    assert _names(_list(api, shop, "/a", order_by="name")) == ["a.jpg", "b.jpg", "c.jpg"]


@pytest.mark.parametrize(
    ("queries", "names"),
    [
        ({"order_by": "name"}, BY_NAME),
        ({"order_by": "name", "order_by_type": "desc"}, ["z", "A", "é.bin", "c.bin", "b.bin"]),
        ({"order_by": "size", "filter": "onlyFile"}, ["é.bin", "c.bin", "b.bin"]),
        ({"orderBy": "size", "orderByType": "desc", "filter": "onlyFile"}, ["b.bin", "c.bin"]),
        ({"order_by": "creationTime", "filter": "onlyFile"}, ["b.bin", "é.bin", "c.bin"]),
        ({"order_by": "modificationTime", "filter": "onlyFile"}, ["b.bin", "é.bin", "c.bin"]),
        ({"order_by": "localCreationTime", "filter": "onlyFile"}, ["b.bin", "é.bin", "c.bin"]),
        ({"filter": "onlyDir"}, ["A", "z"]),
        ({"sort_type": "union"}, ["A", "b.bin", "c.bin", "z", "é.bin"]),
        ({"order_by": "", "filter": "", "sort_type": ""}, BY_NAME),
    ],
    ids=lambda told: "-".join(map(str, told.values())) if isinstance(told, dict) else "",
)
@pytest.mark.parametrize("mode", [{"by-marker": 1}, {"by-page": 1}], ids=["marker", "page"])
def test_listings_are_ordered_and_filtered(
    api: httpx2.Client,
    shop: Shop,
    drive: Place,
    mode: dict[str, Any],
    queries: dict[str, Any],
    names: list[str],
) -> None:
    assert _names(_list(api, shop, **mode, **queries))[: len(names)] == names


def test_markers_lead_through_a_listing_while_it_changes(
    api: httpx2.Client, shop: Shop, drive: Place, blob: Blob
) -> None:
    found: list[str] = []
    queries: dict[str, Any] = {"limit": 2, "by-marker": 1}
    for _ in range(10):
        told = _list(api, shop, **queries)
        assert len(told["contents"]) <= 2
        found += _names(told)
        if "nextMarker" not in told:
            break
        shop.put(drive, f"a{len(found)}.bin", blob(b"x"))
        queries["marker"] = told["nextMarker"]

    assert [name for name in found if name in BY_NAME] == BY_NAME
    assert len(found) == len(set(found))


def test_pages_have_numbers(api: httpx2.Client, shop: Shop, drive: Place) -> None:
    pages = [_names(_list(api, shop, page=page, page_size=2)) for page in (1, 2, 3, 4)]

    assert pages == [BY_NAME[:2], BY_NAME[2:4], BY_NAME[4:], []]
    assert "nextMarker" not in _list(api, shop, page=1, page_size=2)


def test_twenty_a_page_and_a_hundred_by_marker_unless_told(api: httpx2.Client, shop: Shop) -> None:
    place = shop.library(kind="file")
    for number in range(101):
        shop.directory(place, f"{number:03}")

    assert len(_list(api, shop, page=1)["contents"]) == 20
    assert len(_list(api, shop)["contents"]) == 100
    assert len(_list(api, shop, limit=1000)["contents"]) == 101


@pytest.mark.parametrize(
    ("query", "code"),
    [
        *((query, "ParamInvalid") for query in ("limit=0", "limit=1001", "limit=", "limit=1.5")),
        *((query, "ParamInvalid") for query in ("page=0", "page=-1", "page=x", "page_size=1001")),
        ("page=11&page_size=1000", "ParamInvalid"),
        ("page=1&limit=5", "ParamInvalid"),
        ("by-page=1&marker=x", "ParamInvalid"),
        ("by-page=1&by-marker=1", "ParamInvalid"),
        ("limit=1&limit=2", "ParamInvalid"),
        ("filter=onlyVideo", "ParamInvalid"),
        ("sort_type=both", "ParamInvalid"),
        ("order_by=colour", "OrderByNotAllowed"),
        ("order_by_type=up", "OrderByTypeNotAllowed"),
    ],
)
def test_wrong_parameters_are_refused(
    api: httpx2.Client, shop: Shop, drive: Place, query: str, code: str
) -> None:
    answer = api.get(f"/directory/smh1/-?access_token={shop.token()}&{query}")

    assert code_of(answer) == (400, code)


@pytest.mark.parametrize("marker", ["x", "1013", "é", "e30", "W10", "A" * 9000])
def test_a_marker_that_no_page_gave_is_not_found(
    api: httpx2.Client, shop: Shop, drive: Place, marker: str
) -> None:
    given = {"access_token": shop.token(), "marker": marker}

    assert code_of(api.get("/directory/smh1/-", params=given)) == (404, "MarkerNotFound")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/none", "DirectoryNotFound"),
        ("/b.bin", "DirectoryNotFound"),
        ("/A/none", "DirectoryNotFound"),
        ("/none?info", "PathNotFound"),
    ],
)
def test_what_is_not_there_is_not_found(
    api: httpx2.Client, shop: Shop, drive: Place, path: str, code: str
) -> None:
    bearer = {"Authorization": f"Bearer {shop.token()}"}

    assert code_of(api.get(f"/directory/smh1/-{path}", headers=bearer)) == (404, code)
    bodiless = api.head(f"/directory/smh1/-{path}", headers=bearer)
    assert (bodiless.status_code, bodiless.content) == (404, b"")
    assert api.head("/directory/smh1/-/A", headers=bearer).status_code == 200


def test_an_unchanged_directory_is_not_told_again(
    api: httpx2.Client, shop: Shop, drive: Place, blob: Blob
) -> None:
    bearer = {"Authorization": f"Bearer {shop.token()}"}
    first = api.get("/directory/smh1/-", headers=bearer)
    etag = first.headers["etag"]
    assert first.json()["eTag"] == etag

    for told in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = api.get("/directory/smh1/-", headers={**bearer, "If-None-Match": told})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    shop.put(drive, "new.bin", blob(b"x"))
    changed = api.get("/directory/smh1/-", headers={**bearer, "If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag
