"""`firstframe accounts` as operators call it, over a real Redis."""

import asyncio
import json
import re
from typing import Any

import pytest
from redis import Redis
from typer.testing import CliRunner, Result

from worker import wiring
from worker.commands.program import app
from worker.settings import Settings
from worker.state.callers import Known

KEY = "a key of tests, long"


class Operator:
    """Somebody with settings."""

    def __init__(self, redis_url: str, **more: str) -> None:
        self.environment = {"FIRSTFRAME_REDIS__URL": redis_url, "FIRSTFRAME_ACCOUNTS__KEY": KEY}
        self.environment.update(more)

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, ["accounts", *arguments], env=self.environment)

    def told(self, *arguments: str) -> list[dict[str, Any]]:
        done = self.run(*arguments, "--json")
        assert done.exit_code == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def refused(self, *arguments: str, status: int = 1) -> str:
        done = self.run(*arguments)
        assert (done.exit_code, done.stdout) == (status, ""), done.stderr
        return done.stderr

    def known(self, access_key: str) -> Known | None:
        """What an API process knows of the account."""
        values = {
            "redis": {"url": self.environment["FIRSTFRAME_REDIS__URL"]},
            "accounts": {"key": KEY},
        }

        async def find() -> Known | None:
            callers = wiring.callers(Settings.model_validate(values), timeout_s=5)
            try:
                return await callers.find(access_key)
            finally:
                await callers.close()

        return asyncio.run(find())


@pytest.fixture
def operator(one_redis_url: str) -> Operator:
    return Operator(one_redis_url)


def test_an_account_is_made_with_a_secret_that_opens_it(operator: Operator) -> None:
    (told,) = operator.told("create", "shop")

    assert set(told) == {"access_key", "secret", "project_id"}
    assert re.fullmatch("[A-Z0-9]{20}", told["access_key"])
    assert re.fullmatch("[0-9a-f]{32}", told["project_id"])
    known = operator.known(told["access_key"])
    assert known is not None
    assert known.secrets == ((1, told["secret"]),)
    assert known.account.dialects == ("alibaba", "huawei_vod")
    assert (known.account.tenant, known.account.media) == ("default", None)


def test_the_secret_is_told_once_and_kept_encrypted(operator: Operator, one_redis_url: str) -> None:
    lines = operator.run("create", "shop").stdout.splitlines()
    secret = lines[1].split()[1]

    assert "not shown again" in lines[3]
    assert secret not in operator.run("list").stdout
    assert secret not in operator.run("list", "--json").stdout
    with Redis.from_url(one_redis_url) as client:
        kept = [client.hgetall(key) for key in client.scan_iter()]
    assert len(kept) == 2
    assert secret not in str(kept)
    account = operator.told("list")[0]["access_key"]
    known = operator.known(account)
    assert known is not None
    assert known.secrets[0][1] == secret


def test_accounts_are_listed_by_their_names(operator: Operator) -> None:
    medium = "a" * 32
    operator.told("create", "b", "--dialect", "alibaba", "--medium", medium)
    operator.told("create", "a", "--tenant", "acme")
    operator.run("disable", "a")

    head, first, second = operator.run("list").stdout.splitlines()

    assert head.split()[:2] == ["NAME", "TENANT"]
    assert first.split()[:2] == ["a", "acme"]
    assert first.split()[4:7] == ["alibaba,huawei_vod", "all", "yes"]
    assert second.split()[4:7] == ["alibaba", "1", "no"]
    assert [each["media"] for each in operator.told("list")] == [None, [medium]]


def test_a_rotation_tells_a_new_secret_and_until_when_the_old_one_counts(
    operator: Operator,
) -> None:
    (made,) = operator.told("create", "shop")
    (rotated,) = operator.told("rotate", "shop", "--overlap-s", "60")

    known = operator.known(made["access_key"])
    (last,) = operator.told("rotate", made["access_key"], "--overlap-s", "0")
    after = operator.known(made["access_key"])

    assert set(rotated) == {"access_key", "secret", "previous_until"}
    assert known is not None
    assert [secret for _, secret in known.secrets] == [rotated["secret"], made["secret"]]
    assert after is not None
    assert [secret for _, secret in after.secrets] == [last["secret"]]


def test_an_account_is_disabled_and_enabled_by_name_or_key(operator: Operator) -> None:
    (made,) = operator.told("create", "shop")

    assert operator.run("disable", "shop").exit_code == 0
    assert operator.told("list")[0]["disabled"] is True
    assert operator.run("enable", made["access_key"]).exit_code == 0
    assert operator.told("list")[0]["disabled"] is False


@pytest.mark.parametrize(
    "arguments", [["rotate", "nobody"], ["disable", "nobody"], ["enable", "nobody"]]
)
def test_an_unknown_account_is_told_as_such(operator: Operator, arguments: list[str]) -> None:
    assert "account.not_found" in operator.refused(*arguments)


def test_a_name_is_taken_once(operator: Operator) -> None:
    operator.told("create", "shop")

    assert "account.conflict" in operator.refused("create", "shop")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        pytest.param(["Shop"], "NAME", id="name"),
        pytest.param(["a/b"], "NAME", id="path"),
        pytest.param(["shop", "--tenant", "A"], "--tenant", id="tenant"),
        pytest.param(["shop", "--medium", "abc"], "--medium", id="medium"),
        pytest.param(["shop", "--dialect", "tencent"], "--dialect", id="dialect"),
    ],
)
def test_what_makes_no_sense_is_refused(
    operator: Operator, arguments: list[str], reason: str
) -> None:
    assert reason in operator.refused("create", *arguments, status=2)
    assert operator.told("list") == []


def test_without_a_key_no_secret_is_made_and_the_setting_is_named(one_redis_url: str) -> None:
    operator = Operator(one_redis_url)
    del operator.environment["FIRSTFRAME_ACCOUNTS__KEY"]

    told = operator.refused("create", "shop", status=2)

    assert "accounts.key is not set (FIRSTFRAME_ACCOUNTS__KEY)" in told


def test_a_redis_that_is_away_is_told_without_its_password() -> None:
    operator = Operator("redis://:hunter2@127.0.0.1:1/0")

    told = operator.refused("list")

    assert "queue.unavailable: Redis does not answer" in told
    assert "hunter2" not in told
