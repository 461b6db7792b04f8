"""The cover of a medium and the pictures of it, which both products set and tell."""

from api.catalogue import cover_url
from api.dialects.alibaba.calls import Call
from api.dialects.pictures import link, pictures_of
from api.views import LINK_LIFE_S
from worker.contracts.catalogue import MediumRecord
from worker.errors import SourceError


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
    found, store = pictures_of(call.parts.state.images, medium), call.parts.store
    links = (link(store, image.key, life_s=LINK_LIFE_S) for image in found)
    return [url for url in links if url]
