"""What callers may ask for: the body of `POST /v1/covers`, checked field by field."""

import re
from typing import Annotated, Any, Final, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from worker.contracts.catalogue import HexId
from worker.contracts.libraries import ANY_ID, SINGLE_SPACE
from worker.contracts.names import MAX_SIZE_PX, MAX_SIZES, Format, Lane, Visibility
from worker.contracts.targets import DryRunTarget, Target, VendorId

# Kinds of mistakes that are codes of their own (docs/errors.md).
NOT_AVAILABLE: Final = "request.not_available"
URL_NOT_ALLOWED: Final = "source.url_not_allowed"
URL_BLOCKED: Final = "webhook.url_blocked"
_NAMES: Final = "'url', 'upload', 'object', 'album', 'file', 'entry', 'image'"
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


def _callback_url(value: Any) -> Any:
    if isinstance(value, str) and _WITH_USER.match(value):
        raise PydanticCustomError(URL_BLOCKED, "a URL with a user or password is not allowed")
    return value


NotBuilt = Annotated[SkipJsonSchema[None], BeforeValidator(_refuse)]
HttpUrl = Annotated[str, BeforeValidator(_http_url), Field(min_length=1)]
CallbackUrl = Annotated[str, BeforeValidator(_callback_url), Field(min_length=1, max_length=2048)]
ShortText = Annotated[str, StringConstraints(max_length=256)]
SizePx = Annotated[StrictInt, Field(ge=1, le=MAX_SIZE_PX)]


class Request(BaseModel):
    """A body whose unknown fields are refused by name."""

    # What is wrong with a record is logged: never what it holds, such as signed URLs.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ObjectReference(Request):
    """An object of a bucket that the settings allow for the tenant."""

    bucket: Annotated[str, Field(min_length=3, max_length=63)]
    key: Annotated[str, Field(min_length=1, max_length=1024)]


SmhId = Annotated[str, Field(pattern=rf"^{ANY_ID}$")]
# Written as the vendor takes it: UTF-8, no control characters.
SmhName = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=1024)]
ProfileName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]


class SmhReference(Request):
    """A library at Tencent SMH; who may read it, and with what secret, is the profile's say."""

    provider: Literal["tencent_smh"]
    library_id: SmhId
    space_id: SmhId = SINGLE_SPACE
    user_id: SmhName | None = None
    profile: ProfileName = "main"


class AlbumReference(SmhReference):
    """The first medium of an album by upload time; without an album, that of the space."""

    album: Annotated[SmhName, Field(pattern=r"^[^/]+$")] | None = None


class FileReference(SmhReference):
    """A file by its path, in the version `history_id` where it is given."""

    path: SmhName
    history_id: SmhName | None = None


class EntryReference(Request):
    """A version of a file in a library that is served here."""

    library_id: SmhId
    space_id: SmhId
    entry_id: Annotated[str, Field(pattern=r"^ent_[0-9A-HJKMNP-TV-Z]{26}$")]
    version_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,128}$")]


class ImageReference(Request):
    """A picture that was made here, by its record in the catalogue.

    `of_library` is ours to say: whether it is of a file of a library that is served here.
    """

    provider: Literal["firstframe"]
    image_id: HexId
    of_library: SkipJsonSchema[StrictBool | None] = None


class VendorImageReference(Request):
    """An uploaded image at Alibaba VOD, found by GetImageInfo with the profile's credentials."""

    provider: Literal["alibaba_vod"]
    image_id: VendorId
    profile: ProfileName = "main"


AnyImage = Annotated[ImageReference | VendorImageReference, Field(discriminator="provider")]


class SourceReference(Request):
    """Where the medium is: exactly one of the fields."""

    url: HttpUrl | None = None
    upload: Annotated[str, Field(pattern=r"^upl_[0-9A-HJKMNP-TV-Z]{26}$")] | None = None
    object: ObjectReference | None = None
    album: AlbumReference | None = None
    file: FileReference | None = None
    entry: EntryReference | None = None
    image: AnyImage | None = None
    medium: NotBuilt = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "SourceReference":
        if sum(getattr(self, name) is not None for name in type(self).model_fields) != 1:
            raise PydanticCustomError(
                "one_source", "expected exactly one of {names}", {"names": _NAMES}
            )
        return self


class FrameRequest(Request):
    policy: Annotated[str, BeforeValidator(_first_only)] = "first"


class CoverForm(Request):
    """What form covers have, whatever they show."""

    sizes: Annotated[list[SizePx], Field(min_length=1, max_length=MAX_SIZES)] | None = None
    format: Format = "jpeg"
    quality: Annotated[StrictInt, Field(ge=1, le=100)] = 85


class Recipe(CoverForm):
    """What the covers should be, wherever the medium comes from."""

    frame: FrameRequest = FrameRequest()


class CoverRequest(Recipe):
    """The body of `POST /v1/covers`."""

    source: SourceReference
    lane: Lane = "live"
    visibility: Visibility | None = None
    metadata: Annotated[dict[ShortText, ShortText], Field(max_length=32)] = {}
    crop: NotBuilt = None
    target: Target | None = None
    callback_url: CallbackUrl | None = None
    watch: StrictBool = False

    @model_validator(mode="after")
    def _watches_albums(self) -> "CoverRequest":
        if self.watch and (self.source.album is None or self.target is None):
            raise PydanticCustomError("watch_album", "'watch' needs 'source.album' and 'target'")
        return self

    @model_validator(mode="after")
    def _records_one_of_its_sizes(self) -> "CoverRequest":
        of = self.target.of if isinstance(self.target, DryRunTarget) else None
        for name, target in (("target.size", self.target), ("target.of.size", of)):
            if target and target.size is not None and target.size not in (self.sizes or ()):
                told = "'{name}' is none of 'sizes'"
                raise PydanticCustomError("target_size", told, {"name": name})
        return self


class ChecksumRequest(Request):
    """What completes an upload to a library: its bytes read once, checked and kept."""

    transfer: Annotated[str, Field(pattern=r"^trn_[0-9A-HJKMNP-TV-Z]{26}$")]
    crc64: Annotated[str, Field(pattern=r"^-?[0-9]{1,20}$")] | None = None  # as the client told it
    lane: Lane = "live"
