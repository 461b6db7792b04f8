"""What gets a cover: an asset, medium, video or file at a provider, named without secrets.

A profile of the settings says where the provider is and with whose credentials it is called.
"""

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StringConstraints
from pydantic.json_schema import SkipJsonSchema

from worker.contracts.libraries import ANY_ID, SINGLE_SPACE
from worker.contracts.names import MAX_SIZE_PX

ProviderName = Literal[
    "huawei_vod",
    "alibaba_mps",
    "alibaba_vod",
    "tencent_smh",
    "webhook",
    "firstframe",
    "dry_run",
]
# The APIs of vendors that are served here.
VendorApi = Literal["huawei_vod", "alibaba_mps", "alibaba_vod"]
MAX_COVER_URL_CHARACTERS: Final = 8192

Profile = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
# Ids of a vendor are the vendor's to judge: what no vendor has is refused here.
VendorId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
# Written as the vendor takes it: UTF-8, no control characters.
VendorName = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=1024)]
SmhId = Annotated[str, Field(pattern=rf"^{ANY_ID}$")]


class CoverTarget(BaseModel):
    """Fields of all targets; `size` says which of several covers is recorded, else the largest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: Annotated[StrictInt, Field(ge=1, le=MAX_SIZE_PX)] | None = None


class HuaweiVodTarget(CoverTarget):
    """An asset at Huawei VOD (PUT /v1.0/{project_id}/asset/cover)."""

    provider: Literal["huawei_vod"]
    profile: Profile = "main"
    asset_id: VendorId


class AlibabaMpsTarget(CoverTarget):
    """A media file at Alibaba MPS (UpdateMediaCover)."""

    provider: Literal["alibaba_mps"]
    profile: Profile = "main"
    media_id: Hex32


class AlibabaVodTarget(CoverTarget):
    """A video at Alibaba VOD (UpdateVideoInfo)."""

    provider: Literal["alibaba_vod"]
    profile: Profile = "main"
    video_id: VendorId


class SmhTarget(CoverTarget):
    """A file at Tencent SMH, beside which or in whose metadata the cover is kept."""

    provider: Literal["tencent_smh"]
    profile: Profile = "main"
    library_id: SmhId
    space_id: SmhId = SINGLE_SPACE
    path: VendorName
    user_id: VendorName | None = None


class WebhookTarget(CoverTarget):
    """An endpoint of the settings that is told of the cover; `id` is the receiver's word for it."""

    provider: Literal["webhook"]
    profile: Profile = "main"
    id: VendorName


class VendorSetting(BaseModel):
    """What a client of a served vendor API set: it reads its own URL again.

    Without one, the picture's: where its bytes were uploaded, or the URL was a link that ends.
    `of_library` says whether the medium is a file of a library that is served here: so is then
    what is made to be its cover.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: VendorApi
    url: Annotated[str, Field(max_length=MAX_COVER_URL_CHARACTERS)] | None = None
    of_library: bool = False


class FirstframeTarget(CoverTarget):
    """A medium of our own catalogue, as it is shown here and by the vendor APIs served here.

    `as_set` is ours to say, and no part of what the target is.
    """

    provider: Literal["firstframe"]
    medium_id: Hex32
    as_set: SkipJsonSchema[VendorSetting | None] = None


RealTarget: TypeAlias = Annotated[
    HuaweiVodTarget
    | AlibabaMpsTarget
    | AlibabaVodTarget
    | SmhTarget
    | WebhookTarget
    | FirstframeTarget,
    Field(discriminator="provider"),
]


class DryRunTarget(CoverTarget):
    """Any other target, to which nothing is sent: the record says what would be."""

    provider: Literal["dry_run"]
    of: RealTarget


Target: TypeAlias = Annotated[
    HuaweiVodTarget
    | AlibabaMpsTarget
    | AlibabaVodTarget
    | SmhTarget
    | WebhookTarget
    | FirstframeTarget
    | DryRunTarget,
    Field(discriminator="provider"),
]
