from datetime import UTC, datetime
from typing import Any

import pytest

from api.dialects.huawei_vod.views import CATEGORIES, Picture, details
from worker.contracts.catalogue import MediumCover, MediumLabels, MediumRecord
from worker.contracts.results import MediumInfo

CREATED_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
VIDEO = MediumInfo(
    kind="video",
    format="mov,mp4,m4a,3gp,3g2,mj2",
    codec="h264",
    width=1080,
    height=1920,
    duration_ms=12_345,
    bytes_total=1_234_500,
)


def _medium(probe: MediumInfo = VIDEO, **changes: Any) -> MediumRecord:
    fields = {
        "medium_id": "a" * 32,
        "tenant": "default",
        "source": "https://media.example/film/clip.mp4",
        "probe": probe,
        "created_at": CREATED_AT,
        "seen_at": CREATED_AT,
    }
    return MediumRecord.model_validate({**fields, **changes})


def _base_info(medium: MediumRecord, cover_url: str | None = None) -> dict[str, Any]:
    told = details(medium, cover_url=cover_url, pictures=(), categories=CATEGORIES)
    base: dict[str, Any] = told["base_info"]
    return base


def test_every_field_that_the_vendors_client_reads_is_there() -> None:
    base = _base_info(_medium(), "https://a/cover.jpg")

    assert base == {
        "title": "clip.mp4",
        "video_name": "clip.mp4",
        "description": "",
        "category_id": -1,
        "category_name": "",
        "create_time": "20260102030405",
        "last_modified": "20260102030405",
        "video_type": "MP4",
        "tags": "",
        "meta_data": {
            "pack_type": "MP4",
            "codec": "H.264",
            "audio_codec": "",
            "duration": 12,
            "duration_ms": 12_345,
            "video_size": 1_234_500,
            "width": 1080,
            "hight": 1920,
            "height": 1920,
            "bit_rate": 800,
            "frame_rate": 1,
            "quality": "FULL_HD",
            "audio_channels": 0,
        },
        "video_url": "https://media.example/film/clip.mp4",
        "sign_url": "",
        "cover_info_array": [{"cover_url": "https://a/cover.jpg"}],
        "subtitle_info": [],
        "source_path": {"bucket": "", "location": "", "object": ""},
        "output_path": {"bucket": "", "location": "", "object": ""},
    }


def test_what_clients_call_a_medium_is_told() -> None:
    labels = MediumLabels(title="A film", description="Of it", tags=("a", "b"), cate_id=7)

    base = _base_info(_medium(labels=labels))

    assert (base["title"], base["description"]) == ("A film", "Of it")
    assert (base["tags"], base["category_id"]) == ("a,b", 7)


def test_a_cover_that_was_set_changes_when_the_asset_was_modified() -> None:
    at = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
    cover = MediumCover(url="https://a/b.jpg", set_by="huawei_vod", set_at=at, fence=1)

    assert _base_info(_medium(cover=cover))["last_modified"] == "20260203040506"


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"duration_ms": 300}, "duration", 1),
        ({"duration_ms": None}, "duration", 0),
        ({"duration_ms": None}, "bit_rate", 0),
        ({"bytes_total": None}, "video_size", 0),
        ({"codec": "hevc"}, "codec", "H.265"),
        ({"codec": "vp9"}, "codec", "VP9"),
        ({"format": "matroska,webm"}, "pack_type", "MKV"),
        ({"format": "jpeg", "kind": "image"}, "pack_type", "JPEG"),
        ({"width": 3840, "height": 2160}, "quality", "4K"),
        ({"width": 320, "height": 240}, "quality", "FLUENT"),
    ],
)
def test_what_a_medium_is_is_told_in_the_vendors_words(
    changes: dict[str, Any], field: str, value: object
) -> None:
    base = _base_info(_medium(VIDEO.model_copy(update=changes)))

    assert base["meta_data"][field] == value


def test_a_source_that_is_no_url_is_no_video_url() -> None:
    base = _base_info(_medium(source="upl_01ARZ3NDEKTSV4RRFFQ69G5FAV"))

    assert base["video_url"] == ""


def test_pictures_stand_at_their_seconds() -> None:
    told = details(
        _medium(), cover_url=None, pictures=[Picture(3, "u")], categories=["thumbnail_info"]
    )

    assert told["thumbnail_info"]["sample"] == [{"offset": 3, "url": "u"}]
    assert told["thumbnail_info"]["thumbnail_status"] == "THUMBNAIL_SUCCEED"


def test_without_pictures_nothing_was_snapshotted() -> None:
    told = details(_medium(), cover_url=None, pictures=(), categories=CATEGORIES)

    assert told["thumbnail_info"]["thumbnail_status"] == "UN_THUMBNAIL"
    assert told["transcode_info"]["transcode_status"] == "UN_TRANSCODE"
    assert told["review_info"]["review_status"] == "UN_REVIEW"
    assert told["base_info"]["cover_info_array"] == []
