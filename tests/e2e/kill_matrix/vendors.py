"""What a vendor's fake is told before a run and asked after it, in the same words for each."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from tests.fakes.control import Control
from tests.fakes.running import ACCESS_KEY, PROJECT_ID, SECRET_KEY
from worker.contracts.records import RecordedCover
from worker.contracts.targets import (
    AlibabaMpsTarget,
    AlibabaVodTarget,
    HuaweiVodTarget,
    Target,
)
from worker.rules.keys import public_key

UNLIMITED_PER_MINUTE: Final = 600_000
AGES: Final = ("older", "newer")


class Vendor(NamedTuple):
    """A fake with its two calls by what they are for; `add` makes a medium.

    It gives the addresses that may become its cover, an older and a newer one. Who uploads looks
    once before: `shows_digest`, since the vendor's own address tells nothing.
    """

    fake: Control
    write: str
    read: str
    target: Callable[[str], Target]
    add: Callable[[str], list[str]]
    shows_digest: bool = False

    def hold(self, call: str, when: str, target: str) -> None:
        """Hold the `write` of a target or the `read` that follows it."""
        if call == "write":
            self.fake.hold(self.write, when, target=target)
        else:
            self.fake.hold(self.read, when, target=target, skip=int(self.shows_digest))

    def named(self, cover: RecordedCover) -> str | None:
        """What the fake's journal calls a cover."""
        return f"sha256:{cover.sha256}" if self.shows_digest else cover.url


def vendors_of(huawei: Control, alibaba: Control) -> Mapping[str, Vendor]:
    """All vendors by the names of `cases.VENDORS`."""

    def asset(profile: str) -> Callable[[str], Target]:
        return lambda name: HuaweiVodTarget(provider="huawei_vod", profile=profile, asset_id=name)

    def add_asset(name: str) -> list[str]:
        urls: list[str] = huawei.do("add_asset", asset_id=name, project_id=PROJECT_ID)
        return urls[:2]

    def adds(command: str, field: str) -> Callable[[str], list[str]]:
        def add(name: str) -> list[str]:
            alibaba.do(command, **{field: name})
            return [f"http://covers.example/{name}/{age}.jpg" for age in AGES]

        return add

    return {
        "huawei-url": Vendor(huawei, "set_cover", "asset_details", asset("url"), add_asset),
        "huawei-upload": Vendor(
            huawei, "upload_cover", "asset_details", asset("upload"), add_asset, shows_digest=True
        ),
        "alibaba-mps": Vendor(
            *(alibaba, "UpdateMediaCover", "QueryMediaList"),
            lambda name: AlibabaMpsTarget(provider="alibaba_mps", media_id=name),
            adds("add_medium", "media_id"),
        ),
        "alibaba-vod": Vendor(
            *(alibaba, "UpdateVideoInfo", "GetVideoInfo"),
            lambda name: AlibabaVodTarget(provider="alibaba_vod", video_id=name),
            adds("add_video", "video_id"),
        ),
    }


def profiles_of(huawei: Control, alibaba: Control, *, timeout_s: float) -> dict[str, Any]:
    """The section `providers` of the settings."""
    usual = {
        "access_key": ACCESS_KEY,
        "secret_key": SECRET_KEY,
        "calls_per_minute": UNLIMITED_PER_MINUTE,
        "reads_per_minute": UNLIMITED_PER_MINUTE,
        "allow_private_addresses": True,
        "timeout_s": timeout_s,
    }
    by_url = {**usual, "base_url": huawei.url, "project_id": PROJECT_ID}
    by_upload = {**by_url, "mode": "upload", "upload_hosts": [huawei.host]}
    at_alibaba = {"main": {**usual, "base_url": alibaba.url}}
    return {
        "huawei_vod": {"url": by_url, "upload": by_upload},
        "alibaba_mps": at_alibaba,
        "alibaba_vod": at_alibaba,
    }


def picture_of(name: str, age: str) -> bytes:
    """What a cover's file holds: of each its own."""
    return f"{name} {age}".encode()


def cover_of(name: str, age: str, url: str) -> RecordedCover:
    """A stored cover, shown at `url`."""
    picture = picture_of(name, age)
    digest = hashlib.sha256(picture).hexdigest()
    return RecordedCover(
        key=public_key("covers", digest, "jpg"),
        url=url,
        content_type="image/jpeg",
        bytes=len(picture),
        sha256=digest,
        width=640,
        height=640,
    )
