"""Passes that want frames at exact times and key frames: neither changes what the others get."""

from random import Random

import pytest

from tests.barred_video import Numbered, video
from tests.readers import BytesReader
from worker.contracts.passes import Pick, Wanted
from worker.decoders.pyav import PyavDecoder

CLIPS = {
    "mp4": Numbered(options=(("bf", "3"),)),
    "fragmented": Numbered(muxing=(("movflags", "frag_keyframe+empty_moov+default_base_moof"),)),
    "matroska": Numbered(container="mkv", options=(("bf", "3"),)),
    "live-webm": Numbered("libvpx", "webm", muxing=(("live", "1"),), seekable=False),
    "transport-stream": Numbered(container="ts", options=(("bf", "3"),)),
    "one-group": Numbered(container="ts", frames=300, gop=300),
    "two-groups": Numbered(container="ts", frames=300, gop=150),
    "avi": Numbered("mpeg4", "avi"),
}
PICKS: tuple[Pick, ...] = ("exact", "nearest_key")


def _given(data: bytes | BytesReader, wanted: list[Wanted]) -> dict[Wanted, int | None]:
    """When the frames are that one pass gives."""
    reader = BytesReader(data) if isinstance(data, bytes) else data
    medium = PyavDecoder().open(reader, needed_px=None)
    try:
        medium.timeline()
        frames = medium.frames(wanted, on_pass=lambda _: None)
        told = [frame.pts_ms if frame else None for frame in frames]
    finally:
        medium.close()
    return dict(zip(wanted, told, strict=True))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", sorted(CLIPS))
def test_a_mixed_pass_answers_as_a_pass_for_each_pick(name: str, seed: int) -> None:
    data = video(CLIPS[name])
    random = Random(seed)
    length_ms = CLIPS[name].frames * 40
    wanted = sorted({Wanted(random.randrange(length_ms), random.choice(PICKS)) for _ in range(40)})

    together = _given(data, wanted)

    for pick in PICKS:
        alone = [one for one in wanted if one.pick == pick]
        assert {one: together[one] for one in alone} == _given(data, alone)


@pytest.mark.parametrize(
    ("picks", "times"),
    [
        pytest.param(("exact",), 5, id="exact"),
        pytest.param(("nearest_key",), 5, id="nearest-key"),
        pytest.param(PICKS, 8, id="mixed"),
    ],
)
def test_one_long_group_without_an_index_is_not_read_anew_for_each_frame(
    picks: tuple[Pick, ...], times: int
) -> None:
    data = video(Numbered(container="ts", frames=1000, gop=1000, size=(640, 128)))
    reader = BytesReader(data)
    wanted = sorted(Wanted(at_ms, pick) for at_ms in range(2100, 40_000, 2900) for pick in picks)

    told = _given(reader, wanted)

    assert {told[one] for one in wanted if one.pick == "nearest_key"} <= {0}
    assert reader.bytes_read <= times * len(data)


def test_a_mixed_pass_tells_how_far_it_is_without_going_back() -> None:
    heard: list[int] = []
    medium = PyavDecoder().open(BytesReader(video(CLIPS["one-group"])), needed_px=None)
    wanted = sorted(Wanted(at_ms, pick) for at_ms in range(1000, 12_000, 1900) for pick in PICKS)

    try:
        assert len(list(medium.frames(wanted, on_pass=heard.append))) == len(wanted)
    finally:
        medium.close()

    assert heard == sorted(heard)
