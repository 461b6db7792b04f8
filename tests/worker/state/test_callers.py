import asyncio
from collections.abc import Iterator

import pytest

from tests.worker.state.tellers import ACCESS_KEY, SECRET, Teller, account, opened, sealed
from worker.errors import RequestError
from worker.state.admissions import Admission
from worker.state.callers import KEPT_S, MOST_TOKENS, Callers, Known


@pytest.fixture
def teller(redis_url: str) -> Iterator[Teller]:
    with opened(redis_url) as made:
        made.records.create(account(), sealed=sealed())
        yield made


async def _find(callers: Callers) -> Known | None:
    return await callers.find(ACCESS_KEY)


def test_a_caller_is_found_with_its_secret_by_key_and_by_name(teller: Teller) -> None:
    known = teller.ask(_find)

    assert known == Known(account(), ((1, SECRET),))
    assert teller.ask(lambda callers: callers.find_named("shop")) == known
    assert SECRET not in repr(known)
    assert teller.ask(lambda callers: callers.find("B" * 20)) is None
    assert teller.ask(lambda callers: callers.find_named("other")) is None


def test_after_a_rotation_both_secrets_count_until_the_overlap_is_over(teller: Teller) -> None:
    teller.records.rotate(ACCESS_KEY, sealed=sealed("new"), overlap_s=60)
    both = teller.ask(_find)
    teller.records.rotate(ACCESS_KEY, sealed=sealed("newer"), overlap_s=0)
    one = teller.ask(_find)

    assert both is not None
    assert one is not None
    assert both.secrets == ((2, "new"), (1, SECRET))
    assert one.secrets == ((3, "newer"),)


def test_an_overlap_ends_on_time_in_a_process_that_knows_the_account(teller: Teller) -> None:
    teller.records.rotate(ACCESS_KEY, sealed=sealed("new"), overlap_s=0.2)

    async def twice(callers: Callers) -> list[int]:
        first = await callers.find(ACCESS_KEY)
        await asyncio.sleep(0.3)
        second = await callers.find(ACCESS_KEY)
        return [len(each.secrets) for each in (first, second) if each]

    assert teller.ask(twice) == [2, 1]


def test_a_change_is_noticed_after_two_seconds(teller: Teller) -> None:
    async def look(callers: Callers) -> list[bool]:
        seen = [await callers.find(ACCESS_KEY)]
        teller.records.set_disabled(ACCESS_KEY, True)
        seen.append(await callers.find(ACCESS_KEY))
        await asyncio.sleep(KEPT_S + 0.05)
        seen.append(await callers.find(ACCESS_KEY))
        return [each.account.disabled for each in seen if each]

    assert teller.ask(look) == [False, False, True]


def test_a_secret_under_an_unknown_key_is_an_error_of_ours(teller: Teller) -> None:
    teller.records.rotate(ACCESS_KEY, sealed=sealed(access_key="B" * 20), overlap_s=0)

    with pytest.raises(RequestError, match=r"account\.key"):
        teller.ask(_find)


def test_calls_beyond_the_pace_wait_and_others_are_not_touched(teller: Teller) -> None:
    async def call(callers: Callers) -> list[Admission]:
        return [await callers.admit(ACCESS_KEY) for _ in range(8)]

    told = teller.ask(call, pace=5)

    assert [each.word for each in told].count("admitted") in {5, 6}
    word, wait_s, _ = told[-1]
    assert word == "throttled"
    assert 0 < wait_s <= 0.4
    assert teller.ask(lambda callers: callers.admit("B" * 20))[0] == "admitted"


def test_the_pace_comes_back(teller: Teller) -> None:
    async def call(callers: Callers) -> str:
        while (told := await callers.admit(ACCESS_KEY))[0] == "admitted":
            pass
        await asyncio.sleep(told[1] + 0.01)
        return (await callers.admit(ACCESS_KEY))[0]

    assert teller.ask(call, pace=20) == "admitted"


def test_a_nonce_counts_once_an_account_and_its_repeats_spend_nothing(teller: Teller) -> None:
    async def call(callers: Callers) -> list[str]:
        keys = [ACCESS_KEY] * 20 + ["B" * 20]
        return [(await callers.admit(key, nonce="n"))[0] for key in keys]

    told = teller.ask(call, pace=2)

    assert told == ["admitted", *["replayed"] * 19, "admitted"]
    lives_ms = teller.client.pttl(f"ff:nonce:{ACCESS_KEY}:n")
    assert 1_800_000 < lives_ms <= 1_810_000


def test_the_sixth_failure_in_a_row_locks_the_key_for_five_minutes(teller: Teller) -> None:
    async def told(callers: Callers) -> list[str]:
        words = []
        for _ in range(6):
            await callers.note_failure(ACCESS_KEY)
            words.append(
                "locked" if teller.client.exists(f"ff:account_locked:{ACCESS_KEY}") else ""
            )
        words.append((await callers.admit(ACCESS_KEY, shown_by=ACCESS_KEY))[0])
        words.append((await callers.admit(ACCESS_KEY))[0])
        return words

    assert teller.ask(told) == [*[""] * 5, "locked", "locked", "admitted"]
    assert 290_000 < teller.client.pttl(f"ff:account_locked:{ACCESS_KEY}") <= 300_000


def test_failures_that_are_not_in_a_row_lock_nothing(teller: Teller) -> None:
    async def told(callers: Callers) -> list[str]:
        words: list[str] = []
        for _ in range(4):
            for _ in range(5):
                await callers.note_failure(ACCESS_KEY)
            words.append((await callers.admit(ACCESS_KEY, shown_by=ACCESS_KEY))[0])
        return words

    assert teller.ask(told) == ["admitted"] * 4


def test_a_token_opens_its_account_until_it_is_over(teller: Teller) -> None:
    token = teller.ask(lambda callers: callers.give_token(ACCESS_KEY, 1, life_s=1))

    known = teller.ask(lambda callers: callers.holder(token))
    other = teller.ask(lambda callers: callers.holder(f"{token}x"))

    assert known == Known(account(), ((1, SECRET),))
    assert other is None
    assert all(token not in key for key in teller.client.keys("*"))


def test_a_token_goes_with_the_secret_it_was_given_for(teller: Teller) -> None:
    token = teller.ask(lambda callers: callers.give_token(ACCESS_KEY, 1, life_s=60))

    teller.records.rotate(ACCESS_KEY, sealed=sealed("new"), overlap_s=60)
    during = teller.ask(lambda callers: callers.holder(token))
    teller.records.rotate(ACCESS_KEY, sealed=sealed("newer"), overlap_s=0)
    after = teller.ask(lambda callers: callers.holder(token))

    assert during is not None
    assert after is None


def test_the_oldest_of_too_many_tokens_goes(teller: Teller) -> None:
    async def give(callers: Callers) -> tuple[str, str]:
        first = await callers.give_token(ACCESS_KEY, 1, life_s=60)
        for _ in range(MOST_TOKENS):
            last = await callers.give_token(ACCESS_KEY, 1, life_s=61)
        return first, last

    first, last = teller.ask(give)

    assert teller.ask(lambda callers: callers.holder(first)) is None
    assert teller.ask(lambda callers: callers.holder(last)) is not None
