"""The bench's server answers by ranges, late, and tells what it sent."""

import time
from collections.abc import Iterator

import httpx2
import pytest

from worker.commands.bench_ranges import FarFile, Served, far_file

BODY = bytes(range(256)) * 1024
WAIT_S = 0.05


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FarFile]:
    path = tmp_path_factory.mktemp("far") / "film.mp4"
    path.write_bytes(BODY)
    with far_file(path, wait_s=WAIT_S) as served:
        yield served


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        pytest.param(None, 200, slice(None), id="whole"),
        pytest.param("bytes=10-19", 206, slice(10, 20), id="part"),
        pytest.param("bytes=200000-", 206, slice(200_000, None), id="rest"),
        pytest.param("bytes=262000-999999", 206, slice(262_000, None), id="past-the-end"),
        pytest.param("bytes=262144-", 416, slice(0, 0), id="behind-the-end"),
    ],
)
def test_a_range_is_answered_late_and_counted(
    far: FarFile, asked: str | None, status: int, part: slice
) -> None:
    far.served()
    begun_s = time.monotonic()
    answer = httpx2.get(far.url, headers={"Range": asked} if asked else {})

    assert time.monotonic() - begun_s >= WAIT_S
    assert answer.status_code == status
    assert answer.content == BODY[part]
    assert far.served() == Served(len(BODY[part]), 1)
    assert far.served() == Served(0, 0)


def test_a_connection_serves_several_requests_without_a_delay_of_its_own(far: FarFile) -> None:
    with httpx2.Client(trust_env=False) as client:
        client.get(far.url)
        begun_s = time.monotonic()
        for _ in range(10):
            client.get(far.url, headers={"Range": "bytes=0-99"})

    # Nagle's algorithm against delayed acknowledgements would add 40 ms to each.
    assert time.monotonic() - begun_s < 10 * (WAIT_S + 0.03)
