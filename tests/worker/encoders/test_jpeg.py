"""What is special about JPEG covers."""

import pytest

from worker.encoders.jpeg import JpegEncoder
from worker.errors import ImageError
from worker.ports import View


def test_a_side_over_65500_px_is_an_encoding_error() -> None:
    with pytest.raises(ImageError, match="65500") as caught:
        JpegEncoder().encode(View(65_501, 1, memoryview(bytes(65_501 * 3))), quality=85)

    assert caught.value.code == "image.encode_failed"
