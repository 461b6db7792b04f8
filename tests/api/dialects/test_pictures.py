"""Pictures of a medium are the newest of each type, however they were read, and each has a link."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from ulid import ULID

from api.dialects.pictures import MOST_PICTURES, link, pictures_in, pictures_of
from tests.worker.state.parts import Parts
from tests.worker.state.pictures import PROBE, URL
from worker.contracts.catalogue import ImageRecord, ImageStatus, ImageType
from worker.rules.keys import private_key, public_key
from worker.state.images import SHOWN_TYPES, ImageFilters, ImageRecords
from worker.state.media import MediumRecords, Sighting
from worker.stores.local import LocalStore

MEDIUM, AT = "a" * 32, datetime(2026, 5, 4, tzinfo=UTC)
DIGEST = "ab" + "0" * 62
PUBLIC, PRIVATE = public_key("covers", DIGEST, "jpg"), private_key("acme", DIGEST, "jpg")


def picture(number: int, type_: ImageType, status: ImageStatus) -> ImageRecord:
    return ImageRecord(
        image_id=f"{number:032x}",
        tenant="default",
        label=f"covers/{number}",
        type=type_,
        title="one",
        status=status,
        created_at=AT,
        key=f"covers/{number}.jpg" if status == "Normal" else None,
        medium_id=MEDIUM,
        job=f"job_{ULID.from_int(number)}",
    )


@pytest.mark.parametrize("count", [0, 3, MOST_PICTURES, MOST_PICTURES + 20])
def test_of_each_type_the_newest_are_listed_however_they_were_read(
    one_redis_url: str, count: int
) -> None:
    redis = Parts(one_redis_url).redis
    images, media = ImageRecords(redis), MediumRecords(redis)
    sighting = Sighting(MEDIUM, URL, PROBE, None, of_library=False)
    media.see("default", sighting, AT)
    for number in range(count):
        images.restore(picture(2 * number, "CoverSnapshot", "Normal"))
    for number in range(5):
        images.restore(picture(2 * number + 1, "NormalSnapshot", "Normal"))
    images.restore(picture(1001, "CoverSnapshot", "Uploading"))
    medium = media.read("default", MEDIUM)
    assert medium

    found = pictures_of(images, medium)

    types = [image.type for image in found]
    assert types == ["CoverSnapshot"] * min(count, MOST_PICTURES) + ["NormalSnapshot"] * 5
    filters = [ImageFilters(medium=MEDIUM, type=each) for each in SHOWN_TYPES]
    pages = [images.page("default", each, cursor=None, limit=200) for each in filters]
    assert pictures_in(pages) == found
    redis.close()


@pytest.mark.parametrize(
    ("key", "secret", "expected"),
    [
        pytest.param(PUBLIC, None, f"http://host/{PUBLIC}", id="public"),
        pytest.param(PRIVATE, "a secret", f"http://host/{PRIVATE}?", id="private"),
        pytest.param(PRIVATE, None, "", id="no-secret"),
        pytest.param(None, "a secret", "", id="to-come"),
    ],
)
def test_a_picture_has_a_link_unless_nobody_could_open_it(
    tmp_path: Path, key: str | None, secret: str | None, expected: str
) -> None:
    store = LocalStore(folder=tmp_path, public_base_url="http://host", link_secret=secret)

    assert link(store, key, life_s=60).startswith(expected)
    assert bool(link(store, key, life_s=60)) == bool(expected)
