"""Directories made, entries moved and removed: what is seen afterwards, and every refusal."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.dialects.tencent_smh.removal import Remover
from tests.api.dialects.tencent_smh.answers import code_of
from tests.api.dialects.tencent_smh.shop import Shop
from worker.contracts.libraries import Place

HERE = Place("smh1", "-")
Blob = Callable[[bytes], Path]


class Calls:
    """Writing calls below `/file` and `/directory` of one space, by an administrator."""

    def __init__(self, api: httpx2.Client, shop: Shop) -> None:
        self._api, self._shop = api, shop

    def library(self, **facts: Any) -> None:
        self._shop.library(**{"kind": "file", **facts})
        self._token = self._shop.token("smh1", "admin")

    def __call__(
        self, method: str, what: str, body: dict[str, Any] | None = None, /, **queries: str
    ) -> httpx2.Response:
        kind, _, path = what.partition("/")
        told = {"access_token": self._token, **queries}
        return self._api.request(method, f"/{kind}/smh1/-/{path}", params=told, json=body)

    def move(self, what: str, source: object, **queries: str) -> httpx2.Response:
        return self("PUT", what, {"from": source}, **queries)


@pytest.fixture
def call(api: httpx2.Client, shop: Shop) -> Calls:
    return Calls(api, shop)


@pytest.fixture
def tree(call: Calls, shop: Shop, blob: Blob) -> dict[str, str]:
    """A file library: `d/e/x.txt`, `d/y.txt`, `z.txt`; the ids of its entries by name."""
    call.library()
    d = shop.directory(HERE, "d")
    e = shop.directory(HERE, "e", parent_id=d)
    files = {
        name: shop.put(HERE, name, blob(name.encode()), parent_id=parent).id
        for name, parent in (("x.txt", e), ("y.txt", d), ("z.txt", "root"))
    }
    return {"d": d, "e": e, **files}


def paths(shop: Shop) -> set[str]:
    """All there is by the index; the library's documents must tell the same."""

    def below(parent: str, above: str) -> set[str]:
        found = set()
        for child in shop.state.entries.children(HERE, parent, limit=100):
            path = f"{above}{child.name}"
            found |= {path} | (below(child.id, f"{path}/") if child.kind == "dir" else set())
        return found

    seen = below("root", "")
    kept = {entry.id: entry for entry in shop.bytes.entries(HERE)}
    for entry in kept.values():
        indexed = shop.state.entries.read(HERE, entry.id)
        assert indexed is not None, f"{entry.name} is in the library only"
        assert (indexed.parent_id, indexed.name) == (entry.parent_id, entry.name)
    return seen


def test_a_directory_is_made_with_those_above_it(call: Calls, shop: Shop) -> None:
    call.library()

    answer = call("PUT", "directory/a/b%2Fc d")
    again = call("PUT", "directory/a/b/c d")
    renamed = call("PUT", "directory/a/b/c d", conflict_resolution_strategy="rename")

    assert (answer.status_code, answer.json()) == (201, {"path": ["a", "b", "c d"]})
    assert code_of(again) == (409, "SameNameDirectoryOrFileExists")
    assert (renamed.status_code, renamed.json()) == (201, {"path": ["a", "b", "c d (1)"]})
    assert paths(shop) == {"a", "a/b", "a/b/c d", "a/b/c d (1)"}
    assert len(list(shop.bytes.entries(HERE))) == 4


@pytest.mark.parametrize(
    ("facts", "path", "queries", "code"),
    [
        pytest.param({}, "", {}, (400, "EmptyPath"), id="root"),
        pytest.param({}, "x" * 256, {}, (400, "DirectoryNameLengthExceed"), id="long"),
        pytest.param({}, "/".join("a" * 65), {}, (400, "ParamInvalid"), id="deep"),
        pytest.param({}, "a%2F..", {}, (400, "ParamInvalid"), id="dots"),
        pytest.param({"kind": "media"}, "a", {}, (400, "DirectoryNotAllowed"), id="no-albums"),
        pytest.param(
            {"kind": "media", "multi_album": True},
            "a/b",
            {},
            (400, "DirectoryLevelExceed"),
            id="below-an-album",
        ),
        pytest.param(
            {},
            "a",
            {"conflict_resolution_strategy": "overwrite"},
            (400, "InvalidConflictResolutionStrategy"),
            id="overwrite",
        ),
    ],
)
def test_where_no_directory_can_be(
    call: Calls,
    facts: dict[str, Any],
    path: str,
    queries: dict[str, str],
    code: tuple[int, str],
) -> None:
    call.library(**facts)

    assert code_of(call("PUT", f"directory/{path}", **queries)) == code


def test_a_file_in_the_way_is_told_even_if_renaming_is_allowed(
    call: Calls, tree: dict[str, str]
) -> None:
    answer = call("PUT", "directory/z.txt/a", conflict_resolution_strategy="rename")

    assert code_of(answer) == (409, "SameNameDirectoryOrFileExists")


def test_a_file_moves_and_keeps_its_versions(call: Calls, shop: Shop, tree: dict[str, str]) -> None:
    answer = call.move("file/d/e/new name.txt", "z.txt")

    assert (answer.status_code, answer.json()) == (200, {"path": ["d", "e", "new name.txt"]})
    assert paths(shop) == {"d", "d/e", "d/e/x.txt", "d/e/new name.txt", "d/y.txt"}
    assert len(shop.bytes.versions(HERE, tree["z.txt"])) == 1


@pytest.mark.parametrize(
    ("strategy", "path", "replaced"),
    [(None, "y (1).txt", False), ("rename", "y (1).txt", False), ("overwrite", "y.txt", True)],
)
def test_a_file_moves_to_a_taken_name_as_the_client_said(
    call: Calls,
    shop: Shop,
    tree: dict[str, str],
    strategy: str | None,
    path: str,
    *,
    replaced: bool,
) -> None:
    queries = {"conflict_resolution_strategy": strategy} if strategy else {}

    answer = call.move("file/d/y.txt", "z.txt", **queries)

    assert answer.json() == {"path": ["d", path]}
    assert (shop.bytes.versions(HERE, tree["y.txt"]) == []) is replaced
    assert "z.txt" not in paths(shop)


def test_moving_to_where_it_is_changes_nothing(
    call: Calls, shop: Shop, tree: dict[str, str]
) -> None:
    before = paths(shop)

    assert call.move("file/d/y.txt", "/d//y.txt").json() == {"path": ["d", "y.txt"]}
    assert call.move("directory/d/e", "d/e").json() == {"path": ["d", "e"]}
    assert paths(shop) == before


def test_a_directory_moves_with_what_is_in_it(
    call: Calls, shop: Shop, tree: dict[str, str]
) -> None:
    answer = call.move("directory/new/deep/d", "d")

    assert (answer.status_code, answer.json()) == (200, {"path": ["new", "deep", "d"]})
    below = {"new/deep/d", "new/deep/d/e", "new/deep/d/e/x.txt", "new/deep/d/y.txt"}
    assert paths(shop) == {"new", "new/deep", "z.txt", *below}


@pytest.mark.parametrize(
    ("what", "source", "queries", "code"),
    [
        ("file/a.txt", "no.txt", {}, (404, "SourceFileNotFound")),
        ("file/a.txt", "d", {}, (404, "SourceFileNotFound")),
        ("file/a.txt", "", {}, (400, "InvalidSourceFile")),
        ("file/a.txt", "a/../b", {}, (400, "InvalidSourceFile")),
        ("file/a.txt", None, {}, (400, "InvalidSourceFile")),
        ("file/a.txt", 7, {}, (400, "ParamInvalid")),
        ("file/no/a.txt", "z.txt", {}, (404, "DirectoryNotFound")),
        ("file/", "z.txt", {}, (400, "EmptyFileName")),
        (
            "file/d/y.txt",
            "z.txt",
            {"conflict_resolution_strategy": "ask"},
            (409, "SameNameDirectoryOrFileExists"),
        ),
        (
            "file/d",
            "z.txt",
            {"conflict_resolution_strategy": "overwrite"},
            (409, "SameNameDirectoryOrFileExists"),
        ),
        ("directory/a", "no", {}, (404, "SourceDirectoryNotFound")),
        ("directory/a", "z.txt", {}, (404, "SourceDirectoryNotFound")),
        ("directory/a", "", {}, (400, "InvalidSourceDirectory")),
        ("directory/", "d", {}, (400, "EmptyPath")),
        ("directory/d/e/f", "d", {}, (400, "SourceDirectoryIsParentOfDestination")),
        ("directory/d", "d/e", {}, (409, "SameNameDirectoryOrFileExists")),
        ("directory/z.txt/d", "d", {}, (409, "SameNameDirectoryOrFileExists")),
    ],
)
def test_what_cannot_move_is_told_and_stays(
    call: Calls,
    shop: Shop,
    tree: dict[str, str],
    *,
    what: str,
    source: object,
    queries: dict[str, str],
    code: tuple[int, str],
) -> None:
    before = paths(shop)

    assert code_of(call.move(what, source, **queries)) == code
    assert paths(shop) == before


def test_a_picture_stays_a_picture(call: Calls, shop: Shop, blob: Blob) -> None:
    call.library(kind="media")
    shop.put(HERE, "a.jpg", blob(b"picture"))

    assert code_of(call.move("file/a.mp4", "a.jpg")) == (400, "FileTypeNotMatched")
    assert code_of(call.move("file/a.txt", "a.jpg")) == (400, "ExtnameNotAllowed")
    assert call.move("file/a.png", "a.jpg").status_code == 200


@pytest.mark.parametrize("name", ["copyFrom", "linkTo", "convertFrom"])
@pytest.mark.parametrize("kind", ["file", "directory"])
def test_what_this_build_has_not_is_named(
    call: Calls, tree: dict[str, str], name: str, kind: str
) -> None:
    answer = call("PUT", f"{kind}/a", {name: "z.txt"})

    assert code_of(answer) == (400, "BadRequest")
    assert name in answer.json()["message"]


def test_a_deleted_file_is_gone_with_its_versions(
    call: Calls, shop: Shop, tree: dict[str, str]
) -> None:
    answer = call("DELETE", "file/d/y.txt", permanent="0")

    assert (answer.status_code, answer.json()) == (200, {"recycledItemId": 0})
    assert "d/y.txt" not in paths(shop)
    assert shop.bytes.versions(HERE, tree["y.txt"]) == []
    for path, code in (("d/y.txt", (404, "FileNotFound")), ("d", (404, "FileNotFound"))):
        assert code_of(call("DELETE", f"file/{path}")) == code
    assert code_of(call("DELETE", "file/")) == (400, "EmptyPath")


def test_a_deleted_directory_is_gone_with_all_below_it(
    call: Calls, shop: Shop, tree: dict[str, str], blob: Blob
) -> None:
    file = blob(b"one of many")
    for number in range(220):
        shop.put(HERE, f"{number}.txt", file, parent_id=tree["e"])

    answer = call("DELETE", "directory/d")

    assert answer.status_code == 200
    assert isinstance(answer.json()["recycledItemId"], int)
    assert paths(shop) == {"z.txt"}
    assert [entry.name for entry in shop.bytes.entries(HERE)] == ["z.txt"]
    assert code_of(call("DELETE", "directory/d")) == (404, "DirectoryNotFound")
    assert code_of(call("DELETE", "directory/z.txt")) == (404, "DirectoryNotFound")
    assert code_of(call("DELETE", "directory/")) == (400, "RootDirectoryNotAllowed")


def test_a_removal_that_runs_out_of_time_goes_on_when_it_is_repeated(
    shop: Shop, tree: dict[str, str]
) -> None:
    remover = Remover(shop.state.entries, shop.bytes)
    d = shop.state.entries.read(HERE, tree["d"])
    assert d is not None

    assert not remover.directory(d, ends_at_s=time.monotonic() - 1)
    assert "d/e/x.txt" in paths(shop)
    assert remover.directory(d, ends_at_s=time.monotonic() + 20)
    assert paths(shop) == {"z.txt"}


@pytest.mark.parametrize(
    ("method", "what", "body", "grant"),
    [
        ("DELETE", "file/z.txt", None, "delete_file"),
        ("DELETE", "directory/d", None, "delete_directory"),
        ("PUT", "directory/a", None, "create_directory"),
        ("PUT", "directory/a", {"from": "d"}, "move_directory"),
        ("PUT", "file/a", {"from": "z.txt"}, "move_file"),
    ],
)
def test_each_change_has_its_grant(
    api: httpx2.Client,
    shop: Shop,
    tree: dict[str, str],
    *,
    method: str,
    what: str,
    body: dict[str, str] | None,
    grant: str,
) -> None:
    kind, _, path = what.partition("/")

    def answer(*grants: str) -> httpx2.Response:
        queries = {"access_token": shop.token("smh1", *grants)}
        return api.request(method, f"/{kind}/smh1/-/{path}", params=queries, json=body)

    assert code_of(answer("upload_file")) == (403, "NoPermission")
    assert answer(grant).status_code in {200, 201}
