"""The moving preview: pieces of a video, frame by frame into one moving picture."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from worker.contracts.names import FRAMES_MISSING
from worker.contracts.passes import Wanted
from worker.contracts.snapshot_results import PreviewInfo
from worker.contracts.snapshots import PreviewRequest
from worker.geometry.shapes import Size
from worker.jobs.files import Files
from worker.jobs.passing import Missing, Tell, pictures_of
from worker.ports import Animator, OpenMedium, View
from worker.rules.labels import PREVIEW
from worker.rules.pieces import Moving, preview_size


@dataclass
class Tally:
    """The frames that were shown, and those that did not come."""

    shown: int = 0
    missing: list[Wanted] = field(default_factory=list)


@dataclass(frozen=True)
class Preview:
    """Makes a moving preview; fails where a lesser share of its frames came than `least_share`."""

    request: PreviewRequest
    animator: Animator
    files: Files
    least_share: float

    def put(self, medium: OpenMedium, shown: Moving, *, tell: Tell) -> PreviewInfo:
        """Decode, encode and put it, one frame in memory at a time.

        Raises: RequestError `request.invalid` as `preview_size`, MediaError, SourceError,
        ImageError, StorageError, and what `tell` raises.
        """
        tally = Tally()
        views = self._views(medium, shown.wanted, tally, tell)
        first = next(views)
        with self.files.watch.stage("encode"):
            data = self.animator.animate(
                chain([first], views), frame_ms=shown.frame_ms, quality=self.files.quality
            )
        put = self.files.put(data, PREVIEW, self.animator.extension, self.animator.content_type)
        return PreviewInfo(
            **put.model_dump(),
            width=first.width_px,
            height=first.height_px,
            duration_ms=tally.shown * shown.frame_ms,
            frames=tally.shown,
            pieces_ms=tuple(piece.start_ms for piece in shown.pieces),
            flags=(FRAMES_MISSING,) if tally.missing else (),
        )

    def _views(
        self, medium: OpenMedium, wanted: Sequence[Wanted], tally: Tally, tell: Tell
    ) -> Iterator[View]:
        """The frames as small views, at least one, and not the last one for times behind it.

        The first one's size counts: before it, rotation and shape of the pixels are not known.
        """
        size: Size | None = None
        watch = self.files.watch
        pictures = pictures_of(medium, wanted, tell=tell, watch=watch)
        for frame, picture in zip(wanted, pictures, strict=True):
            if picture is None:
                tally.missing.append(frame)
                continue
            if size and (picture.frame.pts_ms or 0) < frame.offset_ms:
                continue
            size = size or preview_size(self.request, picture.size)
            with watch.stage("crop"):
                view = medium.view(picture.frame, picture.whole, *size)
            tally.shown += 1
            yield view
        Missing(tuple(tally.missing), len(wanted)).check(self.least_share)
