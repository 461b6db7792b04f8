"""Watches over one album for tests: looks, jobs and their ends, without an album."""

from collections.abc import Sequence
from typing import Any

from tests.worker.state.orders import ASSET
from tests.worker.state.parts import Parts
from worker.contracts.jobs import Item
from worker.contracts.requests import CoverRequest
from worker.contracts.results import CoverInfo, CoverResult
from worker.contracts.watches import Sight, Watch
from worker.errors import MediaError
from worker.state.looks import Look, LookRules, Looks
from worker.state.watches import WatchRecords

EVERY_S = 300.0
RULES = LookRules(every_s=EVERY_S, per_second=1000, hold_s=40)
A, B, C = (Sight(f"tencent_smh:smh1/-/trip/{name}.jpg", name * 32) for name in "abc")


def album(name: str = "trip", **changed: Any) -> CoverRequest:
    """A request for the cover of an album that is watched and recorded."""
    return CoverRequest.model_validate(
        {
            "source": {"album": {"provider": "tencent_smh", "library_id": "smh1", "album": name}},
            "target": ASSET.model_dump(exclude_none=True),
            "watch": True,
            **changed,
        }
    )


class Watching:
    """One tenant's watches over a real Redis."""

    def __init__(self, parts: Parts, *, most: int = 10, rules: LookRules = RULES) -> None:
        self.parts = parts
        self.records = WatchRecords(parts.redis, every_s=EVERY_S, max_per_tenant=most)
        self.looks = Looks(parts.redis, rules)

    def keep(self, request: CoverRequest | None = None, tenant: str = "ann") -> str:
        return self.records.keep(tenant, request or album())

    def all(self, tenant: str = "ann") -> Sequence[Watch]:
        return self.records.page(tenant, cursor=None, limit=50).watches

    def one(self) -> Watch:
        (watch,) = self.all()
        return watch

    def hurry(self) -> None:
        """Let every watch be due now."""
        for member in self.parts.redis.zrange("ff:watches_due", 0, -1):
            self.parts.redis.zadd("ff:watches_due", {str(member): 0})

    def look(self) -> Look | None:
        """The look that is due first, once every watch is."""
        self.hurry()
        self.parts.redis.delete("ff:looks")
        return self.looks.next().look

    def see(self, sight: Sight) -> str | None:
        """Look, with that for the first medium; the job that was made."""
        look = self.look()
        assert look is not None
        return self.looks.saw(look, sight)

    def cover(self, job: str, sight: Sight) -> None:
        """Let the job succeed, having read that medium."""
        self.parts.due("ann", Item("cover", job)).finish(_result(sight))

    def fail(self, job: str) -> None:
        """Let the job fail for good."""
        self.parts.due("ann", Item("cover", job)).fail(MediaError("media.corrupt"))


def _result(sight: Sight) -> CoverResult:
    cover = CoverInfo(
        size=None,
        ratio=None,
        crop_box=(0, 0, 10, 10),
        width=10,
        height=10,
        path=None,
        url="https://store.example/covers/a.jpg",
        key="covers/a.jpg",
        content_type="image/jpeg",
        bytes=10,
        sha256="0" * 64,
        upscaled=False,
    )
    return CoverResult(
        source=sight.source, source_version=sight.version, status="succeeded", covers=(cover,)
    )
