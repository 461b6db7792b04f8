"""The three vendors of the demo: which medium gets a cover at each, and how each is asked for it.

They are asked as any client of theirs would: by their own calls, signed, over HTTP.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from worker.commands.demo_account import DemoAccount
from worker.contracts.targets import VendorApi
from worker.net.alibaba import AlibabaClient
from worker.net.credentials import Fixed
from worker.net.huawei import HuaweiVodClient
from worker.net.vendor_calls import VendorHttp, Where, host_of

TIMEOUT_S: Final = 15


class Clients(NamedTuple):
    """Clients of the vendors' APIs, with the demo's account."""

    huawei: HuaweiVodClient
    alibaba: AlibabaClient
    project_id: str


class Look(NamedTuple):
    """A call that reads, as it goes over the wire, and the URL of the cover in its answer."""

    call: str
    url: str | None


class Vendor(NamedTuple):
    """A vendor, the sample whose cover it gets, and what it calls the medium."""

    name: VendorApi
    title: str
    file: str
    names_it: str
    looks: Callable[[Clients, str, str], tuple[Look, ...]]


def _at_huawei(clients: Clients, medium: str, image: str) -> tuple[Look, ...]:
    path = f"/v1.0/{clients.project_id}/asset/details"
    call = f"GET {path}?asset_id={medium}&categories=base_info"
    return (Look(call, clients.huawei.cover(medium).url),)


def _at_mps(clients: Clients, medium: str, image: str) -> tuple[Look, ...]:
    url = clients.alibaba.media_cover(medium).url
    return (Look(f"POST / QueryMediaList MediaIds={medium}", url),)


def _at_vod(clients: Clients, medium: str, image: str) -> tuple[Look, ...]:
    return (
        Look(f"POST / GetVideoInfo VideoId={medium}", clients.alibaba.video_cover(medium).url),
        Look(f"POST / GetImageInfo ImageId={image}", clients.alibaba.image(image).url),
    )


VENDORS: Final = (
    Vendor("huawei_vod", "Huawei VOD", "portrait.jpg", "asset_id", _at_huawei),
    Vendor("alibaba_mps", "Alibaba MPS", "h264.mp4", "media_id", _at_mps),
    Vendor("alibaba_vod", "Alibaba VOD", "far.png", "video_id", _at_vod),
)


@contextmanager
def clients_of(account: DemoAccount, base_url: str) -> Iterator[Clients]:
    """Clients that call `base_url` as each of the vendors."""
    where = Where((host_of(base_url),), https_only=False, allow_private_addresses=True)
    http = VendorHttp("the demo's vendor", where, timeout_s=TIMEOUT_S)
    supply, project_id = Fixed(account.key), account.info.project_id
    try:
        yield Clients(
            HuaweiVodClient(http, base_url, project_id, supply),
            AlibabaClient(http, base_url, supply),
            project_id,
        )
    finally:
        http.close()
