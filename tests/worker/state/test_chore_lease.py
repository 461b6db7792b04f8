"""One process does the chores, and another when it is gone."""

from tests.worker.state.parts import Parts


def test_one_of_many_holds_the_lease_and_keeps_it(parts: Parts) -> None:
    first, second = parts.chore_lease(), parts.chore_lease()

    assert [first.hold(), second.hold(), first.hold()] == [True, False, True]


def test_the_next_one_has_it_at_once_when_its_holder_leaves(parts: Parts) -> None:
    first, second = parts.chore_lease(), parts.chore_lease()
    first.hold()
    second.leave()
    assert not second.hold()

    first.leave()

    assert second.hold()


def test_it_is_taken_over_when_its_holder_fell_silent(parts: Parts) -> None:
    first, second = parts.chore_lease(), parts.chore_lease()
    first.hold()
    assert 0 < parts.redis.pttl("ff:chores") <= 10_000
    parts.redis.delete("ff:chores")

    assert second.hold()
    assert not first.hold()
