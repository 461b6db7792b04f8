import pytest

from worker.errors import RequestError
from worker.state.sealing import Seal

KEY, OTHER = "a key of tests, long", "another key of tests"
SECRET = "s3cret of an account"


def test_what_was_sealed_opens_with_its_key_only() -> None:
    sealed = Seal(KEY).seal(SECRET, bound_to="AK1")

    assert Seal(KEY).open(sealed, bound_to="AK1") == SECRET
    with pytest.raises(RequestError, match=r"account\.key"):
        Seal(OTHER).open(sealed, bound_to="AK1")


def test_old_keys_open_and_the_new_one_seals() -> None:
    before = Seal(OTHER).seal(SECRET, bound_to="AK1")
    seal = Seal(KEY, [OTHER])

    assert seal.open(before, bound_to="AK1") == SECRET
    assert Seal(KEY).open(seal.seal(SECRET, bound_to="AK1"), bound_to="AK1") == SECRET


def test_a_sealed_secret_is_of_no_use_to_another_account() -> None:
    sealed = Seal(KEY).seal(SECRET, bound_to="AK1")

    with pytest.raises(RequestError, match=r"account\.key"):
        Seal(KEY).open(sealed, bound_to="AK2")


def test_a_sealed_secret_tells_nothing_and_is_never_the_same() -> None:
    seal = Seal(KEY)
    first, second = (seal.seal(SECRET, bound_to="AK1") for _ in range(2))

    assert first != second
    assert SECRET not in first


@pytest.mark.parametrize("sealed", ["", "AAAA", "A" * 40])
def test_what_was_never_sealed_does_not_open(sealed: str) -> None:
    with pytest.raises(RequestError, match=r"account\.key"):
        Seal(KEY).open(sealed, bound_to="AK1")


def test_without_a_key_nothing_is_sealed_though_old_keys_open() -> None:
    seal = Seal(None, [OTHER])

    assert seal.open(Seal(OTHER).seal(SECRET, bound_to="AK1"), bound_to="AK1") == SECRET
    with pytest.raises(RequestError, match=r"accounts\.key is not set"):
        seal.seal(SECRET, bound_to="AK1")
