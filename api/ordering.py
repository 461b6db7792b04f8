"""From `POST /v1/records` to the order: which cover is meant, and whether it can be recorded."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Final, NamedTuple

from api.intake import Intake, error_of, refuse
from api.reach import Reach
from api.targets import Expected
from worker.contracts.catalogue import ImageRecord
from worker.contracts.jobs import Job
from worker.contracts.records import Record, RecordedCover, RecordOrder, RecordRequest
from worker.contracts.results import CoverResult
from worker.contracts.targets import DryRunTarget
from worker.errors import CoverError, RequestError
from worker.rules.records import cover_of
from worker.rules.set_covers import cover_of_image
from worker.rules.visibility import Refusal

_NO_IMAGE: Final = Refusal("request.not_found", "image", "there is no such picture, or not yet")
_NO_JOB: Final = Refusal("request.not_found", "job", "there is no such job")
_NO_COVERS: Final = Refusal(
    "request.invalid", "job", "it makes no covers: name one of its pictures as 'image'"
)
_TWO_SIZES: Final = Refusal("request.invalid", "target.size", "'size' says another")
_SIZE_OF_IMAGE: Final = Refusal("request.invalid", "target.size", "it goes with 'job'")


class Ordering(NamedTuple):
    """Takes covers that are there, to be recorded at targets."""

    intake: Intake
    reach: Reach

    def take(self, wanted: Sequence[RecordRequest]) -> list[Record | CoverError]:
        """The record of each request, or why there is none; they are not released yet.

        Why: RefusedError that names the field, RequestError `job.state`.
        Raises: RequestError `queue.unavailable`; what was recorded before stays.
        """
        named = dict.fromkeys(each.image for each in wanted if each.image)
        images = self.intake.images(self.reach.tenant, named)
        job_of = cache(self._job)
        checked = [self._checked(each, images.get(each.image or ""), job_of) for each in wanted]
        orders = [each for each in checked if isinstance(each, RecordOrder)]
        made = iter(self.intake.state.records.create(self.reach.tenant, orders))
        return [next(made) if isinstance(each, RecordOrder) else each for each in checked]

    def _checked(
        self, wanted: RecordRequest, image: ImageRecord | None, job_of: Callable[[str], Job]
    ) -> RecordOrder | CoverError:
        try:
            if wanted.image:
                return self._order(wanted, *_of_image(wanted, image))
            return self._order(wanted, *_of_job(wanted, job_of(wanted.job or "")))
        except CoverError as refused:
            if refused.code == "queue.unavailable":
                raise
            return refused

    def _order(self, wanted: RecordRequest, job: str, cover: RecordedCover) -> RecordOrder:
        """What is recorded where. Raises: RefusedError, RequestError `queue.unavailable`."""
        targets = self.intake.targets(self.reach.tenant)
        expected = Expected(cover.url, cover.content_type)
        refused = targets.callback_refusal(wanted.callback_url)
        refused = refused or targets.refusal(wanted.target, expected)
        if refused and refused.field in {"visibility", "format"}:
            # The cover is made already: it is the picture that does not fit.
            refused = refused._replace(field="image" if wanted.image else "job")
        refuse(refused)
        return RecordOrder(
            target=wanted.target,
            job=job,
            cover=cover,
            callback_url=wanted.callback_url,
            metadata=wanted.metadata,
        )

    def _job(self, job_id: str) -> Job:
        try:
            return self.reach.read(job_id)
        except RequestError as error:
            if error.code == "request.not_found":
                raise error_of(_NO_JOB) from error
            raise


def _of_image(wanted: RecordRequest, found: ImageRecord | None) -> tuple[str, RecordedCover]:
    """The job of a picture, and the picture as it is recorded."""
    if found is None or found.key is None:
        raise error_of(_NO_IMAGE)
    if _sizes(wanted):
        raise error_of(_SIZE_OF_IMAGE)
    return found.job, cover_of_image(found)


def _of_job(wanted: RecordRequest, job: Job) -> tuple[str, RecordedCover]:
    """A job's id, and the cover that is meant of it."""
    if job.status != "succeeded":
        detail = f"The job is {job.status}; covers are recorded of one that has succeeded."
        raise RequestError("job.state", detail)
    sizes = _sizes(wanted)
    if not isinstance(job.result, CoverResult):
        raise error_of(_NO_COVERS)
    if len(sizes) > 1:
        raise error_of(_TWO_SIZES)
    sized = wanted.target.model_copy(update={"size": next(iter(sizes), None)})
    cover = cover_of(job.result, sized, job=job.id)
    if cover is None:
        field = "size" if wanted.size else "job"
        raise error_of(Refusal("request.not_found", field, "the job has no such cover"))
    return job.id, cover


def _sizes(wanted: RecordRequest) -> set[int]:
    """All sizes that a request names, by whichever field."""
    target = wanted.target
    of = target.of.size if isinstance(target, DryRunTarget) else None
    return {size for size in (wanted.size, target.size, of) if size is not None}
