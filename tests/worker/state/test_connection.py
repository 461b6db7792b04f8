"""What callers see of a Redis that is away, silent or full, or whose answers are lost, how soon."""

import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis

from tests.fakes.lossy_redis import LossyRedis, lossy_redis
from tests.redis_server import RedisServer
from tests.worker.state.parts import Parts, request
from tests.worker.state.shelves import (
    CREATED_MS,
    PLACE,
    Shelf,
    again,
    directory,
    library,
    picture,
    space,
    upload,
)
from worker.contracts.libraries import ROOT, Grant, Part
from worker.errors import RequestError
from worker.state.connection import connect, redis_errors_as_ours
from worker.state.entries import Moved
from worker.state.jobs import JobRecords
from worker.state.scripts import Script

TIMEOUT_S = 0.5

FILE = picture("ent_1", "a.jpg")
OTHER = picture("ent_2", "b.jpg")
FOLDER = directory("ent_d", "d")
NEWER = again(FILE, at_ms=CREATED_MS + 99, upload="x")
PART = Part(upload="upl_1", size_bytes=1, etag='"e"')
GRANT = Grant(library_id="lib1", period_s=60)
MANY = library("many", multi_tenant=True)

# What is asked of a shelf with the two files in its top directory, and what it answers.
ASKED: dict[str, tuple[Callable[[Shelf], object], object]] = {
    "claim": (
        lambda it: it.index.claim(upload(1, "a.jpg", conflict="rename"), entry_id="ent_9").name,
        "a (1).jpg",
    ),
    "release": (lambda it: it.index.release(upload(1, "a.jpg")), None),
    "put": (lambda it: it.index.put(NEWER, instead_of=FILE), NEWER),
    "put a new one": (lambda it: it.add("ent_9", "z.jpg").name, "z.jpg"),
    "make a directory": (lambda it: it.index.make_directory(FOLDER), FOLDER),
    "make a renamed directory": (
        lambda it: it.index.make_directory(directory("ent_d", "a.jpg"), conflict="rename"),
        directory("ent_d", "a (1).jpg"),
    ),
    "move": (
        lambda it: it.index.move(PLACE, "ent_1", parent_id=ROOT, name="c.jpg"),
        Moved(FILE.model_copy(update={"name": "c.jpg"}), None),
    ),
    "move and rename": (
        lambda it: it.index.move(PLACE, "ent_1", parent_id=ROOT, name="b.jpg", conflict="rename"),
        Moved(FILE.model_copy(update={"name": "b (1).jpg"}), None),
    ),
    "move over a file": (
        lambda it: it.index.move(
            PLACE, "ent_1", parent_id=ROOT, name="b.jpg", conflict="overwrite"
        ),
        Moved(FILE.model_copy(update={"name": "b.jpg"}), OTHER),
    ),
    "load": (lambda it: it.index.load(PLACE, [NEWER], before={"ent_1": "ver_ent_1"}), 1),
    "clear": (lambda it: it.index.clear(PLACE), None),
    "create a library": (lambda it: it.libraries.create(library("lib2"), secret="s"), None),
    "create a space": (lambda it: it.libraries.create_space(space("a", "many")), None),
    "open a library": (lambda it: it.libraries.set_public_read("lib1", True), True),
    "create an upload": (lambda it: it.transfers.create(upload(1, "a.jpg")), True),
    "renew a token": (lambda it: it.tokens.renew("lib1", it.tokens.create(GRANT)), GRANT),
}


@pytest.fixture
def lossy(one_redis_url: str) -> Iterator[LossyRedis]:
    port = urlsplit(one_redis_url).port
    assert port is not None
    with lossy_redis(port) as proxy:
        yield proxy


@pytest.fixture
def behind(lossy: LossyRedis, one_redis_url: str) -> Iterator[Shelf]:
    """A shelf over a connection that may lose answers, with two files."""
    database = urlsplit(one_redis_url).path
    shelf = Shelf(f"redis://127.0.0.1:{lossy.port}{database}")
    shelf.libraries.create(MANY, secret="s")
    for entry in (FILE, OTHER):
        shelf.index.put(entry)
    yield shelf
    shelf.redis.close()


def records(server: RedisServer) -> JobRecords:
    return JobRecords(connect(server.url(), timeout_s=TIMEOUT_S, connect_timeout_s=5))


@pytest.mark.parametrize("outage", ["kill", "pause"])
def test_a_redis_that_is_away_or_silent_shows_within_the_timeout(
    own_redis: Callable[[], RedisServer], outage: str
) -> None:
    server = own_redis()
    jobs = records(server)
    job = jobs.create("ann", request())
    getattr(server, outage)()

    began_s = time.monotonic()
    with pytest.raises(RequestError, match=r"queue\.unavailable"):
        jobs.create("ann", request())
    assert time.monotonic() - began_s < 2 * TIMEOUT_S + 0.5

    server.stop()
    server.start()
    assert jobs.read("ann", job.id) == job


def test_a_connection_that_redis_closed_is_made_anew(
    own_redis: Callable[[], RedisServer],
) -> None:
    server = own_redis()
    jobs = records(server)
    job = jobs.create("ann", request())

    server.restart()

    assert jobs.read("ann", job.id) == job


def test_a_full_redis_takes_no_job_and_keeps_no_part_of_one(parts: Parts) -> None:
    parts.redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(RequestError, match=r"queue\.unavailable"):
            parts.jobs.create("ann", request())
    finally:
        parts.redis.config_set("maxmemory", 0)

    assert parts.redis.dbsize() == 0


def test_a_mistake_of_ours_is_not_taken_for_an_outage(parts: Parts) -> None:
    with pytest.raises(redis.ResponseError):
        Script(parts.redis, "return redis.call('INCRBY', 'x', 'y')")()
    with pytest.raises(redis.DataError), redis_errors_as_ours():
        parts.redis.set("x", object())  # type: ignore[arg-type]


@pytest.mark.parametrize(("ask", "told"), ASKED.values(), ids=ASKED)
def test_an_answer_that_was_lost_is_told_again(
    lossy: LossyRedis, behind: Shelf, ask: Callable[[Shelf], Any], told: object
) -> None:
    lossy.lose_next()

    assert ask(behind) == told

    assert lossy.lost == 1


def test_what_is_removed_is_gone_though_its_answer_was_lost(
    lossy: LossyRedis, behind: Shelf
) -> None:
    lossy.lose_next()

    # It says that there is nothing: whoever saw it a moment ago takes that for done.
    assert not behind.index.remove(PLACE, "ent_1")
    assert (lossy.lost, behind.listed()) == (1, ["b.jpg"])


def test_a_part_that_was_noted_is_noted_once(lossy: LossyRedis, behind: Shelf) -> None:
    behind.transfers.create(upload(1, "a.jpg"))
    lossy.lose_next()

    assert behind.transfers.add_part("trn_1", 1, PART, max_bytes=1) is None

    read = behind.transfers.read("trn_1")
    assert read is not None
    assert (lossy.lost, read.parts) == (1, {1: PART})


@pytest.mark.parametrize(
    "other",
    [library("lib2"), library("lib2", kind="file")],
    ids=["alike", "unlike"],
)
def test_a_library_of_another_secret_is_a_conflict_still(shelf: Shelf, other: Any) -> None:
    shelf.libraries.create(library("lib2"), secret="mine")

    for secret in ("mine", "theirs"):
        if (secret, other) == ("mine", library("lib2")):
            shelf.libraries.create(other, secret=secret)
        else:
            with pytest.raises(Exception, match=r"library\.conflict"):
                shelf.libraries.create(other, secret=secret)


def test_what_a_move_told_is_forgotten_after_a_minute(behind: Shelf) -> None:
    before = set(behind.redis.keys("ff:moved:*"))
    behind.index.move(PLACE, "ent_1", parent_id=ROOT, name="c.jpg")

    (kept,) = set(behind.redis.keys("ff:moved:*")) - before
    assert 0 < int(str(behind.redis.pttl(kept))) <= 60_000
