"""Where images of Alibaba VOD find their bytes: at the fake of the vendor."""

import base64
import json
from contextlib import ExitStack
from functools import partial
from typing import Any, Final

from tests.contract.source_places import Place
from tests.fakes.control import JSON, Control
from tests.fakes.running import ACCESS_KEY, SECRET_KEY
from tests.http_server import Behaviour, MediaServer
from worker.contracts.requests import VendorImageReference
from worker.ports import Reader
from worker.sources.alibaba_image import AlibabaImageSource

IMAGE_ID: Final = "bbc65bba53fed90de118a7849****".replace("*", "0")


def image_reference(image_id: str = IMAGE_ID) -> VendorImageReference:
    return VendorImageReference(provider="alibaba_vod", image_id=image_id)


def image_source(vendor: Control, **how: Any) -> AlibabaImageSource:
    """A source with a profile that fits the fake; `how` says what is different."""
    given: dict[str, Any] = {
        "base_url": vendor.url,
        "access_key": ACCESS_KEY,
        "secret_key": SECRET_KEY,
        "link_hosts": [vendor.host],
        "allow_private_addresses": True,
        "connect_timeout_s": 2,
        "stall_timeout_s": 2,
        "total_timeout_s": 10,
        "max_bytes": 8 * 1024 * 1024,
    }
    return AlibabaImageSource(**{**given, **how})


def tell_url(vendor: Control, url: str, *, times: int = 1, status: str = "Normal") -> None:
    """Let the fake tell another URL of the image."""
    told = {"ImageId": IMAGE_ID, "Status": status, "URL": url}
    body = json.dumps({"RequestId": "A", "ImageInfo": told})
    vendor.fault("GetImageInfo", "answer", status=200, body=body, headers=JSON, times=times)


def alibaba_place(
    vendor: Control, dripping: tuple[MediaServer, dict[str, Behaviour]], closing: ExitStack
) -> Place:
    """An image, whose URL leads to `dripping` when it is to drip."""
    make = partial(image_source, vendor)
    server, drips = dripping

    def put(body: bytes) -> VendorImageReference:
        vendor.do("add_image", image_id=IMAGE_ID, body_base64=base64.b64encode(body).decode())
        return image_reference()

    def drip(name: str) -> Reader:
        tell_url(vendor, server.serve("/image.jpg", drips[name]))
        host = f"127.0.0.1:{server.port}"
        return make(total_timeout_s=0.4, link_hosts=[host]).open(image_reference())

    return Place(
        lambda cap: make(max_bytes=cap), put, image_reference(IMAGE_ID[::-1]), closing, drip
    )
