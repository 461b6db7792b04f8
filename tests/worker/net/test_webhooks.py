import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from typing import Any

import pytest

from tests.fakes.control import Control
from tests.fakes.running import WEBHOOK_SECRET
from tests.http_server import MediaServer
from tests.worker.net.network import ADDRESSES, SPELLINGS, Certificate, World
from worker.net.webhooks import DeliveryFailedError, WebhookMessenger
from worker.signing.standard_webhooks import new_secret

ID = "msg_01JC6Z5G0Q8V2N3M4P5R6S7T8W_3"
BODY = b'{"type":"job.succeeded"}'
MESSENGER = WebhookMessenger(timeout_s=5, allow_http=True, allow_private_addresses=True)


def deliver(
    url: str,
    *,
    messenger: WebhookMessenger = MESSENGER,
    secrets: tuple[str, ...] = (WEBHOOK_SECRET,),
) -> int:
    return messenger.deliver(url, message_id=ID, body=BODY, secrets=secrets)


def failure(url: str, **how: Any) -> DeliveryFailedError:
    with pytest.raises(DeliveryFailedError) as caught:
        deliver(url, **how)
    return caught.value


def test_a_message_arrives_signed(webhook_receiver: Control) -> None:
    status = deliver(f"{webhook_receiver.url}/hooks/a?b=c")

    [told] = webhook_receiver.do("deliveries")
    assert status == 204
    assert (told["why"], told["method"], told["path"]) == ("", "POST", "/hooks/a?b=c")
    assert (told["id"], told["body"].encode()) == (ID, BODY)
    assert told["headers"]["content-type"] == "application/json"


def test_an_attempt_has_its_own_time_and_the_same_id_and_body(webhook_receiver: Control) -> None:
    deliver(webhook_receiver.url)
    time.sleep(1.01)
    deliver(webhook_receiver.url)

    first, second = webhook_receiver.do("deliveries")
    assert first["timestamp"] != second["timestamp"]
    assert first["signatures"] != second["signatures"]
    assert (first["id"], first["body"]) == (second["id"], second["body"])
    assert len(webhook_receiver.changes(ID)) == 1


def test_a_receiver_with_either_secret_of_a_rotation_believes(webhook_receiver: Control) -> None:
    deliver(webhook_receiver.url, secrets=(new_secret(), WEBHOOK_SECRET))

    [told] = webhook_receiver.do("deliveries")
    assert told["why"] == ""
    assert len(told["signatures"]) == 2


@pytest.mark.parametrize("status", [200, 201, 202, 204, 226])
def test_every_answer_of_200_takes_the_message(webhook_receiver: Control, status: int) -> None:
    webhook_receiver.fault("deliver", "answer", status=status)

    assert deliver(webhook_receiver.url) == status


@pytest.mark.parametrize(
    ("status", "code", "unsure"),
    [
        (301, "webhook.delivery_failed", False),
        (302, "webhook.delivery_failed", False),
        (308, "webhook.delivery_failed", False),
        (400, "webhook.delivery_failed", False),
        (401, "webhook.delivery_failed", False),
        (404, "webhook.delivery_failed", False),
        (410, "webhook.disabled", False),
        (429, "webhook.delivery_failed", False),
        (500, "webhook.delivery_failed", True),
        (503, "webhook.delivery_failed", True),
    ],
)
def test_every_other_answer_is_a_failure(
    webhook_receiver: Control, status: int, code: str, unsure: bool
) -> None:
    location = {"Location": f"{webhook_receiver.url}/elsewhere"}
    webhook_receiver.fault("deliver", "answer", status=status, headers=location)

    error = failure(webhook_receiver.url)

    assert (error.code, error.unsure, error.delay_s) == (code, unsure, None)
    assert len(webhook_receiver.journal()) == 1


def soon(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("status", "asked", "least_s", "most_s"),
    [
        pytest.param(429, lambda: "7", 7, 7, id="seconds"),
        pytest.param(503, lambda: "1800", 1800, 1800, id="half-an-hour"),
        pytest.param(503, lambda: "86400", 3600, 3600, id="a-day-is-an-hour"),
        pytest.param(429, partial(soon, 120), 100, 121, id="a-date"),
    ],
)
def test_a_pause_that_is_asked_for_is_told_up_to_an_hour(
    webhook_receiver: Control, status: int, asked: Callable[[], str], least_s: int, most_s: int
) -> None:
    webhook_receiver.fault("deliver", "answer", status=status, headers={"Retry-After": asked()})

    delay_s = failure(webhook_receiver.url).delay_s

    assert delay_s is not None
    assert least_s <= delay_s <= most_s


@pytest.mark.parametrize("status", [400, 500, 410])
def test_other_failures_ask_for_no_pause(webhook_receiver: Control, status: int) -> None:
    webhook_receiver.fault("deliver", "answer", status=status, headers={"Retry-After": "7"})

    assert failure(webhook_receiver.url).delay_s is None


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_connection_that_breaks_leaves_it_open_whether_the_message_came(
    webhook_receiver: Control, when: str
) -> None:
    webhook_receiver.fault("deliver", "reset", when=when)

    error = failure(webhook_receiver.url)

    assert (error.code, error.unsure) == ("webhook.delivery_failed", True)
    assert len(webhook_receiver.changes(ID)) == (when == "after")


def test_the_time_for_all_of_a_delivery_is_bounded(webhook_receiver: Control) -> None:
    webhook_receiver.fault("deliver", "slow", seconds=20)
    started_s = time.monotonic()

    error = failure(webhook_receiver.url, messenger=replace(MESSENGER, timeout_s=0.4))

    assert (error.code, error.unsure) == ("webhook.delivery_failed", True)
    assert time.monotonic() - started_s < 1.5


def test_nobody_there_is_a_failure_and_has_certainly_heard_nothing(closed_port: int) -> None:
    error = failure(f"http://127.0.0.1:{closed_port}/")

    assert (error.code, error.unsure) == ("webhook.delivery_failed", False)


def guarded(world: World, **how: Any) -> WebhookMessenger:
    return WebhookMessenger(timeout_s=2, resolve=world.resolve, dial=world.dial, **how)


def over_https(url: str) -> str:
    return url.replace("http://", "https://", 1)


@pytest.mark.parametrize("url", ADDRESSES)
def test_an_address_inside_is_refused_before_it_is_dialled(world: World, url: str) -> None:
    error = failure(over_https(url), messenger=guarded(world))

    assert (error.code, error.unsure) == ("webhook.url_blocked", False)
    assert (world.dialled, world.canary.seen) == ([], [])


@pytest.mark.parametrize("url", SPELLINGS)
def test_a_url_of_another_form_is_refused_before_any_name_is_looked_up(
    world: World, url: str
) -> None:
    assert failure(over_https(url), messenger=guarded(world)).code == "webhook.url_blocked"
    assert (world.asked, world.dialled) == ([], [])


@pytest.mark.parametrize("url", ["http://public.test/", "http://public.test:443/"])
def test_plain_http_is_refused_unless_the_settings_allow_it(world: World, url: str) -> None:
    assert failure(url, messenger=guarded(world)).code == "webhook.url_blocked"
    assert world.asked == []


def test_ports_are_those_of_the_settings(world: World) -> None:
    messenger = guarded(world, allowed_ports=(8443,))

    assert failure("https://public.test/", messenger=messenger).code == "webhook.url_blocked"


def test_a_name_is_resolved_once_and_what_was_checked_is_dialled(
    world: World, media_server: MediaServer
) -> None:
    answers = [["93.184.215.14"], ["127.0.0.1"]]
    world.names["rebinding.test"] = lambda: answers.pop(0)
    messenger = guarded(world, allow_http=True, allowed_ports=(80,))

    failure("http://rebinding.test/", messenger=messenger)

    assert world.dialled == ["93.184.215.14"]
    assert world.asked == ["rebinding.test"]


def test_a_name_without_an_address_is_a_failure_that_may_pass(world: World) -> None:
    error = failure("https://none.test/", messenger=guarded(world))

    assert (error.code, error.unsure) == ("webhook.delivery_failed", False)


def test_a_certificate_that_nobody_trusts_is_a_failure(
    world: World, certificate: Certificate
) -> None:
    world.canary.encrypt(certificate.server)

    error = failure("https://public.test/", messenger=guarded(world))

    assert (error.code, error.unsure) == ("webhook.delivery_failed", False)
    assert world.canary.seen == []


def test_no_error_tells_the_url_or_a_secret(webhook_receiver: Control) -> None:
    webhook_receiver.fault("deliver", "answer", status=500, body="free text canary")
    error = failure(f"{webhook_receiver.url}/?key=canary")

    assert "canary" not in f"{error}{error!r}{error.facts()}"
    assert WEBHOOK_SECRET not in repr(error)
