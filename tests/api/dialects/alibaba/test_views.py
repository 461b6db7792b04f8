"""Media and pictures in the vendor's fields, whatever they are."""

from datetime import UTC, datetime
from typing import get_args

import pytest

from api.dialects.alibaba.views import ImageLinks, image_view, medium_view, video_view
from worker.contracts.catalogue import (
    ImageRecord,
    ImageStatus,
    ImageType,
    MediumLabels,
    MediumRecord,
)
from worker.contracts.results import MediumInfo

AT = datetime(2018, 11, 21, 2, 37, 23, 999_000, UTC)
# As the page of GetImageInfo has them, but for "All", which is no type of one image.
TYPES = {"CoverSnapshot", "NormalSnapshot", "SpriteSnapshot", "SpriteOriginSnapshot"}
STATES = {"Uploading", "Normal", "UploadFail"}


def image(type_: ImageType = "NormalSnapshot", status: ImageStatus = "Normal") -> ImageRecord:
    return ImageRecord(
        image_id="0" * 32,
        tenant="default",
        label="snapshots/snapshot-001",
        type=type_,
        title="this is a sample",
        status=status,
        bytes=8932,
        width=200,
        height=100,
        created_at=AT,
        key="snapshots/ab/cd.gif",
        job="job_0",
    )


def medium(probe: MediumInfo, **fields: object) -> MediumRecord:
    told = {"source": "lake.jpg", "created_at": AT, "seen_at": AT, **fields}
    return MediumRecord.model_validate(
        {"medium_id": "0" * 32, "tenant": "default", "probe": probe, **told}
    )


def test_types_and_states_are_those_of_the_page() -> None:
    assert set(get_args(ImageType)) == TYPES
    assert set(get_args(ImageStatus)) == STATES


@pytest.mark.parametrize("type_", sorted(TYPES))
def test_every_type_of_picture_is_told_by_the_pages_word(type_: ImageType) -> None:
    links = ImageLinks("http://cdn/a.gif", "http://bucket/a.gif", "bucket")

    told = image_view(image(type_), MediumLabels(tags=("tag1", "tag2"), cate_id=254766071), links)

    assert told["ImageType"] == type_
    assert told["CreationTime"] == "2018-11-21T02:37:23Z"
    assert (told["Tags"], told["CateId"]) == ("tag1,tag2", 254766071)
    assert (told["URL"], told["StorageLocation"]) == ("http://cdn/a.gif", "bucket")
    assert told["Mezzanine"] == {
        "FileURL": "http://bucket/a.gif",
        "OriginalFileName": "cd.gif",
        "Width": 200,
        "Height": 100,
        "FileSize": "8932",
    }


def test_a_photo_has_no_duration_and_no_bitrate() -> None:
    photo = medium(MediumInfo(kind="image", format="jpeg", codec="jpeg", width=4, height=3))

    listed = medium_view(photo, cover_url="", picture_urls=(), with_media_info=True)
    video = video_view(photo, cover_url="", picture_urls=(), bucket="bucket")

    assert (listed["Duration"], listed["Bitrate"], listed["Size"]) == ("", "", "")
    assert (listed["Title"], listed["File"]["URL"]) == ("lake.jpg", "")
    assert (video["Duration"], video["Size"]) == (0, 0)


def test_the_bitrate_is_in_kbit_a_second() -> None:
    probe = MediumInfo(
        kind="video",
        format="mov,mp4",
        codec="h264",
        width=4,
        height=3,
        duration_ms=8000,
        bytes_total=1_000_000,
    )

    listed = medium_view(medium(probe), cover_url="", picture_urls=(), with_media_info=False)

    assert (listed["Bitrate"], listed["Duration"]) == ("1000.000", "8.000000")
    assert (listed["Size"], listed["Format"]) == ("1000000", "mov")


def test_an_empty_title_is_told_as_it_was_set() -> None:
    probe = MediumInfo(kind="image", format="jpeg", codec="jpeg", width=4, height=3)
    named = medium(probe, labels=MediumLabels(title=""))
    assert video_view(named, cover_url="", picture_urls=(), bucket="b")["Title"] == ""
