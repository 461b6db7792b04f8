import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.fakes.hosting import in_process
from tests.fakes.redis_proxy import RedisControl, redis_proxy

SCRIPT = "return redis.call('SET', KEYS[1], ARGV[1])"


@pytest.fixture
def proxy(one_redis_url: str) -> Iterator[RedisControl]:
    with redis_proxy(one_redis_url) as control:
        yield control


@pytest.fixture
def through(proxy: RedisControl) -> Iterator[redis.Redis]:
    # A client that tries again would hide what was dropped.
    once = Retry(NoBackoff(), 0)
    with redis.Redis.from_url(proxy.url, socket_timeout=10, retry=once) as client:
        yield client


@pytest.fixture
def direct(one_redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(one_redis_url) as client:
        yield client


def test_what_no_rule_names_passes(
    proxy: RedisControl, through: redis.Redis, direct: redis.Redis
) -> None:
    body = bytes(range(256)) * 10_000

    through.set("k", body)
    with through.pipeline() as together:
        together.set("a", 1)
        together.incr("a")
        together.get("k")
        told = together.execute()

    assert told == [True, 2, body]
    assert direct.get("k") == body


@pytest.mark.parametrize(("when", "done"), [("before", 0), ("after", 1)])
def test_a_held_command_waits_before_or_after_it_is_done(
    proxy: RedisControl, through: redis.Redis, direct: redis.Redis, when: str, done: int
) -> None:
    proxy.hold_command("EVALSHA", "record-1", when=when)
    script = through.register_script(SCRIPT)
    script(keys=["other"], args=["record-2"])

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(script, keys=["k"], args=["record-1"])
        held = proxy.wait_held("EVALSHA")

        assert (held["when"], direct.exists("k"), running.done()) == (when, done, False)
        assert proxy.release() == 1
        assert running.result(10)
    assert direct.get("k") == b"record-1"


@pytest.mark.parametrize(("when", "done"), [("before", 0), ("after", 1)])
def test_a_dropped_command_loses_its_connection(
    proxy: RedisControl, through: redis.Redis, direct: redis.Redis, when: str, done: int
) -> None:
    proxy.hold_command("SET", "k", when=when)

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(through.execute_command, "SET", "k", "v")
        proxy.wait_held("SET")
        proxy.release("drop")

        assert isinstance(running.exception(10), redis.ConnectionError)
    assert direct.exists("k") == done


def test_a_rule_lets_the_first_ones_pass(
    proxy: RedisControl, through: redis.Redis, direct: redis.Redis
) -> None:
    proxy.hold_command("INCRBY", "n", skip=2)

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(lambda: [through.incrby("n") for _ in range(4)])
        proxy.wait_held("INCRBY")
        assert direct.get("n") == b"2"
        proxy.release()
        assert running.result(10) == [1, 2, 3, 4]


def test_a_program_that_is_killed_at_a_step_has_not_taken_it(
    one_redis_url: str, direct: redis.Redis
) -> None:
    steps = "import redis, sys; r = redis.Redis.from_url(sys.argv[1]); r.set('a', 1); r.set('b', 2)"
    with in_process("tests.fakes.redis_proxy", "--redis", one_redis_url) as address:
        proxy = RedisControl(*address)
        proxy.hold_command("SET", "b")
        with subprocess.Popen([sys.executable, "-c", steps, proxy.url]) as victim:
            proxy.wait_held("SET")
            victim.send_signal(signal.SIGKILL)
            victim.wait(10)
            proxy.release("drop")

        assert direct.mget("a", "b") == [b"1", None]
