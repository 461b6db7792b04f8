"""The demo's covers at vendors: recorded, read back and told; its checks must be able to fail."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image

from tests.browser import chromium
from worker.commands.demo import cover_sample, opened
from worker.commands.demo_account import draw_account
from worker.commands.demo_media import SAMPLES, make_media
from worker.commands.demo_receiver import receiving
from worker.commands.demo_recorded import Recorded, check_recorded, ledger_line
from worker.commands.demo_recorded_board import PICTURE_PX
from worker.commands.demo_records import Courier, record_at
from worker.commands.demo_sheet import write_sheet
from worker.commands.demo_vendors import VENDORS, Vendor, clients_of

CALLS = (
    "PUT /v1.0/",
    "GET /v1.0/",
    "POST / UpdateMediaCover ",
    "POST / QueryMediaList ",
    "POST / UpdateVideoInfo ",
    "POST / GetVideoInfo ",
    "POST / GetImageInfo ",
)


class Recording:
    """A courier over an instance that is its own vendor; the samples are covered there once."""

    def __init__(self, courier: Courier, folder: Path) -> None:
        self.courier = courier
        self.folder = folder
        wanted = {vendor.file for vendor in VENDORS}
        self.jobs = {
            sample.file: cover_sample(courier.client, sample, folder)[0].job
            for sample in SAMPLES
            if sample.file in wanted
        }

    def at(self, vendor: Vendor) -> tuple[Recorded | None, list[str]]:
        """A cover at a vendor and its mistakes."""
        return record_at(self.courier, vendor, self.jobs[vendor.file], self.folder)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recording]:
    folder = tmp_path_factory.mktemp("recorded")
    make_media(folder / "media")
    with opened(folder / "data", "--workers", "1") as courier:
        yield Recording(courier, folder)


@pytest.fixture(scope="module")
def covers(recording: Recording) -> list[Recorded]:
    """A cover at each vendor, without mistakes."""
    made = []
    for vendor in VENDORS:
        cover, mistakes = recording.at(vendor)
        assert mistakes == []
        assert cover is not None
        made.append(cover)
    return made


@pytest.fixture
def cover(covers: list[Recorded]) -> Recorded:
    """One whose parts a test may replace."""
    return covers[-1]


def test_each_vendor_shows_the_cover_of_its_job(covers: list[Recorded]) -> None:
    assert [cover.vendor.name for cover in covers] == ["huawei_vod", "alibaba_mps", "alibaba_vod"]
    for cover in covers:
        assert {look.url for look in cover.looks} == {cover.record["cover"]["url"]}
        assert ledger_line(cover).startswith("recorded, verified, attempts 1, fence ")
        with Image.open(cover.picture) as picture:
            assert picture.size == (512, 512)


def test_a_second_cover_at_a_vendor_is_newer(recording: Recording, covers: list[Recorded]) -> None:
    again, mistakes = recording.at(covers[0].vendor)

    assert mistakes == []
    assert again is not None
    assert again.record["fence"] > covers[0].record["fence"]


def _with(part: str, **values: Any) -> Callable[[Recorded], Recorded]:
    """The cover with other values in one of its parts."""

    def changed(cover: Recorded) -> Recorded:
        parts: dict[str, Any] = {part: {**getattr(cover, part), **values}}
        return cover._replace(**parts)

    return changed


def _other_result(**values: Any) -> Callable[[Recorded], Recorded]:
    return lambda cover: _with("record", result={**cover.record["result"], **values})(cover)


def _other_cover(**values: Any) -> Callable[[Recorded], Recorded]:
    return lambda cover: _with("record", cover={**cover.record["cover"], **values})(cover)


def _other_medium(**values: Any) -> Callable[[Recorded], Recorded]:
    return lambda cover: _with("medium", cover={**cover.medium["cover"], **values})(cover)


def _other_look(cover: Recorded) -> Recorded:
    *others, look = cover.looks
    return cover._replace(looks=(*others, look._replace(url="http://127.0.0.1/other.jpg")))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (_with("record", state="superseded"), "the record is superseded"),
        (_other_result(verified=False), "nobody saw the vendor show it"),
        (_other_result(request_id=None), "the ledger has no request id"),
        (_other_look, "tells http://127.0.0.1/other.jpg, not http://"),
        (_other_cover(sha256="0" * 64), "other bytes are at the URL"),
        (_with("would_send", parameters={"CoverURL": "other"}), "a dry run would send"),
        (_other_medium(set_by="firstframe"), "set by firstframe"),
        (_other_medium(fence=0), "what was set before the record was asked for"),
        (_with("medium", cover=None), "our medium shows None, set by None"),
        (_with("image", is_cover=False), "our picture is no cover"),
        (lambda cover: cover._replace(told=(cover.told[0], None)), "was not told of each end"),
    ],
    ids=[
        *("state", "not verified", "no request id", "other URL", "other bytes", "other dry run"),
        *("other setter", "older cover", "no cover", "no picture", "not told"),
    ],
)
def test_what_is_not_right_is_told(
    cover: Recorded, changed: Callable[[Recorded], Recorded], said: str
) -> None:
    (mistake,) = check_recorded(changed(cover))

    assert said in mistake


def test_a_target_that_is_refused_is_a_mistake_and_no_cover(recording: Recording) -> None:
    cover, mistakes = recording.at(VENDORS[0]._replace(names_it="media_id"))

    assert cover is None
    (mistake,) = mistakes
    assert mistake.startswith("huawei_vod: ")
    assert "422" in mistake


def test_an_account_that_the_vendor_does_not_know_reads_nothing_back(recording: Recording) -> None:
    courier = recording.courier
    base_url = str(courier.client.base_url).rstrip("/")
    with clients_of(draw_account(), base_url) as strangers:
        asked = courier._replace(vendors=strangers)
        vendor = VENDORS[1]
        cover, mistakes = record_at(asked, vendor, recording.jobs[vendor.file], recording.folder)

    assert cover is None
    (mistake,) = mistakes
    assert "InvalidAccessKeyId" in mistake


def test_a_message_that_is_not_signed_is_not_taken() -> None:
    body = {"type": "job.succeeded", "data": {"job": "job_1"}}
    with receiving() as receiver:
        answer = httpx2.post(receiver.url, json=body, trust_env=False)

        assert answer.status_code == 401
        assert receiver.message("job.succeeded", "job_1", within_s=0) is None


@pytest.mark.chromium
def test_the_page_shows_each_cover_with_what_was_called_read_and_told(
    covers: list[Recorded], recording: Recording, tmp_path: Path
) -> None:
    page_file, picture = write_sheet([], None, recording.folder, covers)
    with chromium(tmp_path / "profile") as page:
        page.open(page_file.as_uri())
        loaded = page.value("[...document.images].map(image => image.naturalWidth)")
        too_wide = page.value("document.documentElement.scrollWidth > innerWidth")
        lines = page.value("[...document.querySelectorAll('dd')].map(line => line.textContent)")

    assert loaded == [512] * 3
    assert not too_wide
    for cover in covers:
        assert cover.url in lines
        assert ledger_line(cover) in lines
    for call in CALLS:
        assert any(line.startswith(call) for line in lines), call
    with Image.open(picture) as sheet:
        assert sheet.height > 3 * PICTURE_PX
