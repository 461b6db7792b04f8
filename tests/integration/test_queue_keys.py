"""docs/redis.md lists every key there is, with its type."""

import re
from contextlib import suppress
from pathlib import Path

from pydantic import SecretStr

from tests.worker.state.orders import CALLBACK, item, order
from tests.worker.state.parts import DONE, Parts, request
from tests.worker.state.pictures import Gallery, key_of
from tests.worker.state.shelves import PLACE, directory, library, picture, upload
from tests.worker.state.tellers import ACCESS_KEY, account, opened, sealed
from tests.worker.state.watching import A, Watching, album
from worker.broker import CeleryPublisher
from worker.contracts.jobs import Item
from worker.contracts.libraries import ROOT, Grant, Part
from worker.contracts.records import RecordResult
from worker.contracts.requests import Recipe
from worker.contracts.results import CoverResult
from worker.contracts.tokens import VendorToken
from worker.errors import SourceError, StorageError, WebhookError
from worker.rules.recipes import flight_of
from worker.settings import RedisSettings, WorkerSettings
from worker.state.access_tokens import AccessTokens
from worker.state.callers import Callers
from worker.state.entries import EntryIndex
from worker.state.libraries import LibraryRecords
from worker.state.reconciliations import Reconciliations
from worker.state.results import KeepRules, ResultRecords
from worker.state.seen import SeenMessages
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
                pattern = re.sub(r"\\\{[a-z_]+\\\}", "[^ ]+", re.escape(key))
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


def record_a_cover(parts: Parts) -> None:
    """A target that has its cover, and the end of a run that compared it."""
    (record,) = parts.records.create("ann", [order()])
    lease = parts.due("ann", item(record))
    ledger = parts.ledgers.of(lease)
    ledger.begin()
    ledger.writes()
    ledger.stands("reference", verified=True)
    lease.finish(RecordResult(state="recorded"))
    run = Reconciliations(parts.redis).begin(every_s=3600)
    assert run is not None
    run.end({"agrees": 1})
    pacer = parts.paces.of("huawei_vod:main", writes_per_minute=6000, reads_per_minute=6000)
    pacer.write()


def tell_an_endpoint_that_is_gone(parts: Parts) -> None:
    """A notice whose receiver answers that it wants none, and one that its receiver has seen."""
    job = parts.jobs.create("ann", request().model_copy(update={"callback_url": CALLBACK}))
    parts.jobs.cancel("ann", job.id)
    (notice,) = parts.notices.page("ann", "pending", cursor=None, limit=5).notices
    parts.due("ann", Item("notify", notice.id)).fail(WebhookError("webhook.disabled"))
    SeenMessages(parts.redis)(notice.id, 600)


def watch_albums(parts: Parts) -> None:
    """A watch that is stopped, and one whose album is looked at after its cover was made."""
    watching = Watching(parts)
    watching.keep(album("one"))
    parts.jobs.cancel("ann", watching.records.stop("ann", watching.one().id).job)
    watching.cover(watching.keep(album("two")), A)
    assert watching.look() is not None


def call_as_an_account(redis_url: str) -> None:
    """An account that has a token and is locked."""

    async def calls(callers: Callers) -> None:
        await callers.give_token(ACCESS_KEY, 1, life_s=60)
        await callers.admit(ACCESS_KEY, nonce="n")
        for _ in range(6):
            await callers.note_failure(ACCESS_KEY)
        await callers.note_failure("shop")

    with opened(redis_url) as teller:
        teller.records.create(account(), sealed=sealed())
        teller.ask(calls)


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
    record_a_cover(parts)
    tell_an_endpoint_that_is_gone(parts)
    watch_albums(parts)
    call_as_an_account(redis_url)
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
