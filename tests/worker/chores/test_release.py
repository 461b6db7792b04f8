"""What nobody released is released, in every lane."""

from tests.worker.state.parts import Parts, request
from worker.chores.release import release_due


def test_every_lane_is_released(redis_url: str) -> None:
    parts = Parts(redis_url)
    parts.jobs.create("ann", request())
    parts.jobs.create("ann", request("backfill"))

    assert release_due(parts.lanes) == 2
    assert sorted(lane for lane, _ in parts.queues.published) == ["backfill", "live"]
    parts.redis.close()
