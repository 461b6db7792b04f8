"""How long a video is, told alike by its time line and by what is said of the medium."""

import pytest

from tests.barred_video import Numbered, video
from tests.readers import BytesReader
from worker.decoders.pyav import PyavDecoder


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(
            Numbered(muxing=(("movflags", "frag_keyframe+empty_moov+default_base_moof"),)),
            id="fragmented",
        ),
        pytest.param(
            Numbered("libvpx", "webm", muxing=(("live", "1"),), seekable=False), id="live-webm"
        ),
        pytest.param(Numbered(), id="mp4"),
    ],
)
def test_a_medium_is_as_long_as_its_time_line(made: Numbered) -> None:
    medium = PyavDecoder().open(BytesReader(video(made)), needed_px=None)

    timeline = medium.timeline()

    assert timeline.duration_ms == made.frames * 40
    assert medium.info.duration_ms == timeline.duration_ms
    medium.close()
