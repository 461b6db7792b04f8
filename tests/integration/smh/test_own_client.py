"""Our own client of the vendor reads from our own server, and things change while it reads."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import httpcore2
import httpx2
import pytest

from tests.api.conftest import Served
from tests.api.dialects.tencent_smh.shop import SECRET, Shop
from tests.worker.sources.smh_reading import album, file, read_whole
from worker.contracts.libraries import Entry, Place
from worker.contracts.requests import AlbumReference, FileReference
from worker.contracts.tokens import VendorToken
from worker.errors import SourceError
from worker.net.guard import dial_address
from worker.ports import Reader, Tokens
from worker.rules.fingerprints import version_of
from worker.settings import Settings
from worker.sources.smh import SmhSource
from worker.state.connection import connect
from worker.state.tokens import VendorTokens

Blob = Callable[[bytes], Path]
OLD = Random(1).randbytes(900_011)
NEW = Random(2).randbytes(900_011)
LINK_LASTS_S = 1


class Interrupted:
    """Tokens of which each call needs one; before the call of that number something happens."""

    def __init__(self, tokens: VendorTokens, number: int, happens: Callable[[], object]) -> None:
        self._tokens, self._number, self._happens = tokens, number, happens
        self.calls = 0

    def get(
        self,
        scope: str,
        make: Callable[[str | None], VendorToken],
        *,
        refused: str | None,
        wait_s: float,
    ) -> str:
        """As `VendorTokens` does."""
        token = self._tokens.get(scope, make, refused=refused, wait_s=wait_s)
        if refused is None:
            self.calls += 1
            if self.calls == self._number:
                self._happens()
        return token


class Street:
    """A shop with an album that has one medium, its server, and clients that read there."""

    def __init__(self, shop: Shop, served: Served, blob: Blob, closing: ExitStack) -> None:
        self.shop, self.served, self.blob, self._closing = shop, served, blob, closing
        redis_url = shop.settings.redis.url.get_secret_value()
        opened = closing.enter_context(connect(redis_url, timeout_s=5, connect_timeout_s=5))
        self.tokens = VendorTokens(opened, "library-secret")
        self.place = shop.library(multi_album=True)
        self.album_id = shop.directory(self.place, "trip")
        self.first = shop.put(self.place, "a.jpg", blob(OLD), parent_id=self.album_id)
        self.admin = shop.token("smh1", "admin")

    def open(
        self,
        reference: AlbumReference | FileReference,
        *,
        at_call: int = 0,
        happens: Callable[[], object] = lambda: None,
    ) -> Reader:
        """A reader; before its client's call of that number (a list, an info, …) it `happens`."""
        reader = self.source(Interrupted(self.tokens, at_call, happens)).open(reference)
        self._closing.callback(reader.close)
        return reader

    def source(self, tokens: Tokens) -> SmhSource:
        """Where albums and files of the library are read."""
        port, base = urlsplit(self.served.url).port, self.shop.settings.libraries.public_base_url

        def dial(address: str, _: int, timeout_s: float) -> httpcore2.NetworkStream:
            assert port is not None
            return dial_address(address, port, timeout_s)

        limits: Any = dict.fromkeys(("connect_timeout_s", "stall_timeout_s"), 5.0)
        return SmhSource(
            base_url=self.served.url,
            library_id="smh1",
            library_secret=SECRET,
            public_read=False,
            link_hosts=[urlsplit(base).netloc],
            first="oldest",
            token_period_s=3600,
            tokens=tokens,
            total_timeout_s=20,
            max_bytes=8_000_000,
            max_redirects=3,
            allow_private_addresses=True,
            dial=dial,
            **limits,
        )

    def call(self, method: str, path: str, **body: str) -> None:
        """A change that somebody else makes."""
        answer = httpx2.request(
            method,
            f"{self.served.url}/api/v1{path}",
            params={"access_token": self.admin},
            json=body or None,
        )
        assert answer.is_success, answer.text

    def replace(self) -> Entry:
        return self.shop.replace(self.first, self.blob(NEW))

    def end_tokens(self) -> None:
        """Every token of the client is gone, the administrator's is not."""
        state = self.shop.state
        with connect(
            self.shop.settings.redis.url.get_secret_value(), timeout_s=5, connect_timeout_s=5
        ) as opened:
            for key in opened.scan_iter("ff:token:*"):
                state.access_tokens.delete("smh1", str(opened.get(key)))


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    with ExitStack() as closing:
        yield closing


@pytest.fixture
def street(shop: Shop, served: Served, blob: Blob, closing: ExitStack) -> Street:
    return Street(shop, served, blob, closing)


@pytest.fixture
def hasty(
    shop: Shop,
    settings: Settings,
    serve: Callable[[Settings], Served],
    blob: Blob,
    closing: ExitStack,
) -> Street:
    """A street whose links last a second; no operator may have that."""
    libraries = settings.libraries.model_copy(update={"link_s": LINK_LASTS_S})
    served = serve(settings.model_copy(update={"libraries": libraries}))
    return Street(shop, served, blob, closing)


BOTH = pytest.mark.parametrize("reference", [album(), file()], ids=["album", "file"])


@BOTH
def test_what_stands_still_is_read_whole(
    street: Street, reference: AlbumReference | FileReference
) -> None:
    reader = street.open(reference)

    assert read_whole(reader) == OLD
    assert reader.size_bytes == len(OLD)
    assert reader.label == "tencent_smh:smh1/-/trip/a.jpg"


def test_a_look_at_an_album_tells_what_a_reader_reads_whatever_becomes_of_it(
    street: Street,
) -> None:
    source = street.source(street.tokens)

    def seen() -> tuple[str, str | None]:
        sight, reader = source.look(album()), street.open(album())
        assert sight == (reader.label, version_of(reader.fingerprint))
        return sight

    first = seen()
    assert seen() == first
    street.replace()
    replaced = seen()
    street.shop.put(street.place, "b.jpg", street.blob(OLD), parent_id=street.album_id)
    assert seen() == replaced
    street.call("DELETE", "/file/smh1/-/trip/a.jpg")
    second = seen()

    assert (replaced[0], second[0]) == (first[0], "tencent_smh:smh1/-/trip/b.jpg")
    assert len({version for _, version in (first, replaced, second)}) == 3
    street.call("DELETE", "/file/smh1/-/trip/b.jpg")
    with pytest.raises(SourceError, match=r"source\.not_found"):
        source.look(album())


@pytest.mark.parametrize("at_call", [1, 2], ids=["before-the-list", "before-the-info"])
def test_a_token_that_ended_in_midway_is_replaced_once(street: Street, at_call: int) -> None:
    street.open(album()).close()

    reader = street.open(album(), at_call=at_call, happens=street.end_tokens)

    assert read_whole(reader) == OLD
    held = street.shop.state.access_tokens.list("smh1")
    assert sorted(grant.grants for grant, _ in held) == [(), ("admin",)]


def test_a_library_that_is_gone_from_the_tokens_is_told(street: Street, shop: Shop) -> None:
    with pytest.raises(SourceError) as caught:
        street.open(album(space_id="other"))

    assert caught.value.code == "source.not_found"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        pytest.param("DELETE", "/file/smh1/-/trip/a.jpg", {}, id="emptied"),
        pytest.param("DELETE", "/directory/smh1/-/trip", {}, id="album-deleted"),
        pytest.param("PUT", "/directory/smh1/-/other", {"from": "trip"}, id="album-renamed"),
        pytest.param("PUT", "/file/smh1/-/trip/b.jpg", {"from": "trip/a.jpg"}, id="renamed"),
    ],
)
def test_an_album_that_changes_between_its_list_and_the_info_is_told(
    street: Street, method: str, path: str, body: dict[str, str]
) -> None:
    with pytest.raises(SourceError) as caught:
        street.open(album(), at_call=2, happens=partial(street.call, method, path, **body))

    assert caught.value.code == "source.not_found"


def test_an_album_that_was_empty_all_the_time_is_told(street: Street) -> None:
    street.call("DELETE", "/file/smh1/-/trip/a.jpg")

    with pytest.raises(SourceError) as caught:
        street.open(album())

    assert (caught.value.code, "no image" in caught.value.message) == ("source.not_found", True)


def test_a_medium_replaced_between_list_and_info_is_the_new_one(street: Street) -> None:
    assert read_whole(street.open(album(), at_call=2, happens=street.replace)) == NEW


@BOTH
def test_a_medium_replaced_in_mid_read_stays_the_version_that_was_opened(
    street: Street, reference: AlbumReference | FileReference
) -> None:
    """Versions never change, so neither does what a link leads to."""
    reader = street.open(reference)
    beginning = reader.read(0, 1000)
    street.replace()

    assert beginning == OLD[:1000]
    assert read_whole(reader) == OLD
    assert read_whole(street.open(reference)) == NEW


def test_the_older_version_is_read_by_its_id(street: Street) -> None:
    older = street.first.version
    assert older is not None
    newer = street.replace().version
    assert newer is not None

    assert read_whole(street.open(file(history_id=older.id))) == OLD
    assert read_whole(street.open(file(history_id=newer.id))) == NEW
    with pytest.raises(SourceError) as caught:
        street.open(file(history_id="none"))
    assert caught.value.code == "source.not_found"


@pytest.mark.parametrize("tokens_end", [False, True], ids=["token-lives", "token-ended-too"])
def test_an_expired_link_is_replaced_in_mid_read(hasty: Street, tokens_end: bool) -> None:
    reader = hasty.open(album())
    assert reader.read(0, 1000) == OLD[:1000]
    if tokens_end:
        hasty.end_tokens()
    time.sleep(LINK_LASTS_S + 1.1)

    assert read_whole(reader) == OLD


def test_an_expired_link_to_a_medium_that_was_replaced_is_told(hasty: Street) -> None:
    reader = hasty.open(album())
    reader.read(0, 1000)
    hasty.replace()
    time.sleep(LINK_LASTS_S + 1.1)

    with pytest.raises(SourceError) as caught:
        read_whole(reader)

    assert caught.value.code == "source.changed"


def test_a_medium_deleted_in_mid_read_is_told(street: Street) -> None:
    reader = street.open(album())
    reader.read(0, 1000)
    street.call("DELETE", "/file/smh1/-/trip/a.jpg")

    with pytest.raises(SourceError) as caught:
        read_whole(reader)

    assert caught.value.code == "source.not_found"


@pytest.mark.parametrize(
    "name",
    ["a+b c.jpg", "100%.jpg", "%2e%2e.jpg", "日本 🎉.jpg", "é.jpg", "#?&=;.jpg", "\u202egpj.jpg"],
)
def test_every_name_finds_its_way_through_both(street: Street, blob: Blob, name: str) -> None:
    album_id = street.shop.directory(Place("smh1", "-"), f"album {name}")
    street.shop.put(street.place, name, blob(NEW), parent_id=album_id)

    reader = street.open(album(f"album {name}"))

    assert read_whole(reader) == NEW
    assert read_whole(street.open(file(f"album {name}/{name}"))) == NEW
