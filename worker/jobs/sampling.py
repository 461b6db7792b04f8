"""Samples of a video: judged as they come, the best of them kept as candidates for its cover."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from worker.contracts.passes import Wanted
from worker.contracts.snapshot_results import SnapshotInfo
from worker.jobs.finishing import Picture
from worker.jobs.looking import Looked, small_view
from worker.jobs.passing import Demand
from worker.jobs.stills import Easel, EncodedStill
from worker.ports import Scorer
from worker.rules.candidates import Sample, with_faces, with_sample
from worker.rules.offsets import Offsets


@dataclass
class Samples:
    """The judged frames of one attempt; only of the `most` best there is a picture in memory."""

    easel: Easel
    scorer: Scorer
    most: int
    judged: list[Sample] = field(default_factory=list)
    _best: list[Sample] = field(default_factory=list)
    _drawn: dict[Sample, EncodedStill] = field(default_factory=dict)

    def demands(self, offsets: Offsets) -> Iterator[Demand]:
        for offset_ms in offsets.samples_ms:
            take = partial(self._take, offset_ms)
            yield Demand(Wanted(offset_ms, offsets.sample_pick), (take,))

    def put(self) -> tuple[SnapshotInfo, ...]:
        """Put the candidates, the best first. Raises: StorageError."""
        return tuple(
            self.easel.put(self._drawn[sample], "candidate", rank, score=sample.score)
            for rank, sample in enumerate(self._best, start=1)
        )

    def _take(self, offset_ms: int, picture: Picture | None) -> None:
        pts_ms = picture.frame.pts_ms if picture else None
        if picture is None or pts_ms is None or pts_ms in {known.pts_ms for known in self.judged}:
            return
        sample, looked = self._judge(picture, pts_ms)
        self.judged.append(sample)
        self._best = with_sample(self._best, sample, self.most)
        if sample in self._best:
            drawn = self.easel.draw(picture, offset_ms, looked)
            self._drawn = {**self._drawn, sample: drawn}
        self._drawn = {kept: drawn for kept, drawn in self._drawn.items() if kept in self._best}

    def _judge(self, picture: Picture, pts_ms: int) -> tuple[Sample, Looked | None]:
        """Faces count for candidates only: a preview's pieces are short of time for them."""
        eyes = self.easel.eyes
        with self.easel.files.watch.stage("detect"):
            small = small_view(picture, eyes.short_px)
            look = self.scorer.look(small)
        if not self.most:
            return Sample(pts_ms, look.score, look.print), None
        looked = eyes.look(picture, small)
        score = with_faces(look.score, [face.score for face in looked.faces])
        return Sample(pts_ms, score, look.print), looked
