"""From a picture of a finished job to the request for a cover of it."""

from collections.abc import Callable
from typing import Final

from pydantic import ValidationError

from api.errors import FieldError, RefusedError, refusal
from worker.contracts.catalogue import ImageRecord
from worker.contracts.choices import Choice
from worker.contracts.jobs import Job
from worker.contracts.requests import CoverForm, CoverRequest, ImageReference, SourceReference
from worker.errors import RequestError
from worker.rules.catalogue import image_id, made

_TAKEN_OVER: Final = {
    *CoverForm.model_fields,
    *("lane", "visibility", "metadata", "target", "callback_url"),
}


def request_of(
    choice: Choice, job: Job, image_of: Callable[[str], ImageRecord | None]
) -> CoverRequest:
    """The request for a cover of the chosen picture.

    Raises: RequestError `job.state` when the job has not succeeded; RefusedError that names the
    field, `request.not_found` or `request.invalid`.
    """
    if job.status != "succeeded":
        detail = f"The job is {job.status}; pictures are chosen from one that has succeeded."
        raise RequestError("job.state", detail)
    field, wanted = _chosen(choice, job)
    image = image_of(wanted)
    if image is None or image.job != job.id or image.key is None:
        raise _refused("request.not_found", field, "the job has no such picture")
    reference = ImageReference(provider="firstframe", image_id=image.image_id)
    told = choice.model_dump(include=_TAKEN_OVER)
    try:
        return CoverRequest(source=SourceReference(image=reference), **told)
    except ValidationError as invalid:
        raise refusal(invalid.errors(include_url=False, include_input=False)) from invalid


def _chosen(choice: Choice, job: Job) -> tuple[str, str]:
    """The field that names the picture, and the picture's id."""
    if choice.image is not None:
        return "image", choice.image
    field, index = "candidate", choice.candidate
    if choice.snapshot is not None:
        field, index = "snapshot", choice.snapshot
    drawn = made(job.result) if job.result else []
    labels = [each.label for each in drawn if each.label.startswith(f"snapshots/{field}-")]
    if index is None or index >= len(labels):
        told = f"the job has {len(labels)} of them, counted from 0"
        raise _refused("request.invalid", field, told)
    return field, image_id(job.id, labels[index])


def _refused(code: str, field: str, message: str) -> RefusedError:
    return RefusedError(code, f"{field}: {message}.", errors=[FieldError(field, message)])
