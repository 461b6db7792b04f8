"""The moving preview: pieces of a video, frame by frame into one moving picture."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
        missing: list[Wanted] = []
        views = self._views(medium, shown.wanted, missing, tell)
        first = next(views)
        with self.files.watch.stage("encode"):
            data = self.animator.animate(
                chain([first], views), frame_ms=shown.frame_ms, quality=self.files.quality
            )
        frames = len(shown.wanted) - len(missing)
        put = self.files.put(data, PREVIEW, self.animator.extension, self.animator.content_type)
        return PreviewInfo(
            **put.model_dump(),
            width=first.width_px,
            height=first.height_px,
            duration_ms=frames * shown.frame_ms,
            frames=frames,
            pieces_ms=tuple(piece.start_ms for piece in shown.pieces),
            flags=(FRAMES_MISSING,) if missing else (),
        )

    def _views(
        self,
        medium: OpenMedium,
        wanted: Sequence[Wanted],
        missing: list[Wanted],
        tell: Tell,
    ) -> Iterator[View]:
        """The frames as small views, at least one; `missing` gets those that do not come.

        The first one's size counts: before it, rotation and shape of the pixels are not known.
        """
        size: Size | None = None
        watch = self.files.watch
        pictures = pictures_of(medium, wanted, tell=tell, watch=watch)
        for frame, picture in zip(wanted, pictures, strict=True):
            if picture is None:
                missing.append(frame)
                continue
            size = size or preview_size(self.request, picture.size)
            with watch.stage("crop"):
                view = medium.view(picture.frame, picture.whole, *size)
            yield view
        Missing(tuple(missing), len(wanted)).check(self.least_share)
