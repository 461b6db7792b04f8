"""Calls of VOD 2017-03-21 about images: GetImageInfo and GetImageInfos."""

from typing import Any, Final

from api.dialects.alibaba.calls import HEX_ID, Call
from api.dialects.alibaba.errors import RefusalError
from api.dialects.alibaba.views import ImageLinks, image_view
from api.dialects.pictures import link
from worker.contracts.catalogue import ImageRecord, MediumLabels
from worker.rules.objects import MAX_LINK_LIFE_S

MOST_IMAGES: Final = 20
OUTPUTS: Final = ("cdn", "oss")
DEFAULT_LIFE_S: Final = 3600
# Of links to the bucket itself; to the vendor's CDN they may live as long as anyone likes.
MAX_OSS_LIFE_S: Final = 2_592_000
MAX_LONG: Final = 10**18


def get_image_info(call: Call) -> dict[str, Any]:
    """What is known of an image, and its links."""
    image_id, lives = call.given.needed("ImageId"), _lives(call)
    image = _found(call, image_id)
    if image is None:
        raise RefusalError("NoSuchResource")
    return {"ImageInfo": _told(call, image, lives)}


def get_image_infos(call: Call) -> dict[str, Any]:
    """The images of the ids, in their order; ids of none are told apart."""
    asked, lives = call.given.ids("ImageIds", MOST_IMAGES), _lives(call)
    found = {image_id: image for image_id in asked if (image := _found(call, image_id))}
    return {
        "ImageInfo": [_told(call, image, lives) for image in found.values()],
        "NonExistImageIds": [image_id for image_id in asked if image_id not in found],
    }


def _lives(call: Call) -> tuple[int, int]:
    """How long a link to the image lives, and one to its file in the bucket.

    Links here live seven days at most: asked for more, they end earlier, and are made anew.
    """
    output = call.given.one_of("OutputType", OUTPUTS, "cdn")
    most = MAX_OSS_LIFE_S if output == "oss" else MAX_LONG
    asked = call.given.long("AuthTimeout", least=1, most=most)
    life_s = min(asked or DEFAULT_LIFE_S, MAX_LINK_LIFE_S)
    return life_s, life_s if output == "oss" else DEFAULT_LIFE_S


def _found(call: Call, image_id: str) -> ImageRecord | None:
    """The image if the account sees it: one to come of an upload is of no medium so far."""
    if not HEX_ID.fullmatch(image_id):
        return None
    if call.found:
        image = call.found.image
    else:
        image = call.parts.state.images.read(call.account.tenant, image_id)
    return image if image and call.account.may_see(image.medium_id or "") else None


def _told(call: Call, image: ImageRecord, lives: tuple[int, int]) -> dict[str, Any]:
    store = call.parts.store
    url, file_url = (link(store, image.key, life_s=life_s) for life_s in lives)
    bucket = call.parts.settings.store.bucket
    return image_view(image, _labels(call, image), ImageLinks(url, file_url, bucket))


def _labels(call: Call, image: ImageRecord) -> MediumLabels:
    """What the image's medium is called: an image has a title only."""
    if image.medium_id is None:
        return MediumLabels()
    if call.found:
        medium = call.found.medium
    else:
        medium = call.parts.state.media.read(image.tenant, image.medium_id)
    return medium.labels if medium else MediumLabels()
