"""Round trips are counted as the server sees them, bytes as they pass."""

from urllib.parse import urlsplit

import httpx2
import pytest
import redis

from worker.commands.bench_served import bare_framework
from worker.commands.bench_traffic import RedisMeter, relayed

PIECES = 200


def test_a_script_is_one_round_trip_however_much_it_does(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        meter = RedisMeter(client, quiet_s=0.2)
        meter.begin()
        for _ in range(PIECES):
            client.eval("return redis.call('ECHO', ARGV[1])", 0, "x" * 1000)
        cost = meter.per_piece(PIECES)

    assert cost.round_trips == pytest.approx(1, abs=0.1)
    assert cost.commands == pytest.approx(2, abs=0.1)
    assert 1000 < cost.sent_bytes < 1100


def test_every_round_trip_of_a_piece_is_counted(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        meter = RedisMeter(client, quiet_s=0.2)
        meter.begin()
        for _ in range(PIECES):
            client.ping()
            client.ping()

        assert meter.per_piece(PIECES).round_trips == pytest.approx(2, abs=0.1)


def test_a_relay_counts_what_a_server_sends() -> None:
    with bare_framework() as bare, relayed(urlsplit(bare.url).port or 0) as relay:
        answers = [httpx2.get(f"{relay.url}/healthz") for _ in range(2)]

        assert [answer.json() for answer in answers] == [{"status": "ok"}] * 2
        bodies = sum(len(answer.content) for answer in answers)
        assert bodies < relay.sent_bytes < bodies + 1000
