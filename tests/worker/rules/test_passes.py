import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.contracts.passes import Wanted
from worker.rules.passes import Key, KeyTable, forecast, is_worth_a_seek, spans, stretches

GROUP_MS, GROUP_BYTES, GROUP_FRAMES, KEY_BYTES = 2000, 1_000_000, 50, 100_000
READ_ON_BYTES = 200_000


def table(groups: int, *, hidden: tuple[int, ...] = (), sized: bool = True) -> KeyTable:
    keys = tuple(
        Key(
            at_ms=GROUP_MS * i,
            stamp=i,
            ticks=i,
            offset=500 + GROUP_BYTES * i,
            size=KEY_BYTES if sized else 0,
            number=GROUP_FRAMES * i if sized else None,
            shown=i not in hidden,
        )
        for i in range(groups)
    )
    end = Key(GROUP_MS * groups, 0, 0, 500 + GROUP_BYTES * groups, number=GROUP_FRAMES * groups)
    return KeyTable(keys, end)


OFFSETS = st.lists(st.integers(0, 60_000), min_size=1, max_size=30).map(sorted)
PICKS = st.sampled_from(["exact", "nearest_key"])


@given(st.integers(1, 20), st.integers(0, 60_000))
def test_a_frame_is_decoded_from_the_last_key_frame_before_it(groups: int, at_ms: int) -> None:
    keys = table(groups)

    number = keys.before(at_ms)

    assert keys.keys[number].at_ms <= at_ms
    assert number == groups - 1 or keys.keys[number + 1].at_ms > at_ms


@given(st.integers(1, 20), st.integers(0, 60_000))
def test_no_key_frame_is_nearer_than_the_nearest(groups: int, at_ms: int) -> None:
    keys = table(groups)

    nearest = keys.keys[keys.nearest(at_ms)]

    assert abs(nearest.at_ms - at_ms) == min(abs(key.at_ms - at_ms) for key in keys.keys)


def test_a_hidden_key_frame_is_not_the_nearest_but_is_decoded_from() -> None:
    keys = table(4, hidden=(1,))

    assert (keys.nearest(2100), keys.nearest(1900), keys.before(2100)) == (2, 0, 1)


@given(st.integers(1, 20), OFFSETS, st.lists(PICKS, min_size=30, max_size=30))
def test_a_pass_goes_forward_and_costs_no_more_than_the_medium(
    groups: int, offsets: list[int], picks: list[str]
) -> None:
    wanted = [Wanted(at, pick) for at, pick in zip(offsets, picks, strict=False)]  # type: ignore[arg-type]
    keys = table(groups)

    planned = list(stretches(keys, wanted))

    assert len(planned) == len(wanted)
    assert planned[0].seek
    assert all(0 <= one.begin <= one.end <= keys.end.offset for one in planned)
    assert all(one.frames >= 0 for one in planned)


def test_key_frames_cost_their_own_bytes_and_one_picture_each() -> None:
    wanted = [Wanted(GROUP_MS * i, "nearest_key") for i in range(0, 30, 3)]

    told = forecast(table(30), wanted, frames_per_s=25)

    assert (told.bytes, told.frames, told.seeks) == (10 * KEY_BYTES, 10, 10)


def test_an_exact_frame_costs_its_group_of_pictures_up_to_it() -> None:
    told = forecast(table(10), [Wanted(GROUP_MS * 4 + 1000)], frames_per_s=25)

    half = KEY_BYTES + (GROUP_BYTES - KEY_BYTES) // 2
    assert told.bytes is not None
    assert half < told.bytes <= half + READ_ON_BYTES
    assert (told.frames, told.seeks) == (26, 1)


def test_frames_of_one_group_share_what_leads_to_them() -> None:
    near = forecast(table(10), [Wanted(1000), Wanted(1000), Wanted(1500)], frames_per_s=25)

    alone = forecast(table(10), [Wanted(1500)], frames_per_s=25)
    assert (near.bytes, near.seeks) == (alone.bytes, 1)
    assert near.frames <= 40


def test_sizes_that_the_index_does_not_tell_are_not_forecast() -> None:
    told = forecast(table(10, sized=False), [Wanted(100, "nearest_key")], frames_per_s=25)

    assert (told.bytes, told.frames) == (None, 1)


def test_without_an_index_jumps_are_guessed() -> None:
    wanted = [Wanted(0), Wanted(500), Wanted(9000)]

    told = forecast(None, wanted, frames_per_s=25)

    assert (told.bytes, told.seeks) == (None, 2)
    assert told.frames == 75


def test_nothing_wanted_costs_nothing() -> None:
    assert forecast(None, [], frames_per_s=None).seeks == 0
    assert forecast(table(3), [], frames_per_s=None).bytes == 0


def test_small_gaps_are_read_through() -> None:
    assert not is_worth_a_seek(1000, 1000 + 200_000)
    assert is_worth_a_seek(1000, 1000 + 300_000)
    assert is_worth_a_seek(-1, 0)
    assert is_worth_a_seek(5000, 1000), "what lies behind is not read on to"


@given(st.integers(1, 20), OFFSETS)
def test_what_is_announced_is_in_order_and_in_the_medium(groups: int, offsets: list[int]) -> None:
    keys = table(groups)

    told = spans(keys, [Wanted(at) for at in offsets], frames_per_s=25)

    assert all(offset >= 0 and length > 0 for offset, length in told)
    assert all(offset + length <= keys.end.offset for offset, length in told)
    assert [offset for offset, _ in told] == sorted(offset for offset, _ in told)


def test_key_frames_are_announced_exactly() -> None:
    wanted = [Wanted(0, "nearest_key"), Wanted(GROUP_MS, "nearest_key")]

    told = spans(table(3), wanted, frames_per_s=25)

    assert told == [(500, KEY_BYTES), (500 + GROUP_BYTES, KEY_BYTES)]
    assert spans(table(3, sized=False), wanted, frames_per_s=25) == []


@pytest.mark.parametrize("into_ms", [0, 40, 1000, 1200])
@pytest.mark.parametrize("rate", [10, 25, 60])
def test_what_is_announced_holds_the_frames_that_are_read_behind_the_one_meant(
    into_ms: int, rate: float
) -> None:
    shown_later = 4
    at_ms = into_ms + (1 + shown_later) * 1000 / rate

    (told,) = spans(table(5), [Wanted(GROUP_MS + into_ms)], frames_per_s=rate)

    needed = KEY_BYTES + min(1, at_ms / GROUP_MS) * (GROUP_BYTES - KEY_BYTES)
    assert told[0] == 500 + GROUP_BYTES
    assert needed <= told[1] <= needed + READ_ON_BYTES


def test_what_is_announced_near_a_groups_end_holds_the_next_key_frame() -> None:
    keys = table(5)

    (told,) = spans(keys, [Wanted(2 * GROUP_MS - 40)], frames_per_s=25)

    assert sum(told) >= keys.keys[2].offset + KEY_BYTES


def test_nothing_is_announced_behind_the_end() -> None:
    keys = table(5)

    assert sum(spans(keys, [Wanted(10_000)], frames_per_s=25)[-1]) == keys.end.offset


def test_a_key_frame_that_was_read_is_not_sought() -> None:
    wanted = [Wanted(2 * GROUP_MS - 40), Wanted(2 * GROUP_MS + 400)]

    told = forecast(table(5), wanted, frames_per_s=25)
    begun, went_on = spans(table(5), wanted, frames_per_s=25)

    assert told.seeks == 1
    assert went_on[0] == sum(begun)


@given(st.integers(1, 20), OFFSETS)
def test_a_forecast_counts_what_is_announced_but_for_what_is_uneven(
    groups: int, offsets: list[int]
) -> None:
    wanted = [Wanted(at) for at in offsets]

    told = forecast(table(groups), wanted, frames_per_s=25)

    announced = sum(length for _, length in spans(table(groups), wanted, frames_per_s=25))
    assert told.bytes is not None
    assert told.bytes <= announced <= told.bytes + 32 * 1024 * len(wanted)


def test_a_medium_that_ends_before_its_index_is_cut_short() -> None:
    keys = table(5)

    assert keys.is_cut_short(3000, 9000)
    assert not keys.is_cut_short(9980, 12_000), "past the last frame"
