import time
from random import Random

import pytest

from tests.fakes.smh_vendor import SmhVendor
from tests.http_server import MediaServer, whole
from tests.worker.sources.smh_reading import SmhOpener, album, file, read_whole
from worker.errors import SourceError

KIB = 1024
BODY = Random(5).randbytes(700 * KIB + 3)


@pytest.fixture
def vendor(smh: SmhOpener) -> SmhVendor:
    """The fake with one video in an album."""
    smh.vendor.put("trip/a.mp4", BODY, type="video", fields={"versionId": "v1"})
    return smh.vendor


@pytest.mark.usefixtures("vendor")
def test_a_video_is_read_by_ranges_of_its_link(smh: SmhOpener) -> None:
    reader = smh(album())

    assert reader.read(600_000, 1000) == BODY[600_000:601_000]
    assert reader.size_bytes == len(BODY)
    assert reader.bytes_read < 200 * KIB
    assert smh.vendor.calls["file"] == 0


@pytest.mark.parametrize("fault", ["no_link", "gives_bytes"])
def test_without_a_link_the_download_leads_to_the_bytes(
    smh: SmhOpener, vendor: SmhVendor, fault: str
) -> None:
    vendor.faults.no_link = True
    setattr(vendor.faults, fault, True)

    reader = smh(album())

    assert read_whole(reader) == BODY
    assert reader.size_bytes == len(BODY)
    assert vendor.calls["storage"] == (0 if fault == "gives_bytes" else vendor.calls["storage"])


def test_storage_without_ranges_is_read_forward(smh: SmhOpener, vendor: SmhVendor) -> None:
    vendor.faults.no_ranges = True

    assert read_whole(smh(album())) == BODY
    assert vendor.calls["storage"] == 1


@pytest.mark.usefixtures("vendor")
def test_storage_never_sees_a_token_a_cookie_or_another_host(smh: SmhOpener) -> None:
    read_whole(smh(album()))

    for seen in smh.vendor.of_kind("storage"):
        assert seen.headers["host"] == smh.vendor.storage_host
        assert "access_token" not in seen.target
        assert not {"authorization", "cookie", "referer"} & set(seen.headers)


@pytest.mark.parametrize("no_link", [False, True], ids=["info", "redirect"])
def test_an_expired_link_is_replaced_and_reading_goes_on_where_it_was(
    smh: SmhOpener, vendor: SmhVendor, no_link: bool
) -> None:
    vendor.faults.links_last, vendor.faults.no_link = 2, no_link
    reader = smh(album())

    assert read_whole(reader) == BODY
    assert reader.bytes_read == len(BODY)
    assert vendor.calls["info"] == 1 + (vendor.calls["storage"] - 1) // 3
    assert vendor.calls["directory"] == 1


@pytest.mark.usefixtures("vendor")
def test_a_link_that_is_refused_at_once_is_replaced_only_once(smh: SmhOpener) -> None:
    smh.vendor.faults.links_last = 0

    assert smh.failure(album()).code == "source.forbidden"
    assert smh.vendor.calls["info"] == 2
    assert smh.vendor.calls["storage"] == 2


def test_a_medium_replaced_in_mid_read_is_told(smh: SmhOpener, vendor: SmhVendor) -> None:
    vendor.faults.replaces_on = 3

    assert smh.failure(album()).code == "source.changed"


def test_a_medium_replaced_before_its_new_link_is_told(smh: SmhOpener, vendor: SmhVendor) -> None:
    vendor.faults.links_last = 1
    reader = smh(album())
    vendor.put("trip/a.mp4", BODY[::-1], type="video")

    with pytest.raises(SourceError) as caught:
        read_whole(reader)

    assert caught.value.code == "source.changed"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        pytest.param({"crc64": "1"}, "CRC-64", id="crc64"),
        pytest.param({"size": "700"}, "length", id="length"),
        pytest.param({"eTag": '"other"'}, "ETag", id="etag"),
    ],
)
@pytest.mark.parametrize("no_ranges", [False, True], ids=["ranges", "whole"])
def test_bytes_that_are_not_those_told_are_refused(
    smh: SmhOpener, fields: dict[str, str], told: str, no_ranges: bool
) -> None:
    smh.vendor.put("trip/a.jpg", BODY, fields=fields)
    smh.vendor.faults.no_ranges = no_ranges

    error = smh.failure(file())

    assert error.code == "source.changed"
    assert told in error.message


@pytest.mark.parametrize("crc64", ["-1", 18446744073709551615])
def test_a_checksum_may_be_told_as_a_negative_number(smh: SmhOpener, crc64: str | int) -> None:
    """What -1 stands for is 2**64 - 1, and no medium at hand has that."""
    smh.vendor.put("trip/a.jpg", BODY, fields={"crc64": crc64})

    assert "CRC-64" in smh.failure(file()).message


def test_a_part_of_a_medium_is_not_checked(smh: SmhOpener) -> None:
    smh.vendor.put("trip/a.jpg", BODY, fields={"crc64": "1"})

    assert smh(file()).read(0, 1000) == BODY[:1000]


def test_sizes_may_be_numbers(smh: SmhOpener, vendor: SmhVendor) -> None:
    vendor.faults.numbers = True

    assert read_whole(smh(album())) == BODY


def test_an_empty_file_is_told_without_fetching_it(smh: SmhOpener) -> None:
    smh.vendor.put("trip/a.jpg", b"")

    assert smh.failure(file()).code == "source.empty"
    assert smh.vendor.calls["storage"] == 0


def test_a_fingerprint_names_the_content(smh: SmhOpener, vendor: SmhVendor) -> None:
    first = smh(album()).fingerprint

    assert first == smh(file("trip/a.mp4")).fingerprint
    assert first is not None
    vendor.put("trip/a.mp4", BODY[:-1], type="video", fields={"versionId": "v2"})
    assert first != smh(album()).fingerprint


def test_without_version_and_etag_there_is_no_fingerprint(smh: SmhOpener) -> None:
    smh.vendor.put("trip/a.jpg", b"x", fields={"eTag": None})

    assert smh(file()).fingerprint is None


def test_a_link_to_a_host_that_is_not_listed_is_not_followed(smh: SmhOpener) -> None:
    smh.vendor.put("trip/a.jpg")

    error = smh.failure(file(), link_hosts=[".tencentsmhuc.cn"])

    assert error.code == "source.url_not_allowed"
    assert smh.vendor.storage_host in error.message
    assert "q-sign" not in str(error)
    assert smh.vendor.calls["storage"] == 0


def test_storage_may_not_redirect_to_a_host_that_is_not_listed(
    smh: SmhOpener, vendor: SmhVendor, media_server: MediaServer
) -> None:
    vendor.faults.redirect_to = media_server.serve("/inside", whole(b"canary"))

    error = smh.failure(album())

    assert error.code == "source.url_not_allowed"
    assert "link_hosts" in error.message
    assert vendor.faults.redirect_to.removesuffix("/inside") in error.message
    assert vendor.storage_host not in error.message
    assert media_server.seen == []


def test_storage_that_redirects_in_a_circle_is_left(smh: SmhOpener, vendor: SmhVendor) -> None:
    vendor.faults.redirect_to = "/obj/1.bin"

    assert smh.failure(album()).code == "source.redirects"


def test_private_addresses_are_closed_unless_the_profile_opens_them(smh: SmhOpener) -> None:
    assert smh.failure(album(), allow_private_addresses=False).code == "source.address_blocked"
    assert smh.vendor.seen == []


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (404, "NoSuchKey", "source.not_found"),
        (400, "InvalidArgument", "source.rejected"),
        (403, "RequestTimeTooSkewed", "source.forbidden"),
        (503, "SlowDown", "source.server_error"),
    ],
)
def test_an_error_of_storage_means_its_status_and_tells_its_word(
    smh: SmhOpener, vendor: SmhVendor, status: int, code: str, expected: str
) -> None:
    vendor.faults.storage = [(status, code)] * 3
    vendor.faults.storage_retry_after = "0"

    error = smh.failure(album())

    assert error.code == expected
    assert error.message == f"The source's server answered with status {status} {code}."


def test_an_odd_word_of_storage_is_not_told(smh: SmhOpener, vendor: SmhVendor) -> None:
    vendor.faults.storage = [(400, "<b>canary</b>")]

    assert smh.failure(album()).message == "The source's server answered with status 400."


@pytest.mark.parametrize(
    ("status", "code"), [(503, "SlowDown"), (429, "TooManyRequests"), (500, "InternalError")]
)
def test_storage_that_asks_for_patience_gets_it(
    smh: SmhOpener, vendor: SmhVendor, status: int, code: str
) -> None:
    vendor.faults.storage = [(status, code)] * 2
    vendor.faults.storage_retry_after = "0"

    assert read_whole(smh(album())) == BODY
    assert vendor.calls["info"] == 1


def test_patience_with_storage_is_part_of_the_time_for_all(
    smh: SmhOpener, vendor: SmhVendor
) -> None:
    vendor.faults.storage = [(503, "SlowDown")]
    vendor.faults.storage_retry_after = "60"

    error = smh.failure(album())

    assert (error.code, error.delay_s) == ("source.server_error", 60)
    assert vendor.calls["storage"] == 1


def test_a_body_that_drips_ends_with_the_time_for_all(smh: SmhOpener, vendor: SmhVendor) -> None:
    vendor.faults.drips_s = 0.05
    started_s = time.monotonic()

    assert smh.failure(album(), total_timeout_s=0.6).code == "source.timeout"
    assert time.monotonic() - started_s < 2
