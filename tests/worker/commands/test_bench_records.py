"""The rows about covers written back: the provider they are recorded at, and what is counted."""

import time
from collections.abc import Iterator

import httpx2
import pytest

from worker.commands.bench_provider import FAR_S, TOLD
from worker.commands.bench_records import (
    LEAST_PER_S,
    Spell,
    far_provider,
    most_in_a_second,
    profile,
    spell_rows,
)
from worker.net.alibaba import AlibabaClient
from worker.net.credentials import Fixed
from worker.net.vendor_calls import VendorHttp, Where, host_of
from worker.signing.wire import AccessKey

MEDIUM = "0" * 32
COVER = "http://covers.example.com/a%20b.jpg"


@pytest.fixture(scope="module")
def provider_url() -> Iterator[str]:
    with far_provider() as url:
        yield url


@pytest.fixture
def client(provider_url: str) -> Iterator[AlibabaClient]:
    where = Where((host_of(provider_url),), https_only=False, allow_private_addresses=True)
    http = VendorHttp("bench", where, timeout_s=5)
    made = AlibabaClient(http, provider_url, Fixed(AccessKey("id", "secret")))
    yield made
    made.close()


def test_the_provider_shows_what_was_written_and_tells_when(
    client: AlibabaClient, provider_url: str
) -> None:
    assert not client.media_cover(MEDIUM).url

    client.set_media_cover(MEDIUM, COVER)

    assert client.media_cover(MEDIUM).url == COVER
    told = httpx2.get(provider_url + TOLD, trust_env=False).json()
    assert len(told["written_s"]) == 1


def test_the_provider_is_far_away(client: AlibabaClient) -> None:
    began_s = time.monotonic()

    client.media_cover("1" * 32)

    assert time.monotonic() - began_s >= FAR_S


def test_a_target_with_the_profile_has_the_provider_and_its_budget() -> None:
    given = profile("http://127.0.0.1:1")

    assert given["FIRSTFRAME_PROVIDERS__ALIBABA_MPS__BENCH__BASE_URL"] == "http://127.0.0.1:1"
    assert given["FIRSTFRAME_PROVIDERS__ALIBABA_MPS__BENCH__CALLS_PER_MINUTE"] == "6000"


@pytest.mark.parametrize(
    ("moments_s", "most"),
    [
        pytest.param([], 0, id="none"),
        pytest.param([0.0, 1.0, 2.0], 1, id="a-second-apart"),
        pytest.param([0.0, 0.9, 1.1, 1.8, 3.0], 3, id="across-the-full-second"),
    ],
)
def test_the_busiest_second_may_begin_at_any_moment(moments_s: list[float], most: int) -> None:
    assert most_in_a_second(moments_s) == most


@pytest.mark.parametrize(
    ("per_s", "busiest", "reached"),
    [
        pytest.param(LEAST_PER_S, 100, True, id="just-so"),
        pytest.param(LEAST_PER_S - 1, 100, False, id="too-slow"),
        pytest.param(LEAST_PER_S, 101, False, id="over-the-budget"),
    ],
)
def test_records_are_to_be_fast_and_within_the_budget(
    per_s: float, busiest: int, reached: bool
) -> None:
    rows = spell_rows([Spell(per_s - 5, 6), Spell(per_s, 5), Spell(per_s + 5, 7)], busiest)

    assert all(row.reached for row in rows) is reached
    assert [row.measured for row in rows] == [per_s, per_s - 5, per_s + 5, busiest, 6]
