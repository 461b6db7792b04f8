import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from worker.errors import ProviderError
from worker.net.credentials import Fixed, Lasting, Renewed


class Source:
    """Gives numbered credentials that live so long, or fails."""

    def __init__(self, life_s: float | None = 3600) -> None:
        self.life_s, self.fails, self.fetched, self.delay_s = life_s, False, 0, 0.0

    def __call__(self) -> Lasting[str]:
        self.fetched += 1
        time.sleep(self.delay_s)
        if self.fails:
            raise ProviderError("provider.unavailable")
        ends_s = None if self.life_s is None else time.time() + self.life_s
        return Lasting(f"canary-{self.fetched}", ends_s)


def failure(call: Callable[[], object]) -> str:
    with pytest.raises(ProviderError) as caught:
        call()
    return caught.value.code


@pytest.mark.parametrize("life_s", [3600, None])
def test_a_credential_is_fetched_once_and_kept(life_s: float | None) -> None:
    source = Source(life_s)
    renewed = Renewed(source)
    assert source.fetched == 0

    assert [renewed.get() for _ in range(3)] == ["canary-1"] * 3
    assert source.fetched == 1


def test_one_that_is_over_is_changed() -> None:
    source = Source(life_s=0.05)
    renewed = Renewed(source)
    assert renewed.get() == "canary-1"

    time.sleep(0.06)

    assert renewed.get() == "canary-2"


def test_one_is_changed_in_the_last_quarter_of_its_life() -> None:
    renewed = Renewed(Source(life_s=0.4), rest_s=0)
    assert renewed.get() == renewed.get() == "canary-1"

    time.sleep(0.32)

    assert renewed.get() == "canary-2"


@pytest.mark.parametrize(("rest_s", "fetched"), [(0, 4), (5, 2)])
def test_while_a_change_fails_the_old_one_is_used_as_long_as_it_lasts(
    rest_s: float, fetched: int
) -> None:
    source = Source(life_s=0.8)
    renewed = Renewed(source, rest_s=rest_s)
    renewed.get()
    source.fails = True

    time.sleep(0.62)
    assert [renewed.get() for _ in range(2)] == ["canary-1"] * 2
    time.sleep(0.2)
    assert failure(renewed.get) == "provider.unavailable"
    assert source.fetched == fetched


def test_a_first_fetch_that_fails_is_made_again_at_the_next_call() -> None:
    source = Source()
    source.fails = True
    renewed = Renewed(source)
    assert failure(renewed.get) == "provider.unavailable"

    source.fails = False

    assert renewed.get() == "canary-2"


def test_a_refused_one_is_changed_but_not_again_at_once() -> None:
    source = Source()
    renewed = Renewed(source)

    second = renewed.instead_of(renewed.get())
    third = renewed.instead_of(second)

    assert (second, third, source.fetched) == ("canary-2", None, 2)
    assert renewed.get() == "canary-2"


def test_what_another_thread_fetched_after_a_refusal_is_used() -> None:
    source = Source()
    renewed = Renewed(source)
    first = renewed.get()

    assert [renewed.instead_of(first) for _ in range(2)] == ["canary-2"] * 2
    assert source.fetched == 2


def test_a_source_that_gives_the_refused_one_again_has_no_other() -> None:
    renewed = Renewed(lambda: Lasting("same", None))
    assert renewed.instead_of(renewed.get()) is None


def test_many_threads_fetch_once() -> None:
    source = Source()
    source.delay_s = 0.05
    renewed = Renewed(source)

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(lambda _: renewed.get(), range(32))) == {"canary-1"}
    assert source.fetched == 1


def test_a_fixed_one_has_no_other() -> None:
    fixed = Fixed("canary")
    assert fixed.get() == "canary"
    assert fixed.instead_of("canary") is None


def test_what_is_held_is_not_shown() -> None:
    renewed = Renewed(Source())
    renewed.get()
    shown = f"{renewed!r} {Fixed('canary')!r} {Lasting('canary', 1.0)!r}"
    assert "canary" not in shown
