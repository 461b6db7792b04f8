"""One instance from its start to its end, with everything done to it that may spill a secret."""

import base64
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import httpx2
import psutil

from tests.e2e.canaries.calling import (
    Caller,
    made_cover,
    refuse_requests,
    send_media,
    send_records,
)
from tests.e2e.canaries.collecting import (
    Streams,
    files,
    processes,
    read_all,
    redis_said,
    slow_commands,
)
from tests.e2e.canaries.instances import Watched, watched_instance
from tests.e2e.canaries.planted import Planted
from tests.e2e.canaries.profiles import LIBRARY, Outside, outside, settings_of
from tests.e2e.canaries.scanning import Allowed, Output, Scan, scan
from tests.e2e.canaries.serving import call_alibaba, call_huawei, call_smh, open_account
from tests.fakes.running import PROJECT_ID
from tests.http_server import dripping

_BACK_S: Final = 30


def run_story(
    folder: Path, log: Mapping[str, str], clip: Path, photo: Path, allow: tuple[Allowed, ...]
) -> tuple[Scan, Counter[str]]:
    """Everything, with a log of this level and format; what was found, and what had happened."""
    planted = Planted()
    with outside(planted) as out:
        variables = settings_of(planted, out, log)
        with watched_instance(folder, planted, variables) as here:
            caller = Caller(here, out, planted, [], Counter())
            streams = Streams(here)
            _do_everything(caller, clip, photo)
            read_all(caller)
            outputs = [*caller.told, *processes(here), *redis_said(here)]
        outputs += [Output("events", bytes(streams.data)), *files(here)]
        _know_what_fakes_drew(planted, out)
    return scan(planted, outputs, allow), caller.seen


def _do_everything(caller: Caller, clip: Path, photo: Path) -> None:
    good = caller.finished([made_cover(caller, clip)])[0]
    jobs = send_media(caller, clip, photo)
    refuse_requests(caller)
    _endpoints_that_fail(caller, clip)
    send_records(caller, good["id"])
    _watch(caller)
    pictures = caller.call("GET", "/v1/images?limit=200")["images"]
    image = next(each for each in pictures if each["medium"] and each["url"])
    customer = open_account(caller)
    _wait_for_records(caller)
    caller.finished(jobs)
    picture = base64.b64encode(photo.read_bytes()).decode()
    call_huawei(customer, image["medium"], picture)
    call_alibaba(customer, image["medium"], image["image_id"])
    call_smh(caller, clip)
    _expire(caller, good["id"])
    _spoil(caller, jobs[0])
    caller.told.extend(slow_commands(caller.here))
    _kill(caller)
    caller.keep("watches", caller.here.command("watches", "list", "--json"))
    caller.keep("watches", caller.here.command("watches", "list"))


def _endpoints_that_fail(caller: Caller, clip: Path) -> None:
    """Callbacks that say 410 and 500 with all that they were told, or do not answer."""
    secrets = " ".join(caller.planted.among("callback") + caller.planted.among("webhook"))
    for number, status in enumerate((410, 500, 401, 302)):
        caller.out.receiver.fault(
            "deliver", "answer", status=status, body=secrets, headers={"Location": f"/{secrets}"}
        )
        url = caller.callback(f"fails {number}", f"{caller.out.receiver.url}/fails/{number}")
        caller.cover({"url": caller.out.media.serve("/none.mp4", _gone)}, callback_url=url)
    url = caller.callback("down", "http://127.0.0.1:9/down")
    caller.cover({"url": caller.out.media.serve("/none.mp4", _gone)}, callback_url=url)


def _gone(handler: Any) -> None:
    handler.answer(404)


def _watch(caller: Caller) -> None:
    album = {"provider": "tencent_smh", "library_id": LIBRARY, "album": "trip"}
    name = f"{1:032x}"
    caller.out.huawei.do("add_asset", asset_id=name, project_id=PROJECT_ID, status="FAILED")
    target = {"provider": "huawei_vod", "profile": "sts", "asset_id": name}
    url = caller.callback("of a watch", f"{caller.out.receiver.url}/watch")
    caller.cover({"album": album}, target=target, watch=True, callback_url=url)


def _wait_for_records(caller: Caller) -> None:
    """Until each has ended or failed once."""
    caller.waited(
        lambda: caller.call("GET", "/v1/records?limit=200")["records"],
        lambda record: record["state"] != "pending" or record["error"],
    )


def _expire(caller: Caller, job: str) -> None:
    """Temporary credentials of all kinds end, and a clock is wrong."""
    huawei, alibaba = caller.out.huawei, caller.out.alibaba
    _know_what_fakes_drew(caller.planted, caller.out)
    for fake in (huawei, alibaba):
        fake.do("expire_keys")
        fake.do("clock", offset_s=1200)
    huawei.do("expire_tokens")
    for profile in ("temporary", "token"):
        target = {"provider": "huawei_vod", "profile": profile, "asset_id": f"{0:032x}"}
        caller.call("POST", "/v1/records", json={"job": job, "target": target})
    target = {"provider": "alibaba_vod", "profile": "temporary", "video_id": f"{9:032x}"}
    caller.call("POST", "/v1/records", json={"job": job, "target": target})
    _wait_for_records(caller)


def _spoil(caller: Caller, ended: str) -> None:
    """Records of a kind that this build does not know are read by API and worker: both fail."""
    here, workers = caller.here, caller.here.processes("worker")
    _each(workers, signal.SIGSTOP)
    url = f"http://127.0.0.1/a.mp4?{caller.signed_query('source of another build')}"
    queued = caller.cover({"url": url}, callback_url=caller.callback("of another build", url[:24]))
    for job in (queued, ended):
        spoilt = json.dumps({"source": {"url": url, "newer": 1}, "callback_url": {"url": url}})
        here.redis.hset(f"ff:job:default:{job}", "request", spoilt)
        # What fails inside ends its connection.
        caller.call("GET", f"/v1/jobs/{job}", headers={"Connection": "close"})
    _each(workers, signal.SIGCONT)
    time.sleep(1)
    here.redis.delete(*(f"ff:job:default:{job}" for job in (queued, ended)))
    here.redis.zrem("ff:jobs:default", str(queued), ended)


def _each(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.Error):
            process.send_signal(number)


def _kill(caller: Caller) -> None:
    """Processes end in the midst of work that has secrets in hand."""
    here, media = caller.here, caller.out.media
    slow = media.serve("/slow.mp4", dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"."))
    job = caller.cover({"url": f"{slow}?{caller.signed_query('source slow')}"})
    time.sleep(1)
    for words in (("worker.sandbox.child",), ("worker",)):
        _each(here.processes(*words), signal.SIGKILL)
    for process in psutil.Process(here.pid).children():
        if "redis" in process.name():
            os.kill(process.pid, signal.SIGKILL)
    caller.call("GET", f"/v1/jobs/{job}")
    refuse_requests(caller)
    deadline_s = time.monotonic() + _BACK_S
    while time.monotonic() < deadline_s and not _ready(here):
        time.sleep(0.2)


def _ready(here: Watched) -> bool:
    answer: httpx2.Response = here.client.get("/readyz")
    return answer.status_code == 200


def _know_what_fakes_drew(planted: Planted, out: Outside) -> None:
    """Temporary keys, tokens and signatures of links, without what all of a kind begin with."""
    accounts: list[Any] = [
        *out.huawei_fake.accounts.values(),
        *out.alibaba_fake.gateway.accounts.values(),
    ]
    for account in accounts:
        if account.access_key.startswith("STS."):
            planted.know(f"temporary key {account.access_key}", account.secret_key[-24:])
            assert account.security_token is not None
            planted.know(f"temporary token {account.access_key}", account.security_token[-80:])
    for token in out.huawei_fake.tokens.issued:
        planted.know(f"IAM token {token[4:8]}", token[4:])
    for key in out.huawei_fake.uploads:
        planted.know(f"upload signature {key[:4]}", key)
    for token in out.smh.tokens:
        planted.know(f"smh access_token {token[5:9]}", token[5:])
    for seen in out.smh.seen:
        if "q-signature=" in seen.target:
            signature = seen.target.partition("q-signature=")[2]
            planted.know(f"smh link {signature[:4]}", signature)
