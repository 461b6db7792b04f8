"""Watched albums of a library at Tencent SMH, looked at over HTTP."""

import time
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest

from tests.fakes.smh_vendor import SmhVendor
from tests.worker.state.orders import ASSET
from worker import wiring
from worker.chores.watch import look_at_albums, sweep_watches
from worker.contracts.jobs import Item
from worker.contracts.requests import CoverRequest
from worker.contracts.results import CoverResult
from worker.contracts.watches import Watch
from worker.rules.fingerprints import version_of
from worker.settings import Settings
from worker.state.leases import new_token

DAYS = [f"2024-03-0{day}T10:00:00.000Z" for day in range(1, 6)]


def album(**changed: Any) -> CoverRequest:
    place = {"provider": "tencent_smh", "library_id": "smh1", "album": "trip", **changed}
    target = ASSET.model_dump(exclude_none=True)
    return CoverRequest.model_validate(
        {"source": {"album": place}, "target": target, "watch": True}
    )


class Watcher:
    """One process that does chores, and a worker that reads media but makes no covers."""

    def __init__(self, vendor: SmhVendor, redis_url: str, first: str, **watches: Any) -> None:
        profile = {
            "base_url": vendor.api_url,
            "library_id": vendor.library_id,
            "library_secret": vendor.secret,
            "link_hosts": [vendor.storage_host],
            "allow_private_addresses": True,
            "first": first,
        }
        settings = Settings.model_validate(
            {
                "redis": {"url": redis_url},
                "fetch": {"total_timeout_s": 2},
                "watches": watches,
                "providers": {"tencent_smh": {"main": profile}},
            }
        )
        self.state = wiring.state(settings, timeout_s=5)
        self.redis = wiring.redis_client(settings, timeout_s=5)
        self._open = wiring.source_opener(settings, self.state.uploads, self.state.images)
        self._look_at = wiring.album_looker(settings)
        self.made: list[str] = []

    def look(self) -> int:
        """Look at everything, due or not."""
        for member in self.redis.zrange("ff:watches_due", 0, -1):
            self.redis.zadd("ff:watches_due", {str(member): 0})
        return look_at_albums(self.state.looks, self._look_at, self._made)

    def work(self) -> str:
        """Run the job that was made last; which medium its cover is of."""
        job = self.state.jobs.read("default", self.watch().job)
        assert job is not None
        self.redis.hset("ff:out", f"cover:{job.id}", "default")
        lease = self.state.leases.claim(Item("cover", job.id), new_token("w1"))
        assert lease is not None
        assert isinstance(job.request, CoverRequest)
        reader = self._open("default", job.request.source)
        reader.close()
        version = version_of(reader.fingerprint)
        lease.finish(CoverResult(source=reader.label, source_version=version, status="succeeded"))
        return reader.label.rpartition("/")[2]

    def watch(self) -> Watch:
        (watch,) = self.state.watches.page("default", cursor=None, limit=5).watches
        return watch

    def news(self) -> list[str]:
        """The jobs that were made since this was asked last."""
        made, self.made = self.made, []
        return made

    def _made(self, tenant: str, job: str) -> None:
        assert tenant == "default"
        self.made.append(job)


Watched = Callable[..., Watcher]


@pytest.fixture
def watched(smh_vendor: SmhVendor, one_redis_url: str) -> Iterator[Watched]:
    """Makes a watch whose cover is of the first of three media."""
    opened = []

    def make(first: str = "oldest", **watches: Any) -> Watcher:
        for day, name in zip(DAYS[1:4], "bca", strict=True):
            smh_vendor.put(f"trip/{name}.jpg", name.encode(), created=day)
        watcher = Watcher(smh_vendor, one_redis_url, first, **watches)
        opened.append(watcher)
        watcher.state.watches.keep("default", album())
        watcher.work()
        return watcher

    yield make
    for each in opened:
        each.redis.close()


@pytest.mark.parametrize("first", ["oldest", "newest"])
def test_an_album_that_stays_as_it_is_has_no_other_job_and_none_of_its_bytes_are_read(
    watched: Watched, smh_vendor: SmhVendor, first: str
) -> None:
    watcher = watched(first)
    read = smh_vendor.stored_requests

    assert [watcher.look() for _ in range(3)] == [1] * 3

    assert watcher.news() == []
    assert smh_vendor.stored_requests == read


@pytest.mark.parametrize(
    ("first", "change", "expected"),
    [
        pytest.param("oldest", ("put", "b.jpg", DAYS[1]), "b.jpg", id="replaced-oldest"),
        pytest.param("newest", ("put", "a.jpg", DAYS[3]), "a.jpg", id="replaced-newest"),
        pytest.param("oldest", ("delete", "b.jpg", ""), "c.jpg", id="deleted-oldest"),
        pytest.param("newest", ("delete", "a.jpg", ""), "c.jpg", id="deleted-newest"),
        pytest.param("oldest", ("put", "z.jpg", DAYS[0]), "z.jpg", id="outranked-oldest"),
        pytest.param("newest", ("put", "z.jpg", DAYS[4]), "z.jpg", id="outranked-newest"),
        pytest.param("oldest", ("put", "z.jpg", DAYS[4]), None, id="behind-oldest"),
        pytest.param("newest", ("put", "z.jpg", DAYS[0]), None, id="behind-newest"),
        pytest.param("oldest", ("put", "c.jpg", DAYS[2]), None, id="another-replaced"),
        pytest.param("oldest", ("delete", "a.jpg", ""), None, id="another-deleted"),
    ],
)
def test_a_job_is_made_when_the_first_medium_is_another(
    watched: Watched,
    smh_vendor: SmhVendor,
    first: str,
    change: tuple[str, str, str],
    expected: str | None,
) -> None:
    watcher = watched(first)
    what, name, created = change
    if what == "put":
        smh_vendor.put(f"trip/{name}", b"other bytes", created=created)
    else:
        smh_vendor.directories["-", ("trip",)].remove(found(smh_vendor, name))

    watcher.look()

    jobs = watcher.news()
    assert len(jobs) == (expected is not None)
    if expected:
        assert watcher.watch().job == jobs[0]
        assert watcher.work() == expected
    watcher.look()
    assert watcher.news() == []


def found(vendor: SmhVendor, name: str) -> Any:
    file = vendor.find("-", ("trip", name))
    assert file is not None
    return file


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"no_link": True}, id="links-by-redirects"),
        pytest.param({"no_link": True, "gives_bytes": True}, id="bytes-by-itself"),
        pytest.param({"refuses_pages": True}, id="lists-by-marker"),
    ],
)
def test_whatever_way_a_server_has_a_look_sees_what_a_job_reads(
    watched: Watched, smh_vendor: SmhVendor, how: dict[str, bool]
) -> None:
    vars(smh_vendor.faults).update(how)
    watcher = watched()

    watcher.look()
    assert watcher.news() == []
    smh_vendor.put("trip/b.jpg", b"other bytes", created=DAYS[1])
    watcher.look()
    assert len(watcher.news()) == 1
    watcher.work()
    watcher.look()
    assert watcher.news() == []


@pytest.mark.parametrize(
    ("breaking", "code"),
    [
        pytest.param("empty", "source.not_found", id="empty"),
        pytest.param("gone", "source.not_found", id="gone"),
        pytest.param("refused", "source.forbidden", id="refused"),
    ],
)
def test_an_album_without_a_medium_keeps_its_cover_and_tells_why(
    watched: Watched, smh_vendor: SmhVendor, breaking: str, code: str
) -> None:
    watcher = watched()
    kept = smh_vendor.directories["-", ("trip",)]
    if breaking == "empty":
        smh_vendor.directories["-", ("trip",)] = []
    elif breaking == "gone":
        del smh_vendor.directories["-", ("trip",)]
    else:
        smh_vendor.fail("directory", 403, "NoPermission")

    watcher.look()

    watch = watcher.watch()
    assert watcher.news() == []
    assert watch.error is not None
    assert watch.medium is not None
    assert (watch.failures, watch.error.code) == (1, code)
    assert watch.medium.source.endswith("/b.jpg")
    smh_vendor.directories["-", ("trip",)] = kept
    watcher.look()
    assert (watcher.watch().failures, watcher.news()) == (0, [])


def test_a_profile_that_is_not_the_tenants_any_more_is_told_too(
    watched: Watched, smh_vendor: SmhVendor
) -> None:
    watcher = watched()
    stranger = "bob"
    watcher.state.watches.keep(stranger, album())
    (job,) = (each.job for each in watcher.state.watches.page(stranger, cursor=None, limit=1)[0])
    watcher.state.jobs.cancel(stranger, job)

    watcher.look()

    (watch,) = watcher.state.watches.page(stranger, cursor=None, limit=1).watches
    assert watch.error is not None
    assert watch.error.code == "source.not_allowed"


def test_an_album_that_does_not_answer_holds_up_no_other(
    watched: Watched, smh_vendor: SmhVendor
) -> None:
    watcher = watched()
    for name in ("trip", "other"):
        smh_vendor.put(f"{name}/z.jpg", created=DAYS[0])
    job = watcher.state.watches.keep("default", album(album="other"))
    watcher.state.jobs.cancel("default", job)
    held = smh_vendor.hold("directory")
    looking = Thread(target=watcher.look)
    looking.start()

    assert held.reached.wait(5)
    until_s = time.monotonic() + 5
    while not watcher.made and time.monotonic() < until_s:
        time.sleep(0.02)
    made_meanwhile = len(watcher.made)
    held.go.set()
    looking.join(10)

    assert (made_meanwhile, len(watcher.news())) == (1, 2)


def test_watches_that_were_stopped_long_ago_are_forgotten(watched: Watched) -> None:
    watcher = watched()
    watcher.state.watches.stop("default", watcher.watch().id)

    assert sweep_watches(watcher.state.watches, keep_s=60) == 0
    assert sweep_watches(watcher.state.watches, keep_s=0) == 1

    assert watcher.state.watches.page("default", cursor=None, limit=5).watches == []
