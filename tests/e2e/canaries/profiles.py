"""The fakes that an instance calls, and settings full of canaries by which it calls them."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, Final, NamedTuple

from tests.e2e.canaries.planted import Planted
from tests.fakes.alibaba import Alibaba
from tests.fakes.control import Control
from tests.fakes.huawei_vod import HuaweiVod
from tests.fakes.running import PROJECT_ID
from tests.fakes.server import in_thread
from tests.fakes.smh_vendor import SmhVendor, running_vendor
from tests.fakes.webhook_receiver import WebhookReceiver
from tests.http_server import MediaServer

LIBRARY: Final = "smh1"
_NOWHERE: Final = "http://127.0.0.1:9"
_PER_MINUTE: Final = 600_000


class Outside(NamedTuple):
    """All that is not ours: vendors, an endpoint of webhooks, a server of media."""

    huawei: Control
    alibaba: Control
    smh: SmhVendor
    receiver: Control
    media: MediaServer
    huawei_fake: HuaweiVod
    alibaba_fake: Alibaba


@contextmanager
def outside(planted: Planted) -> Iterator[Outside]:
    """Everything in threads of this process: what fakes draw themselves is looked for too."""
    huawei, alibaba = HuaweiVod(), Alibaba()
    with ExitStack() as opened:
        enter = opened.enter_context
        smh = enter(running_vendor(library_id=LIBRARY, secret=planted.draw("smh library_secret")))
        media = MediaServer()
        threading.Thread(target=media.serve_forever, args=(0.02,), daemon=True).start()
        opened.callback(media.server_close)
        opened.callback(media.shutdown)
        yield Outside(
            Control(*enter(in_thread(huawei))),
            Control(*enter(in_thread(alibaba))),
            smh,
            Control(*enter(in_thread(WebhookReceiver()))),
            media,
            huawei,
            alibaba,
        )


def settings_of(planted: Planted, out: Outside, log: Mapping[str, str]) -> dict[str, str]:
    """Variables of the environment; every secret of the settings is a canary."""
    sections: dict[str, Any] = {
        "log": log,
        "store": {
            "access_key": planted.draw("store access_key", plain=True),
            "secret_key": planted.draw("store secret_key"),
        },
        "fetch": {
            "allow_private_addresses": True,
            "allowed_ports": [80, 443, out.media.port, 9],
            "connect_timeout_s": 1,
            "stall_timeout_s": 2,
            "total_timeout_s": 4,
            "objects": {
                "endpoint": f"127.0.0.1:{out.media.port}",
                "access_key": planted.draw("objects access_key", plain=True),
                "secret_key": planted.draw("objects secret_key"),
                "buckets": {"default": ["media"]},
            },
        },
        "records": {"max_attempts": 2, "settle_s": 3, "breaker_failures": 1000},
        "worker": {"lease_s": 6, "lease_renew_s": 2, "max_attempts": 2, "stop_grace_s": 2},
        "watches": {"every_s": 2},
        "accounts": {"old_keys": [planted.draw("accounts.old_keys")]},
        "webhooks": {
            "secrets": {"default": _pair(planted, "webhooks.secrets")},
            "allow_http": True,
            "allow_private_addresses": True,
            "timeout_s": 2,
        },
        "providers": {
            "huawei_vod": _huawei(planted, out.huawei),
            "alibaba_mps": _alibaba(planted, out.alibaba, "mps"),
            "alibaba_vod": _alibaba(planted, out.alibaba, "vod"),
            "tencent_smh": _smh(planted, out.smh),
            "webhook": _webhook(planted, out.receiver),
        },
    }
    return {f"FIRSTFRAME_{name.upper()}": json.dumps(each) for name, each in sections.items()}


def _pair(planted: Planted, name: str) -> list[str]:
    return [planted.draw_webhook(f"{name} new"), planted.draw_webhook(f"{name} old")]


def _keys(
    planted: Planted, name: str, add: Callable[..., object], *, token: bool = False
) -> dict[str, str]:
    """An access key that the fake knows, too."""
    keys = {
        "access_key": planted.draw(f"{name} access_key", plain=True),
        "secret_key": planted.draw(f"{name} secret_key"),
    }
    if token:
        keys["security_token"] = planted.draw(f"{name} security_token")
    add(**keys)
    return keys


def _usual(base_url: str) -> dict[str, Any]:
    return {
        "base_url": base_url,
        "allow_private_addresses": True,
        "timeout_s": 2,
        "calls_per_minute": _PER_MINUTE,
    }


def _huawei(planted: Planted, fake: Control) -> dict[str, Any]:
    def add(**keys: str) -> None:
        fake.do("add_account", project_id=PROJECT_ID, **keys)

    def named(name: str, *, token: bool = False) -> dict[str, str]:
        return _keys(planted, f"huawei {name}", add, token=token)

    usual = {**_usual(fake.url), "project_id": PROJECT_ID, "upload_hosts": [fake.host]}
    uploads = {**usual, "mode": "upload"}
    place = fake.do("hand_out_keys", project_id=PROJECT_ID)
    hidden = planted.draw("huawei credentials_url", plain=True)
    wrong = {**named("wrong"), "secret_key": planted.draw("huawei wrong secret_key")}
    return {
        "main": {**usual, **named("main")},
        "sts": {**uploads, **named("sts", token=True)},
        "token": {**uploads, **named("token"), "auth": "token", "iam_url": fake.url},
        "temporary": {**uploads, "credentials_url": f"{place}?key={hidden}"},
        "keyless": {**uploads, "credentials_url": f"{_NOWHERE}/keys?key={hidden}"},
        "wrong": {**uploads, **wrong},
        "down": {**uploads, **named("down"), "base_url": _NOWHERE},
    }


def _alibaba(planted: Planted, fake: Control, product: str) -> dict[str, Any]:
    def named(name: str, *, token: bool = False) -> dict[str, str]:
        def add(**keys: str) -> None:
            fake.do("add_account", **keys)

        return _keys(planted, f"alibaba {product} {name}", add, token=token)

    usual = _usual(fake.url)
    place = fake.do("hand_out_keys")
    secret = planted.draw(f"alibaba {product} wrong secret_key")
    link_hosts = {"link_hosts": [fake.host]} if product == "vod" else {}
    return {
        "main": {**usual, **link_hosts, **named("main")},
        "sts": {**usual, **link_hosts, **named("sts", token=True)},
        "rpc": {**usual, **link_hosts, **named("rpc", token=True), "signature": "rpc_v1"},
        "temporary": {**usual, **link_hosts, "credentials_url": place},
        "wrong": {**usual, **named("wrong"), "secret_key": secret},
        "down": {**usual, **named("down"), "base_url": _NOWHERE},
    }


def _smh(planted: Planted, vendor: SmhVendor) -> dict[str, Any]:
    usual = {
        **_usual(vendor.api_url),
        "library_id": LIBRARY,
        "library_secret": vendor.secret,
        "link_hosts": [vendor.storage_host],
    }
    secret = planted.draw("smh wrong library_secret")
    return {
        "main": usual,
        "beside": {**usual, "mode": "beside"},
        "label": {**usual, "mode": "label"},
        "wrong": {**usual, "mode": "beside", "library_secret": secret},
        "down": {**usual, "mode": "beside", "base_url": _NOWHERE},
    }


def _webhook(planted: Planted, receiver: Control) -> dict[str, Any]:
    secrets = _pair(planted, "webhook profile secrets")
    receiver.do("secrets", secrets=[*secrets, *planted.among("webhooks.secrets")])
    password = planted.draw("webhook profile password", plain=True)
    usual = {"secrets": secrets, "allow_private_addresses": True, "timeout_s": 2}
    hidden = planted.draw("webhook profile query", plain=True)
    return {
        "main": {**usual, "url": f"{receiver.url}/covers?key={hidden}"},
        "password": {**usual, "url": f"http://hook:{password}@{receiver.host}/covers"},
        "down": {**usual, "url": f"{_NOWHERE}/covers?key={hidden}"},
    }
