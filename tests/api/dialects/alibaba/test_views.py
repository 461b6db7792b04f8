from datetime import UTC, datetime

import pytest

from api.dialects.alibaba.views import ImageLinks, image_view
from worker.contracts.catalogue import ImageRecord, ImageType, MediumLabels


@pytest.mark.parametrize(
    "type_", ["CoverSnapshot", "NormalSnapshot", "SpriteSnapshot", "SpriteOriginSnapshot"]
)
def test_every_type_of_picture_is_told_by_the_pages_word(type_: ImageType) -> None:
    image = ImageRecord(
        image_id="0" * 32,
        tenant="ann",
        label="snapshots/01",
        type=type_,
        title="A still",
        status="Normal",
        created_at=datetime(2018, 11, 21, 2, 37, 23, 999_999, tzinfo=UTC),
        job="job_1",
    )

    told = image_view(image, MediumLabels(), ImageLinks("", "", ""))

    assert (told["ImageType"], told["CreationTime"]) == (type_, "2018-11-21T02:37:23Z")
