"""Media for the demo, made on the spot from a portrait in the public domain.

The portrait is the sample photo of Grace Hopper (US Navy, public domain) in the matplotlib package.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

FRAME_RATE: Final = 10
FRAMES: Final = 20


class Sample(NamedTuple):
    """A file of the demo and what must come of it: a crop rule or an error code."""

    file: str
    shows: str
    rule: str | None = None
    error: str | None = None


SAMPLES: Final = (
    Sample("portrait.jpg", "a portrait photo", rule="faces"),
    Sample("h264.mp4", "an H.264 clip", rule="faces"),
    Sample("vp9.webm", "a VP9 clip", rule="faces"),
    Sample("rotated.mp4", "a clip held upright, stored on its side", rule="faces"),
    Sample("far.png", "a face far from the centre", rule="faces"),
    Sample("landscape.webp", "no face at all", rule="centre"),
    Sample("broken.mp4", "a text that calls itself a video", error="media.not_media"),
)


def make_media(folder: Path) -> None:
    """Write the files of `SAMPLES` into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    person = portrait()
    person.save(folder / "portrait.jpg", quality=90)
    _place(1600, 600, person, left=1180).save(folder / "far.png")
    landscape(1280, 720).save(folder / "landscape.webp", quality=80)
    wide = [_place(1280, 720, person, left=120 + 6 * step) for step in range(FRAMES)]
    write_clip(folder / "h264.mp4", "libx264", wide)
    write_clip(folder / "vp9.webm", "libvpx-vp9", [_place(960, 540, person, left=430)] * FRAMES)
    tall = [_place(540, 960, person, left=40 + step, top=30) for step in range(FRAMES)]
    write_clip(folder / "rotated.mp4", "libx264", [p.rotate(90, expand=True) for p in tall], 90)
    (folder / "broken.mp4").write_text("This is no video.\n" * 20)


def portrait() -> Any:
    """The portrait as a Pillow image, 512 by 600, RGB."""
    import matplotlib as mpl
    from PIL import Image

    path = Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    with Image.open(path) as photo:
        return photo.convert("RGB")


def landscape(width: int, height: int) -> Any:
    """Sky, a low sun and three ranges of hills."""
    import numpy as np
    from PIL import Image

    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    picture = np.stack([90 + 120 * y / height, 140 + 60 * y / height, 220 - 60 * y / height], -1)
    sun = np.hypot(x - width * 0.68, y - height * 0.42) < height * 0.09
    picture[sun] = (255, 214, 120)
    for number, shade in enumerate(((96, 120, 140), (64, 96, 96), (36, 64, 56))):
        waves = np.sin(x / (190 - 40 * number) + number) + 0.5 * np.sin(x / 61 + 2 * number)
        picture[y > height * (0.55 + 0.13 * number) - waves * height * 0.05] = shade
    return Image.fromarray(picture.astype(np.uint8))


def _place(width: int, height: int, person: Any, *, left: int, top: int = 0) -> Any:
    """A landscape with the portrait standing in it, as high as fits below `top`."""
    scene = landscape(width, height)
    high = min(height - top, person.height)
    shrunk = person.resize((person.width * high // person.height, high))
    scene.paste(shrunk, (left, height - high))
    return scene


def write_clip(
    path: Path, codec: str, pictures: list[Any], rotation_cw: int = 0, key_every: int = 0
) -> None:
    """Write pictures of one size as a clip of `FRAME_RATE`; `key_every` 0 is the codec's choice."""
    import av

    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=FRAME_RATE)
        stream.width, stream.height = pictures[0].size
        stream.pix_fmt = "yuv420p"
        if key_every:
            stream.codec_context.gop_size = key_every
        if rotation_cw:
            stream.set_display_rotation(-rotation_cw)  # PyAV counts the other way round
        for frame in _frames(pictures):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _frames(pictures: list[Any]) -> Iterator[Any]:
    import av
    import numpy as np

    for picture in pictures:
        yield av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
