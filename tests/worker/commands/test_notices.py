"""`firstframe notices` as operators call it."""

import json
from collections.abc import Iterator

import pytest
from redis import Redis
from typer.testing import CliRunner, Result

from tests.worker.state.parts import Parts, request
from worker.commands.program import app
from worker.contracts.jobs import Item
from worker.errors import WebhookError

CALLBACK = "https://caller.example/told?key=secret-canary"


@pytest.fixture
def parts(one_redis_url: str) -> Iterator[Parts]:
    opened = Parts(one_redis_url)
    opened.slots(10, "live", "notify")
    yield opened
    opened.redis.close()


@pytest.fixture
def letters(parts: Parts) -> list[str]:
    """Two messages: one that was given up, and one that waits."""
    made = []
    for _ in range(2):
        wanted = request().model_copy(update={"callback_url": CALLBACK})
        parts.jobs.cancel("default", parts.jobs.create("default", wanted).id)
        page = parts.notices.page("default", None, cursor=None, limit=5)
        made += [each.id for each in page.notices if each.id not in made]
    dead = parts.due("default", Item("notify", made[0]))
    dead.fail(WebhookError("webhook.url_blocked"))
    return made


def run(one_redis_url: str, *arguments: str) -> Result:
    environment = {"FIRSTFRAME_REDIS__URL": one_redis_url}
    return CliRunner().invoke(app, ["notices", *arguments], env=environment)


def test_dead_letters_are_listed_without_their_query(
    letters: list[str], one_redis_url: str
) -> None:
    head, row = run(one_redis_url, "list", "--state", "failed").stdout.splitlines()

    assert head.split()[:4] == ["ID", "STATE", "TYPE", "URL"]
    assert row.split()[:5] == [
        *(letters[0], "failed", "job.cancelled", "https://caller.example/told", "1"),
    ]
    assert row.split()[-1] == "webhook.url_blocked"
    lines = run(one_redis_url, "list", "--json").stdout.splitlines()
    assert {json.loads(line)["id"] for line in lines} == set(letters)
    assert "secret-canary" not in str(lines)


def test_a_dead_letter_is_delivered_again(
    letters: list[str], one_redis_url: str, parts: Parts
) -> None:
    done = run(one_redis_url, "replay", *letters)

    assert done.exit_code == 1
    assert done.stdout == f"{letters[0]} waits to be delivered again\n"
    assert f"{letters[1]}: job.state: The notice is still under way." in done.stderr
    again = parts.notices.read("default", letters[0])
    assert again is not None
    assert again.state == "pending"


def test_a_message_that_there_is_not_is_told(one_redis_url: str) -> None:
    done = run(one_redis_url, "replay", "msg_0")

    assert (done.exit_code, done.stdout) == (1, "")
    assert "request.not_found" in done.stderr


def test_a_state_that_there_is_not_is_refused(one_redis_url: str) -> None:
    assert run(one_redis_url, "list", "--state", "dead").exit_code == 2
    with Redis.from_url(one_redis_url) as client:
        assert client.dbsize() == 0
