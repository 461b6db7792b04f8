from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.worker.state.parts import Parts
from worker.signing.standard_webhooks import Verifier, WebhookRefused, new_secret, sign
from worker.state.seen import SeenMessages

ID = "msg_01JC6Z5G0Q8V2N3M4P5R6S7T8W_3"
BODY = b'{"type":"job.succeeded"}'


def test_a_message_is_new_once(parts: Parts) -> None:
    seen = SeenMessages(parts.redis)

    assert [seen(ID, 60) for _ in range(3)] == [False, True, True]
    assert not seen(ID + "x", 60)


def test_it_is_remembered_for_its_time_from_the_first_look(parts: Parts) -> None:
    seen = SeenMessages(parts.redis)
    seen(ID, 601)
    seen(ID, 9999)

    assert 599_000 < parts.redis.pttl(f"ff:seen:{ID}") <= 601_000


def test_of_many_that_look_at_once_one_has_the_message(parts: Parts) -> None:
    seen = SeenMessages(parts.redis)

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: seen(ID, 60), range(16)))

    assert found.count(False) == 1


def test_what_was_forgotten_may_come_again(parts: Parts) -> None:
    seen = SeenMessages(parts.redis)
    seen(ID, 60)

    seen.forget(ID)

    assert not seen(ID, 60)


def test_a_verifier_with_a_memory_refuses_repeats_of_any_time(parts: Parts) -> None:
    secret, now = new_secret(), datetime.now(UTC)
    verifier = Verifier([secret], seen=SeenMessages(parts.redis))

    def came(at: datetime) -> str:
        headers = sign(message_id=ID, at=at, body=BODY, secrets=[secret])
        return verifier.verify(headers, BODY, now=at)

    assert came(now) == ID
    with pytest.raises(WebhookRefused) as caught:
        came(now + timedelta(seconds=250))

    assert caught.value.reason == "replayed"


def test_a_forged_message_is_not_remembered(parts: Parts) -> None:
    verifier = Verifier([new_secret()], seen=SeenMessages(parts.redis))
    headers = sign(message_id=ID, at=datetime.now(UTC), body=BODY, secrets=[new_secret()])

    with pytest.raises(WebhookRefused):
        verifier.verify(headers, BODY)

    assert parts.redis.keys("*") == []
