"""Jobs with pictures: their requests, results and records, over a store in memory of a test."""

from pathlib import Path

from tests.worker.state.parts import Parts
from worker.contracts.catalogue import ImageRecord
from worker.contracts.jobs import Job
from worker.contracts.requests import CoverRequest
from worker.contracts.results import CoverInfo, CoverResult, FrameInfo, MediumInfo
from worker.rules.catalogue import image_id
from worker.rules.keys import content_type_of, public_key
from worker.state.catalogue import Catalogue
from worker.state.images import ImageRecords
from worker.state.leases import Lease
from worker.state.media import MediumRecords
from worker.state.references import References
from worker.stores.local import LocalStore

URL = "https://media.example/clip.mp4"
PROBE = MediumInfo(kind="video", format="mp4", codec="h264", width=8, height=8, duration_ms=10_000)


def key_of(number: int) -> str:
    """The key of some cover."""
    return public_key("covers", f"{number:064x}", "jpg")


def cover(key: str, size_px: int = 64) -> CoverInfo:
    return CoverInfo(
        size=size_px,
        ratio="1:1",
        crop_box=(0, 0, 8, 8),
        width=size_px,
        height=size_px,
        path=None,
        url=f"http://host/objects/{key}",
        key=key,
        content_type="image/jpeg",
        bytes=1000,
        sha256="0" * 64,
        upscaled=True,
    )


def result(*covers: CoverInfo) -> CoverResult:
    return CoverResult(
        source=URL,
        status="succeeded",
        medium=PROBE,
        frame=FrameInfo(policy="first", rule="first", pts_ms=0, index=0),
        covers=covers,
    )


class Gallery:
    """The catalogue over one database and one folder, with jobs that make covers."""

    def __init__(self, parts: Parts, folder: Path, *, delete_s: float = 1) -> None:
        self.parts = parts
        self.store = LocalStore(folder=folder, public_base_url="http://host", link_secret=None)
        self.images = ImageRecords(parts.redis)
        self.media = MediumRecords(parts.redis)
        self.references = References(parts.redis, delete_s=delete_s)
        self.catalogue = Catalogue(self.images, self.media, self.references, self.store)

    def take(self, *sizes_px: int, tenant: str = "ann", url: str = URL) -> Job:
        """A job that is queued, its pictures expected."""
        wanted = {"source": {"url": url}, "sizes": list(sizes_px)}
        job = self.parts.jobs.create(tenant, CoverRequest.model_validate(wanted))
        self.images.expect(job)
        return job

    def put(self, job: Job, key: str, data: bytes = b"picture") -> None:
        """What a destination does."""
        self.references.of_job(job.tenant, job.id)(key)
        self.store.put(key, data, content_type=content_type_of(key))

    def finish(self, job: Job, *covers: CoverInfo, fingerprint: str | None = None) -> None:
        """Put the covers, keep them, and end the job."""
        for each in covers:
            assert each.key
            self.put(job, each.key)
        lease = self.begin(job)
        self.catalogue.keep(lease.job, result(*covers), fingerprint)
        lease.finish(result(*covers))

    def begin(self, job: Job) -> Lease:
        """The first attempt at a job."""
        self.parts.lanes.release("live")
        return self.parts.claim(job)

    def made(self, key: str, *, tenant: str = "ann") -> tuple[Job, str]:
        """A job that is done, and the id of its one cover."""
        job = self.take(64, tenant=tenant)
        self.finish(job, cover(key))
        return job, image_id(job.id, "covers/64")

    def record(self, job: Job, label: str = "covers/64") -> ImageRecord:
        found = self.images.read(job.tenant, image_id(job.id, label))
        assert found is not None
        return found

    def forget_jobs(self) -> None:
        """Forget all jobs that have ended."""
        while self.parts.retention.forget_finished(keep_s=-1, limit=100):
            pass

    def is_stored(self, key: str) -> bool:
        return self.store.find(key) is not None
