"""Lost attempts are run again, and messages that vanished are sent again."""

from tests.worker.state.parts import Parts, request
from worker.chores.lost import publish_unseen, take_back_lost
from worker.contracts.jobs import Item


def nothing(lane: str) -> set[Item]:
    return set()


def test_the_job_of_a_lost_attempt_is_published_again_at_once(redis_url: str) -> None:
    parts = Parts(redis_url)
    job, _ = parts.claimed()
    parts.expire_leases()

    assert take_back_lost(parts.leases, parts.lanes) == 1

    assert parts.queues.ids() == [job.id, job.id]
    assert parts.claim(job).job.attempt == 2
    parts.redis.close()


def test_an_item_that_no_queue_holds_is_published_again(redis_url: str) -> None:
    parts = Parts(redis_url)
    job = parts.jobs.create("ann", request())
    parts.lanes.release("live")
    assert publish_unseen(parts.lanes, nothing, patience_s=60) == 0

    assert publish_unseen(parts.lanes, nothing, patience_s=0) == 1

    assert parts.queues.ids() == [job.id, job.id]
    parts.redis.close()


def test_an_item_that_waits_in_its_queue_is_left_there(redis_url: str) -> None:
    parts = Parts(redis_url)
    job = parts.jobs.create("ann", request())
    parts.lanes.release("live")

    count = publish_unseen(parts.lanes, lambda _: {Item("cover", job.id)}, patience_s=0)

    assert count == 0
    parts.redis.close()


def test_an_item_that_is_being_run_is_left_alone(redis_url: str) -> None:
    parts = Parts(redis_url)
    parts.claimed()

    assert publish_unseen(parts.lanes, nothing, patience_s=0) == 0
    parts.redis.close()


def test_nothing_is_published_again_while_nobody_can_say_what_a_queue_holds(
    redis_url: str,
) -> None:
    parts = Parts(redis_url)
    parts.jobs.create("ann", request())
    parts.lanes.release("live")

    assert publish_unseen(parts.lanes, lambda _: None, patience_s=0) == 0
    parts.redis.close()
