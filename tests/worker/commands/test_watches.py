"""`firstframe watches` as operators call it, over a real Redis."""

import json

import pytest
from typer.testing import CliRunner, Result

from tests.worker.state.watching import album
from worker import wiring
from worker.commands.program import app
from worker.settings import Settings
from worker.wiring import State

CALLBACK = "https://caller.example/told?secret=hidden"


@pytest.fixture
def state(one_redis_url: str) -> State:
    return wiring.state(Settings.model_validate({"redis": {"url": one_redis_url}}), timeout_s=5)


def run(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["watches", *arguments], env={"FIRSTFRAME_REDIS__URL": url})


def test_all_watches_of_a_tenant_are_listed(state: State, one_redis_url: str) -> None:
    for name in ("trip", "sea"):
        state.watches.keep("default", album(name))
    state.watches.keep("bob", album("other"))

    head, newest, oldest = run(one_redis_url, "list").stdout.splitlines()

    assert head.split()[:3] == ["ID", "STATE", "ALBUM"]
    assert newest.split()[1:5] == ["watching", "smh1/-/sea", "-", "queued"]
    assert "smh1/-/trip" in oldest
    assert "smh1/-/other" in run(one_redis_url, "list", "--tenant", "bob").stdout


def test_however_many_there_are_all_are_listed(state: State, one_redis_url: str) -> None:
    for number in range(205):
        state.watches.keep("default", album(f"{number}"))

    told = run(one_redis_url, "list", "--json").stdout.splitlines()

    assert len({json.loads(line)["id"] for line in told}) == 205


def test_a_line_of_json_tells_all_but_the_callback_url(state: State, one_redis_url: str) -> None:
    state.watches.keep("default", album(callback_url=CALLBACK))

    told = run(one_redis_url, "list", "--json").stdout

    assert "hidden" not in told
    assert json.loads(told)["request"]["source"]["album"]["album"] == "trip"


def test_watches_are_stopped_by_their_ids(state: State, one_redis_url: str) -> None:
    for name in ("trip", "sea"):
        state.watches.keep("default", album(name))
    ids = [watch.id for watch in state.watches.page("default", cursor=None, limit=5).watches]

    done = run(one_redis_url, "stop", *ids)

    assert done.exit_code == 0
    assert done.stdout.splitlines() == [f"{each}  stopped" for each in ids]
    (told, _) = run(one_redis_url, "stop", *ids, "--json").stdout.splitlines()
    assert json.loads(told)["state"] == "stopped"


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        pytest.param(("stop", "wat_1"), 1, "request.not_found", id="no-such-watch"),
        pytest.param(("list", "--tenant", "A b"), 2, "--tenant", id="no-tenants-name"),
    ],
)
def test_what_cannot_be_done_ends_with_a_line(
    one_redis_url: str, arguments: tuple[str, ...], status: int, told: str
) -> None:
    done = run(one_redis_url, *arguments)

    assert (done.exit_code, done.stdout) == (status, "")
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_without_redis_it_says_so() -> None:
    done = run("redis://127.0.0.1:1/0", "list")

    assert done.exit_code == 1
    assert "queue.unavailable: Redis does not answer at redis://127.0.0.1:1/0" in done.stderr
