"""docs/redis.md lists every key there is, with its type."""

import re
from contextlib import suppress
from pathlib import Path

from pydantic import SecretStr

from tests.worker.state.parts import DONE, Parts, request
from tests.worker.state.pictures import Gallery, key_of
from tests.worker.state.shelves import PLACE, directory, library, picture, upload
from worker.broker import CeleryPublisher
from worker.contracts.jobs import Item
from worker.contracts.libraries import ROOT, Grant, Part
from worker.contracts.requests import Recipe
from worker.contracts.results import CoverResult
from worker.contracts.tokens import VendorToken
from worker.errors import SourceError, StorageError
from worker.rules.recipes import flight_of
from worker.settings import RedisSettings, WorkerSettings
from worker.state.access_tokens import AccessTokens
from worker.state.entries import EntryIndex
from worker.state.libraries import LibraryRecords
from worker.state.results import KeepRules, ResultRecords
from worker.state.tokens import VendorTokens
from worker.state.transfers import TransferRecords
from worker.state.uploads import UploadDigests

DOCUMENT = Path(__file__).parents[2] / "docs" / "redis.md"
UPLOAD = "upl_01H00000000000000000000000"


def documented() -> dict[str, str]:
    """Key patterns and the word their description begins with."""
    found = {}
    for line in DOCUMENT.read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 7 and cells[1].startswith("`"):
            for key in re.findall(r"`([^`]+)`", cells[1]):
                pattern = re.sub(r"\\\{[a-z]+\\\}", "[^ ]+", re.escape(key))
                found[pattern] = cells[2]
    return found


TYPES = {"zset": "sorted set"}


def fill_a_library(parts: Parts) -> None:
    """A library with a directory and a moved file, and an upload that has its name already."""
    LibraryRecords(parts.redis).create(library(), secret="s")
    AccessTokens(parts.redis).create(Grant(library_id="lib1", period_s=300))
    index = EntryIndex(parts.redis)
    index.load(PLACE, [directory("ent_1", "album"), picture("ent_2", "a.jpg")])
    index.claim(upload(3, "b.jpg"), entry_id="ent_3")
    index.move(PLACE, "ent_2", parent_id=ROOT, name="c.jpg")
    transfers = TransferRecords(parts.redis)
    transfers.create(upload(3, "b.jpg"))
    transfers.add_part("trn_3", 1, Part(upload=UPLOAD, size_bytes=1, etag=""), max_bytes=1)


def keep_what_is_found_again(parts: Parts) -> None:
    """A result, and the digest of an upload."""
    rules = KeepRules(keep_s=60, most=10)
    results: ResultRecords[Recipe, CoverResult] = ResultRecords(
        parts.redis, CoverResult, rules, making={}, is_stored=lambda _: True
    )
    results.keep("ann", "bytes", Recipe(sizes=[64]), "private", result=DONE)
    UploadDigests(parts.redis, keep_s=60).keep("ann", UPLOAD, "ab" * 32)


def fill_a_catalogue(parts: Parts, folder: Path) -> None:
    """A picture that is made, one that never came, one whose object is being deleted."""
    gallery = Gallery(parts, folder)
    gallery.made(key_of(1))
    parts.jobs.cancel("ann", gallery.take(64).id)
    _, image = gallery.made(key_of(2))
    gallery.images.remove("ann", image)

    def fail(key: str) -> None:
        raise StorageError("storage.unavailable")

    with suppress(StorageError):
        gallery.references.delete(key_of(2), fail, grace_s=0)


def keys_while_a_token_is_made(parts: Parts) -> dict[str, str]:
    """The type of every key, a vendor's token, a failure and the lock of the next among them."""
    keys: dict[str, str] = {}

    def make(_older: str | None) -> VendorToken:
        keys.update({str(key): str(parts.redis.type(str(key))) for key in parts.redis.scan_iter()})
        return VendorToken("acctk1", 3600)

    def fail(_older: str | None) -> VendorToken:
        raise SourceError("source.forbidden")

    with suppress(SourceError):
        VendorTokens(parts.redis, "secret").get("none", fail, refused=None, wait_s=1)
    for scope in ("first", "second"):
        VendorTokens(parts.redis, "secret").get(scope, make, refused=None, wait_s=1)
    return keys


def test_every_key_is_listed_with_its_type(redis_url: str, tmp_path: Path) -> None:
    parts = Parts(redis_url)
    parts.slots(1)
    fill_a_catalogue(parts, tmp_path)
    parts.chore_lease().hold()
    redis_settings = RedisSettings(url=SecretStr(redis_url))
    CeleryPublisher(
        redis_settings, WorkerSettings(), timeout_s=2, attempt_timeouts_s={"cover": 60}
    ).publish("live", Item("cover", "job_1"))
    _, lease = parts.claimed()
    lease.finish(DONE)
    _, lease = parts.claimed()
    lease.fail(SourceError("source.throttled", delay_s=60))
    parts.claimed()
    for _ in range(3):
        parts.jobs.create("ann", request(upload=UPLOAD))
    parts.jobs.create("ann", request(), flight=flight_of(request()))
    parts.lanes.release("live")
    fill_a_library(parts)
    keep_what_is_found_again(parts)
    keys = keys_while_a_token_is_made(parts)

    for key, kind in keys.items():
        described = [text for pattern, text in documented().items() if re.fullmatch(pattern, key)]
        assert described, f"{key} is not in docs/redis.md"
        assert TYPES.get(kind, kind) in described[0], key
    ours = {pattern for pattern in documented() if pattern.startswith("ff:")}
    assert {p for p in ours if not any(re.fullmatch(p, key) for key in keys)} == set()
    parts.redis.close()
