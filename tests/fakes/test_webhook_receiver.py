import base64
import hashlib
import hmac
import json
import subprocess
import time
from pathlib import Path

import pytest

from tests.fakes.callers import Told, call
from tests.fakes.control import Control
from tests.fakes.running import WEBHOOK_SECRET

OLD_SECRET = "whsec_" + base64.b64encode(b"an older secret of 24 bytes").decode()


def signature(secret: str, webhook_id: str, sent_s: int, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{webhook_id}.{sent_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def deliver(
    fake: Control, body: bytes = b"{}", *, late_s: int = 0, secrets: tuple[str, ...] = ()
) -> Told:
    sent_s = int(time.time()) - late_s
    signatures = [signature(s, "msg_1", sent_s, body) for s in secrets or (WEBHOOK_SECRET,)]
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(sent_s),
        "webhook-signature": " ".join(signatures),
        "content-type": "application/json",
    }
    return call(fake.url, "POST", "/hook?a=1", headers, body)


def test_a_signed_delivery_is_kept(webhook_receiver: Control) -> None:
    assert deliver(webhook_receiver, b'{"a": 1}').status == 204

    (kept,) = webhook_receiver.do("deliveries")
    assert (kept["path"], kept["id"], kept["body"], kept["why"]) == (
        "/hook?a=1",
        "msg_1",
        '{"a": 1}',
        "",
    )


def test_a_repeated_delivery_changes_nothing(webhook_receiver: Control) -> None:
    for _ in range(2):
        deliver(webhook_receiver)

    assert len(webhook_receiver.changes("msg_1", net=False)) == 2
    assert len(webhook_receiver.changes("msg_1")) == 1


def test_one_right_signature_of_two_is_enough(webhook_receiver: Control) -> None:
    assert deliver(webhook_receiver, secrets=(OLD_SECRET, WEBHOOK_SECRET)).status == 204
    assert deliver(webhook_receiver, secrets=(OLD_SECRET,)).status == 401

    webhook_receiver.do("secrets", secrets=[WEBHOOK_SECRET, OLD_SECRET])
    assert deliver(webhook_receiver, secrets=(OLD_SECRET,)).status == 204


@pytest.mark.parametrize("late_s", [310, -310])
def test_a_delivery_of_another_time_is_refused(webhook_receiver: Control, late_s: int) -> None:
    refused = deliver(webhook_receiver, late_s=late_s)

    assert (refused.status, refused.body) == (401, b"timestamp")
    assert webhook_receiver.changes() == []


@pytest.mark.parametrize("status", [200, 302, 410, 429, 500, 503])
def test_it_answers_what_it_is_told(webhook_receiver: Control, status: int) -> None:
    webhook_receiver.fault("deliver", "answer", status=status, headers={"Retry-After": "7"})

    told = deliver(webhook_receiver)

    assert (told.status, told.headers["retry-after"]) == (status, "7")


SCRIPT = """
import json, sys, datetime, urllib.request
from standardwebhooks import Webhook

url, secret = sys.argv[1:]
now = datetime.datetime.now(datetime.timezone.utc)
body = json.dumps({"name": "\\u00fc"})
headers = {
    "webhook-id": "msg_2",
    "webhook-timestamp": str(int(now.timestamp())),
    "webhook-signature": Webhook(secret).sign("msg_2", now, body),
}
asked = urllib.request.Request(url, body.encode(), headers, method="POST")
print(urllib.request.urlopen(asked).status)
"""


@pytest.mark.vendors
def test_the_standards_own_library_is_believed(
    webhook_receiver: Control, vendors_python: Path
) -> None:
    done = subprocess.run(
        [vendors_python, "-I", "-c", SCRIPT, webhook_receiver.url, WEBHOOK_SECRET],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "204\n"
    assert json.loads(webhook_receiver.do("deliveries")[0]["body"]) == {"name": "ü"}
