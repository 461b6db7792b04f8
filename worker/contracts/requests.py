"""What callers may ask for: the body of `POST /v1/covers`, checked field by field."""

import re
from typing import Annotated, Any, Final

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StringConstraints,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from worker.contracts.names import MAX_SIZE_PX, MAX_SIZES, Format, Lane

# Kinds of mistakes that are codes of their own (docs/errors.md).
NOT_AVAILABLE: Final = "request.not_available"
URL_NOT_ALLOWED: Final = "source.url_not_allowed"
_WITH_USER: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*@")


def _refuse(value: Any) -> None:
    if value is not None:
        raise PydanticCustomError(NOT_AVAILABLE, "this build does not have this field")


def _first_only(value: Any) -> Any:
    head = value.partition(":")[0] if isinstance(value, str) else None
    if head in {"usable", "at", "best"}:
        raise PydanticCustomError(
            NOT_AVAILABLE,
            "this build has the frame policy 'first' only, not '{head}'",
            {"head": head},
        )
    if value != "first":
        raise PydanticCustomError("frame_policy", "expected 'first'")
    return value


def _http_url(value: Any) -> Any:
    if isinstance(value, str) and len(value) > 8192:
        raise PydanticCustomError("url_too_long", "a URL has at most 8192 characters")
    if isinstance(value, str) and _WITH_USER.match(value):
        # It could never be fetched, and a record is no place for a password.
        raise PydanticCustomError(URL_NOT_ALLOWED, "a URL with a user or password is not allowed")
    return value


NotBuilt = Annotated[SkipJsonSchema[None], BeforeValidator(_refuse)]
HttpUrl = Annotated[str, BeforeValidator(_http_url), Field(min_length=1)]
ShortText = Annotated[str, StringConstraints(max_length=256)]
SizePx = Annotated[StrictInt, Field(ge=1, le=MAX_SIZE_PX)]


class Request(BaseModel):
    """A body whose unknown fields are refused by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ObjectReference(Request):
    """An object of a bucket that the settings allow for the tenant."""

    bucket: Annotated[str, Field(min_length=3, max_length=63)]
    key: Annotated[str, Field(min_length=1, max_length=1024)]


class SourceReference(Request):
    """Where the medium is: exactly one of the fields."""

    url: HttpUrl | None = None
    upload: Annotated[str, Field(pattern=r"^upl_[0-9A-HJKMNP-TV-Z]{26}$")] | None = None
    object: ObjectReference | None = None
    album: NotBuilt = None
    file: NotBuilt = None
    medium: NotBuilt = None
    image: NotBuilt = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "SourceReference":
        if sum(value is not None for value in (self.url, self.upload, self.object)) != 1:
            raise PydanticCustomError(
                "one_source", "expected exactly one of 'url', 'upload', 'object'"
            )
        return self


class FrameRequest(Request):
    policy: Annotated[str, BeforeValidator(_first_only)] = "first"


class Recipe(Request):
    """What the covers should be, wherever the medium comes from."""

    sizes: Annotated[list[SizePx], Field(min_length=1, max_length=MAX_SIZES)] | None = None
    format: Format = "jpeg"
    quality: Annotated[StrictInt, Field(ge=1, le=100)] = 85
    frame: FrameRequest = FrameRequest()


class CoverRequest(Recipe):
    """The body of `POST /v1/covers`."""

    source: SourceReference
    lane: Lane = "live"
    metadata: Annotated[dict[ShortText, ShortText], Field(max_length=32)] = {}
    crop: NotBuilt = None
    target: NotBuilt = None
    callback_url: NotBuilt = None
    visibility: NotBuilt = None
    watch: NotBuilt = None
