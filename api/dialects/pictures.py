"""The pictures of a medium that the served vendor APIs list, and where each is."""

from collections.abc import Iterable
from itertools import islice
from typing import Final

from worker.contracts.catalogue import ImageRecord, MediumRecord
from worker.errors import StorageError
from worker.ports import Store
from worker.rules.keys import is_public
from worker.state.images import ImagePage, ImageRecords, of_one_type

# Of covers and of snapshots, the newest: a link is signed for each that is private.
MOST_PICTURES: Final = 100


def pictures_of(images: ImageRecords, medium: MediumRecord) -> list[ImageRecord]:
    """The medium's covers and snapshots that are stored."""
    return images.of_medium(medium.tenant, medium.medium_id, limit=MOST_PICTURES)


def pictures_in(pages: Iterable[ImagePage]) -> list[ImageRecord]:
    """As `pictures_of`, of pages that have all there are, one a type."""
    stored = ((image for image in page.images if image.status == "Normal") for page in pages)
    return [image for each in stored for image in of_one_type(islice(each, MOST_PICTURES))]


def link(store: Store, key: str | None, *, life_s: int) -> str:
    """Where an object is: for ever if it is public, else by a link that lives so long.

    Empty for one that is not there yet, and where the store has no secret to sign with.
    """
    if key is None:
        return ""
    if is_public(key):
        return store.public_url(key)
    try:
        return store.signed_url(key, expires_s=life_s)
    except StorageError:
        return ""
