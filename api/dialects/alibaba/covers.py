"""The cover of a medium and the pictures of it, which both products set and tell."""

from api.catalogue import cover_url
from api.dialects.alibaba.calls import Call
from api.views import LINK_LIFE_S
from worker.contracts.catalogue import MediumRecord
from worker.errors import SourceError, StorageError
from worker.ports import Store
from worker.rules.keys import is_public

# Of covers and of snapshots, the newest.
MOST_PICTURES = 100


def set_cover(call: Call, medium_id: str, url: str) -> None:
    """Show the URL as the cover, from now on.

    Raises: RefusalError naming CoverURL, RequestError, StorageError.
    """
    try:
        call.setting.set_cover(medium_id, url, call.found)
    except SourceError as error:
        raise call.given.wrong("CoverURL", error.message.removesuffix(".")) from error


def cover_url_of(call: Call, medium: MediumRecord) -> str:
    """Where the medium's cover is; empty where it has none that anybody can be sent to."""
    return (cover_url(medium.cover, call.parts.store) if medium.cover else None) or ""


def picture_urls_of(call: Call, medium: MediumRecord) -> list[str]:
    """Where the medium's covers and snapshots are."""
    images, store = call.parts.state.images, call.parts.store
    found = images.of_medium(medium.tenant, medium.medium_id, limit=MOST_PICTURES)
    links = (link(store, image.key, life_s=LINK_LIFE_S) for image in found)
    return [url for url in links if url]


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
