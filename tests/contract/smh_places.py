"""Where albums and files of Tencent SMH find their medium: at the fake of the vendor."""

from contextlib import ExitStack
from functools import partial
from typing import Any

from tests.contract.source_places import Place
from tests.fakes.smh_vendor import SmhVendor
from tests.http_server import Behaviour, MediaServer
from tests.worker.sources.smh_reading import album, file, smh_source
from worker.ports import Reader
from worker.state.connection import connect
from worker.state.tokens import VendorTokens


def smh_place(
    kind: str,
    vendor: SmhVendor,
    redis_url: str,
    dripping: tuple[MediaServer, dict[str, Behaviour]],
    closing: ExitStack,
) -> Place:
    """An album, or a file in one, whose links lead to `dripping` when a medium is to drip."""
    client = closing.enter_context(connect(redis_url, timeout_s=5, connect_timeout_s=5))
    make = partial(smh_source, vendor, VendorTokens(client, vendor.secret))
    reference: Any = album() if kind == "album" else file("trip/clip.mp4")
    server, drips = dripping

    def put(body: bytes) -> Any:
        vendor.put("trip/clip.mp4", body, type="video")
        return reference

    def drip(name: str) -> Reader:
        put(b"." * 900_000)
        server.serve("/obj/1.bin", drips[name])
        vendor.faults.link_host = f"127.0.0.1:{server.port}"
        return make(total_timeout_s=0.4, link_hosts=[vendor.faults.link_host]).open(reference)

    missing = album("nowhere") if kind == "album" else file("trip/nothing.mp4")
    return Place(lambda cap: make(max_bytes=cap), put, missing, closing, drip)
