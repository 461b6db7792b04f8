from collections.abc import Iterator

import pytest

from tests.worker.state.tellers import ACCESS_KEY, Teller, account, opened, sealed
from worker.errors import RequestError


@pytest.fixture
def teller(redis_url: str) -> Iterator[Teller]:
    with opened(redis_url) as made:
        yield made


def test_an_account_is_found_by_its_name_and_its_access_key(teller: Teller) -> None:
    made = account(media=("a" * 32,), dialects=("alibaba",))

    teller.records.create(made, sealed=sealed())

    assert teller.records.read("shop") == teller.records.read(ACCESS_KEY) == made
    assert teller.records.read("other") is None


def test_a_name_is_taken_once_and_an_answer_that_was_lost_is_no_conflict(teller: Teller) -> None:
    secret = sealed()
    teller.records.create(account(), sealed=secret)

    teller.records.create(account(), sealed=secret)
    for other in (account(access_key="B" * 20), account(name="other")):
        with pytest.raises(RequestError, match=r"account\.conflict"):
            teller.records.create(other, sealed=sealed())

    assert teller.records.list() == [account()]


def test_accounts_are_listed_by_their_names(teller: Teller) -> None:
    for name, access_key in (("b", "B" * 20), ("a", "C" * 20)):
        teller.records.create(account(name=name, access_key=access_key), sealed=sealed())

    assert [each.name for each in teller.records.list()] == ["a", "b"]


def test_an_account_is_disabled_and_enabled(teller: Teller) -> None:
    teller.records.create(account(), sealed=sealed())

    for disabled in (True, False):
        teller.records.set_disabled(ACCESS_KEY, disabled)
        assert teller.records.read("shop") == account(disabled=disabled)


def test_a_rotation_says_until_when_the_old_secret_counts(teller: Teller) -> None:
    teller.records.create(account(), sealed=sealed())

    teller.records.rotate(ACCESS_KEY, sealed=sealed("new"), overlap_s=60)
    rotated = teller.records.read("shop")
    teller.records.rotate(ACCESS_KEY, sealed=sealed("newer"), overlap_s=0)

    assert rotated is not None
    assert rotated.previous_until is not None
    assert teller.records.read("shop") == account()


def test_what_is_changed_must_be_there(teller: Teller) -> None:
    with pytest.raises(RequestError, match=r"account\.not_found"):
        teller.records.set_disabled(ACCESS_KEY, True)
    with pytest.raises(RequestError, match=r"account\.not_found"):
        teller.records.rotate(ACCESS_KEY, sealed=sealed(), overlap_s=0)
    assert teller.client.keys("*") == []
