import base64
import hmac
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.worker.state.parts import Parts
from worker.contracts.tokens import VendorToken
from worker.errors import SourceError
from worker.state.connection import connect
from worker.state.tokens import VendorTokens

SCOPE = "tencent_smh\nmain\nhttps://api.example\nsmh1\n-\n"
SECRET = "library-canary-secret"
_KEYED = hmac.digest(SECRET.encode(), b"firstframe.tokens.v1", "sha512")
KEY = f"ff:token:{hmac.digest(_KEYED, SCOPE.encode(), 'sha256').hex()}"
LOCK = KEY.replace("ff:token:", "ff:token_lock:")


class Vendor:
    """Gives numbered tokens; remembers what each call was told."""

    def __init__(self, *, life_s: float = 3600, delay: Callable[[], object] = lambda: None) -> None:
        self.told: list[str | None] = []
        self.life_s = life_s
        self._delay = delay

    def make(self, old: str | None) -> VendorToken:
        self.told.append(old)
        number = len(self.told)
        self._delay()
        return VendorToken(f"acctk{number}", self.life_s)


def get(parts: Parts, vendor: Vendor, *, refused: str | None = None, wait_s: float = 5) -> str:
    return VendorTokens(parts.redis, SECRET).get(SCOPE, vendor.make, refused=refused, wait_s=wait_s)


def test_a_token_is_asked_for_once_and_kept_for_its_life(parts: Parts) -> None:
    vendor = Vendor()

    assert [get(parts, vendor) for _ in range(3)] == ["acctk1"] * 3
    assert vendor.told == [None]
    assert 3_590_000 < parts.redis.pttl(KEY) <= 3_600_000
    assert not parts.redis.exists(LOCK)


def test_scopes_do_not_share_tokens(parts: Parts) -> None:
    vendor, tokens = Vendor(), VendorTokens(parts.redis, SECRET)

    found = [tokens.get(scope, vendor.make, refused=None, wait_s=1) for scope in ("a", "b", "a")]

    assert found == ["acctk1", "acctk2", "acctk1"]


def test_no_key_tells_whose_token_it_is(parts: Parts) -> None:
    get(parts, Vendor())

    assert parts.redis.keys("*") == [KEY]


def test_redis_does_not_hold_what_opens_the_library(parts: Parts) -> None:
    vendor = Vendor()
    get(parts, vendor)
    get(parts, vendor, refused="acctk1")

    held = str(parts.redis.dump(KEY)) + str(parts.redis.get(KEY))
    assert "acctk" not in held
    assert base64.b64encode(b"acctk2").decode().rstrip("=") not in held


def test_who_has_another_secret_has_other_tokens(parts: Parts) -> None:
    vendor = Vendor()
    get(parts, vendor)

    found = VendorTokens(parts.redis, "another").get(SCOPE, vendor.make, refused=None, wait_s=1)

    assert found == "acctk2"
    assert get(parts, vendor) == "acctk1"


def test_a_token_is_renewed_in_its_last_minute_with_the_old_one_at_hand(parts: Parts) -> None:
    get(parts, Vendor(life_s=59))
    vendor = Vendor()

    assert get(parts, vendor) == "acctk1"
    assert vendor.told == ["acctk1"]


def test_while_one_renews_the_others_use_the_old_one(parts: Parts) -> None:
    get(parts, Vendor(life_s=59))
    asked, answer = threading.Event(), threading.Event()

    def answer_later() -> None:
        asked.set()
        answer.wait(5)

    slow = Vendor(delay=answer_later)
    with ThreadPoolExecutor(1) as pool:
        renewing = pool.submit(get, parts, slow)
        assert asked.wait(5)

        meanwhile = get(parts, slow)
        answer.set()

    assert meanwhile == "acctk1"
    assert renewing.result() == "acctk1"
    assert slow.told == ["acctk1"]


def test_a_refused_token_is_replaced_and_no_other(parts: Parts) -> None:
    vendor = Vendor()
    get(parts, vendor)

    assert get(parts, vendor, refused="acctk1") == "acctk2"
    assert get(parts, vendor, refused="acctk1") == "acctk2"
    assert vendor.told == [None, None]


def test_many_with_a_refused_token_ask_for_one_new_one(parts: Parts, redis_url: str) -> None:
    vendor = Vendor(delay=lambda: time.sleep(0.05))
    get(parts, vendor)
    ready = threading.Barrier(16)

    def refused_one(_: int) -> str:
        with connect(redis_url, timeout_s=5, connect_timeout_s=5) as client:
            ready.wait(5)
            return VendorTokens(client, SECRET).get(SCOPE, vendor.make, refused="acctk1", wait_s=5)

    with ThreadPoolExecutor(16) as pool:
        found = set(pool.map(refused_one, range(16)))

    assert found == {"acctk2"}
    assert len(vendor.told) == 2


def test_waiting_for_another_ends(parts: Parts) -> None:
    parts.redis.set(LOCK, "somebody", px=5000)

    with pytest.raises(SourceError) as caught:
        get(parts, Vendor(), wait_s=0.1)

    assert caught.value.code == "source.timeout"


def test_who_died_asking_is_replaced(parts: Parts) -> None:
    parts.redis.set(LOCK, "somebody", px=100)

    assert get(parts, Vendor()) == "acctk1"


def test_after_a_failure_the_next_may_ask(parts: Parts) -> None:
    def fail() -> None:
        raise SourceError("source.forbidden")

    with pytest.raises(SourceError):
        get(parts, Vendor(delay=fail))

    assert get(parts, Vendor()) == "acctk1"


def test_a_lock_of_another_is_left_to_it(parts: Parts) -> None:
    def taken_over() -> None:
        parts.redis.set(LOCK, "somebody", px=5000)

    assert get(parts, Vendor(delay=taken_over)) == "acctk1"
    assert parts.redis.get(LOCK) == "somebody"


@pytest.mark.parametrize(
    ("life_s", "most_ms"),
    [
        pytest.param(1e17, 315_360_000_000, id="huge"),
        pytest.param(float("inf"), 315_360_000_000, id="endless"),
        pytest.param(0, 1000, id="none"),
        pytest.param(-5, 1000, id="over"),
    ],
)
def test_an_odd_life_is_brought_into_bounds(parts: Parts, life_s: float, most_ms: int) -> None:
    assert get(parts, Vendor(life_s=life_s)) == "acctk1"
    assert most_ms - 10_000 < parts.redis.pttl(KEY) <= most_ms
    assert not parts.redis.exists(LOCK)


def test_a_token_that_cannot_be_kept_leaves_no_lock(parts: Parts) -> None:
    def make(old: str | None) -> VendorToken:
        return VendorToken("\ud800", 3600)

    with pytest.raises(UnicodeEncodeError):
        VendorTokens(parts.redis, SECRET).get(SCOPE, make, refused=None, wait_s=1)

    assert not parts.redis.exists(LOCK)


@pytest.mark.parametrize(("wait_s", "most_ms"), [(60, 10_000), (4, 2_000), (0.1, 1_000)])
def test_who_dies_asking_holds_up_others_for_a_part_of_their_time(
    parts: Parts, wait_s: float, most_ms: int
) -> None:
    locked_ms: list[int] = []
    vendor = Vendor(delay=lambda: locked_ms.append(parts.redis.pttl(LOCK)))

    get(parts, vendor, wait_s=wait_s)

    assert most_ms - 500 < locked_ms[0] <= most_ms


def test_who_waits_shares_the_failure_and_asks_no_more(parts: Parts, redis_url: str) -> None:
    ready = threading.Barrier(8)

    def fail() -> None:
        time.sleep(0.3)
        raise SourceError("source.throttled", "not now", delay_s=7)

    vendor = Vendor(delay=fail)

    def failure(_: int) -> tuple[str, str, float | None]:
        with connect(redis_url, timeout_s=5, connect_timeout_s=5) as client:
            ready.wait(5)
            with pytest.raises(SourceError) as caught:
                VendorTokens(client, SECRET).get(SCOPE, vendor.make, refused=None, wait_s=5)
        return caught.value.code, caught.value.message, caught.value.delay_s

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(failure, range(8)))

    assert found == {("source.throttled", "not now", 7)}
    assert vendor.told == [None]
    assert 0 < max(map(parts.redis.pttl, parts.redis.keys("ff:token_failure:*"))) <= 5000
