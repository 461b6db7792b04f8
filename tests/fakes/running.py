"""Fixtures: each vendor's fake in a thread, with one account, ready to be called and controlled."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest

from tests.fakes.alibaba import Alibaba
from tests.fakes.control import Control
from tests.fakes.hosting import in_process
from tests.fakes.huawei_vod import HuaweiVod
from tests.fakes.server import in_thread
from tests.fakes.webhook_receiver import WebhookReceiver

ACCESS_KEY: Final = "AKFAKE0000000001"
SECRET_KEY: Final = "secret-canary-0001"
PROJECT_ID: Final = "0123456789abcdef0123456789abcdef"
WEBHOOK_SECRET: Final = "whsec_" + "c2VjcmV0LWNhbmFyeS0wMDAxLXNlY3JldC1jYW5hcnk="
MODULES: Final = {
    "huawei_vod": "tests.fakes.huawei_vod",
    "alibaba": "tests.fakes.alibaba",
    "webhook": "tests.fakes.webhook_receiver",
}


@contextmanager
def own_process(vendor: str) -> Iterator[Control]:
    """A fake of `MODULES` as a program of its own, with one account."""
    with in_process(MODULES[vendor]) as address:
        yield with_account(Control(*address), vendor)


def with_account(control: Control, vendor: str) -> Control:
    """Give a fake that has just started the account that the fixtures have."""
    keys: dict[str, Any] = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
    prepare: dict[str, Callable[[], object]] = {
        "huawei_vod": lambda: control.do("add_account", project_id=PROJECT_ID, **keys),
        "alibaba": lambda: control.do("add_account", **keys),
        "webhook": lambda: control.do("secrets", secrets=[WEBHOOK_SECRET]),
    }
    prepare[vendor]()
    return control


@pytest.fixture
def huawei_vod() -> Iterator[Control]:
    """A fake of Huawei VOD with one account and no assets."""
    with in_thread(HuaweiVod()) as address:
        yield with_account(Control(*address), "huawei_vod")


@pytest.fixture
def alibaba() -> Iterator[Control]:
    """A fake of Alibaba MPS and VOD with one account and no media."""
    with in_thread(Alibaba()) as address:
        yield with_account(Control(*address), "alibaba")


@pytest.fixture
def webhook_receiver() -> Iterator[Control]:
    """A receiver of webhooks that knows one secret."""
    with in_thread(WebhookReceiver()) as address:
        yield with_account(Control(*address), "webhook")
