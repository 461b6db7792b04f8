from collections.abc import Iterator
from contextlib import ExitStack
from random import Random
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.contract.alibaba_places import image_reference, image_source, tell_url
from tests.fakes.control import Control
from tests.fakes.running import SECRET_KEY
from tests.http_server import MediaServer, in_turn, ranges, redirect, status, whole
from worker.errors import SourceError
from worker.ports import Reader

PICTURE = Random(6).randbytes(900_011)
CANARY = "?OSSAccessKeyId=canary&Expires=1&Signature=canary"


class Opener:
    """Opens the image at the fake, whose bytes are at the media server."""

    def __init__(self, vendor: Control, server: MediaServer, closing: ExitStack) -> None:
        self.vendor, self.server, self._closing = vendor, server, closing
        self.host = f"127.0.0.1:{server.port}"

    def __call__(self, **how: Any) -> Reader:
        reader = image_source(self.vendor, **{"link_hosts": [self.host], **how}).open(
            image_reference()
        )
        self._closing.callback(reader.close)
        return reader

    def failure(self, **how: Any) -> SourceError:
        with pytest.raises(SourceError) as caught:
            self(**how)
        return caught.value


@pytest.fixture
def open_image(alibaba: Control, media_server: MediaServer) -> Iterator[Opener]:
    with ExitStack() as closing:
        yield Opener(alibaba, media_server, closing)


def test_the_url_of_storage_is_asked_for_and_read_by_ranges(open_image: Opener) -> None:
    server = open_image.server
    tell_url(open_image.vendor, server.serve("/o/a.jpg", ranges(PICTURE)) + CANARY)

    reader = open_image()

    assert reader.read(500_000, 1000) == PICTURE[500_000:501_000]
    assert reader.bytes_read < 300_000
    assert (reader.label, reader.requests) == (f"alibaba_vod:{image_reference().image_id}", 3)
    assert [seen.path for seen in server.seen] == ["/o/a.jpg" + CANARY] * 2


def test_an_image_is_asked_for_and_then_read(alibaba: Control) -> None:
    alibaba.do("add_image", image_id=image_reference().image_id, body_base64="QUJD")

    image_source(alibaba).open(image_reference()).close()

    calls = [entry["call"] for entry in alibaba.journal()]
    assert calls == ["GetImageInfo", "read_file"]


def test_the_fingerprint_does_not_change_with_the_signature(open_image: Opener) -> None:
    url = open_image.server.serve("/o/a.jpg", ranges(PICTURE))
    found = set()
    for signature in ("one", "two"):
        tell_url(open_image.vendor, f"{url}?Expires=1&OSSAccessKeyId=a&Signature={signature}")
        found.add(open_image().fingerprint)

    assert len(found) == 1
    [fingerprint] = found
    assert fingerprint is not None
    assert "Signature" not in fingerprint


def test_a_link_that_has_ended_is_asked_for_again(open_image: Opener) -> None:
    server, good = open_image.server, ranges(PICTURE)
    ending = server.serve("/o/ending.jpg", in_turn(good, status(403)))
    fresh = server.serve("/o/fresh.jpg", good)
    tell_url(open_image.vendor, ending)
    reader = open_image()
    tell_url(open_image.vendor, fresh)

    assert reader.read(500_000, 1000) == PICTURE[500_000:501_000]
    assert [seen.path for seen in server.seen] == ["/o/ending.jpg"] * 2 + ["/o/fresh.jpg"]


def test_a_new_link_to_other_bytes_is_a_change(open_image: Opener) -> None:
    server = open_image.server
    first = ranges(PICTURE)
    tell_url(open_image.vendor, server.serve("/o/a.jpg", in_turn(first, status(403))))
    reader = open_image()
    other = server.serve("/o/b.jpg", ranges(PICTURE[::-1], etag='"two"'))
    tell_url(open_image.vendor, other)

    with pytest.raises(SourceError) as caught:
        reader.read(500_000, 1000)

    assert caught.value.code == "source.changed"


@pytest.mark.parametrize(
    ("image_status", "url", "word"),
    [("Uploading", "http://b.example/a.jpg", "still being uploaded"), ("Normal", "", "no URL")],
)
def test_an_image_that_is_not_there_yet_is_not_found(
    open_image: Opener, image_status: str, url: str, word: str
) -> None:
    tell_url(open_image.vendor, url, status=image_status)

    error = open_image.failure()

    assert error.code == "source.not_found"
    assert word in error.message


def test_an_unknown_image_is_not_found(open_image: Opener) -> None:
    assert open_image.failure().code == "source.not_found"


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("InvalidAccessKeyId.NotFound", "source.forbidden"),
        ("Forbidden", "source.forbidden"),
        ("InvalidParameter", "source.rejected"),
    ],
)
def test_a_refusal_is_told_by_its_kind(open_image: Opener, word: str, code: str) -> None:
    open_image.vendor.fault("GetImageInfo", "error", code=word, times=9)

    assert open_image.failure().code == code


@pytest.mark.parametrize("how", ["reset", "answer"])
def test_what_may_pass_is_asked_again(open_image: Opener, how: str) -> None:
    vendor = open_image.vendor
    vendor.fault("GetImageInfo", how, status=503, headers={"Retry-After": "0"})
    vendor.do("add_image", image_id=image_reference().image_id, body_base64="QUJD")

    reader = open_image(link_hosts=[vendor.host])

    assert reader.read(0, 10) == b"ABC"


def test_a_vendor_that_is_silent_is_left_in_time(open_image: Opener) -> None:
    open_image.vendor.fault("GetImageInfo", "slow", seconds=20, times=9)

    assert open_image.failure(total_timeout_s=0.5).code == "source.server_error"


def test_links_lead_where_the_profile_says_and_nowhere_else(open_image: Opener) -> None:
    server = open_image.server
    tell_url(open_image.vendor, server.serve("/o/a.jpg", whole(PICTURE)))

    error = open_image.failure(link_hosts=[".aliyuncs.com"])

    assert error.code == "source.url_not_allowed"
    assert "link_hosts" in error.message
    assert server.seen == []


def test_a_redirect_leads_nowhere_else_either(open_image: Opener) -> None:
    server = open_image.server
    elsewhere = server.serve("/b.jpg", whole(PICTURE)).replace("127.0.0.1", "localhost")
    tell_url(open_image.vendor, server.serve("/o/a.jpg", redirect(elsewhere)))

    assert open_image.failure().code == "source.url_not_allowed"


def test_no_credentials_go_to_storage_or_into_errors(open_image: Opener) -> None:
    server = open_image.server
    tell_url(open_image.vendor, server.serve("/o/a.jpg", status(404)) + CANARY)

    error = open_image.failure()

    assert "canary" not in f"{error}{error!r}"
    assert not any("authorization" in seen.headers for seen in server.seen)
    assert SECRET_KEY not in repr(image_source(open_image.vendor))
    assert parse_qs(server.seen[0].path.partition("?")[2])["Signature"] == ["canary"]
