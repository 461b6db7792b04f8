"""Which picture of a finished job becomes a cover: the body of `POST /v1/jobs/{id}/choose`."""

from typing import Annotated

from pydantic import Field, StrictInt, model_validator
from pydantic_core import PydanticCustomError

from worker.contracts.catalogue import HexId
from worker.contracts.names import Lane, Visibility
from worker.contracts.requests import CallbackUrl, CoverForm, ShortText
from worker.contracts.targets import Target

Index = Annotated[StrictInt, Field(ge=0)]


class Choice(CoverForm):
    """One picture, by its record's id or its place in the result; the form of covers is theirs."""

    image: HexId | None = None
    snapshot: Index | None = None
    candidate: Index | None = None
    lane: Lane = "live"
    visibility: Visibility | None = None
    metadata: Annotated[dict[ShortText, ShortText], Field(max_length=32)] = Field({})
    target: Target | None = None
    callback_url: CallbackUrl | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "Choice":
        if sum(value is not None for value in (self.image, self.snapshot, self.candidate)) != 1:
            raise PydanticCustomError(
                "one_picture", "expected exactly one of 'image', 'snapshot', 'candidate'"
            )
        return self
