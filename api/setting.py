"""What clients of served vendor APIs set: the cover and the labels of a medium."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from api.copying import CoversAsSet
from worker import wiring
from worker.contracts.catalogue import ImageRecord, MediumCover, MediumLabels, MediumRecord
from worker.contracts.targets import FirstframeTarget, VendorApi, VendorSetting
from worker.errors import RequestError, SourceError, StorageError
from worker.ports import Store
from worker.rules.capabilities import url_mistake
from worker.rules.cover_urls import is_shown
from worker.rules.keys import is_public
from worker.rules.set_covers import (
    fetch_mistake,
    key_in,
    named_medium,
    without_name,
)
from worker.settings import FetchSettings
from worker.state.admissions import Found
from worker.state.catalogue import Catalogue
from worker.wiring import State


class Setting(NamedTuple):
    """What one account reaches through a vendor's API, `by`, and sets there.

    A medium that it `may_see` not does not exist. Methods raise RequestError `request.not_found`
    and `queue.unavailable`, and those that set something StorageError.
    """

    state: State
    store: Store
    fetch: FetchSettings
    tenant: str
    by: VendorApi
    may_see: Callable[[str], bool]

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue that the media are in."""
        return wiring.catalogue(self.state, self.store)

    def medium(self, medium_id: str, found: Found | None = None) -> MediumRecord:
        """A medium that the account may see; it may have been `found` already."""
        medium = None
        if self.may_see(medium_id):
            medium = found.medium if found else self.state.media.read(self.tenant, medium_id)
        if medium is None:
            raise RequestError("request.not_found", "There is no such medium.")
        return medium

    def medium_of_url(self, url: str) -> MediumRecord:
        """The medium that a URL is a picture of, or names.

        Of media that share the picture it is the one that the URL names (`set_covers.naming`), else
        that of the newest job. The picture may also be the named one's cover, made of another.
        """
        return self._medium_of(url, self._pictures(url))

    def set_cover(self, medium_id: str, url: str, found: Found | None = None) -> MediumCover:
        """Show a URL as the cover of a medium: at once, and in the ledger.

        Of a picture of ours that is all; any other is copied by a job that starts here. What is
        shown already, or being copied, is the answer as it is.
        Raises: SourceError `source.url_not_allowed` for a URL that the vendor does not take, one
        that could not be fetched whatever its host is, or a link to a private picture of which the
        account does not know.
        """
        return self._set_cover(self.medium(medium_id, found), url, self._pictures(url))

    def set_cover_of(self, url: str) -> MediumCover:
        """As `set_cover`, of the medium that `medium_of_url` finds."""
        pictures = self._pictures(url)
        return self._set_cover(self._medium_of(url, pictures), url, pictures)

    def label(self, medium_id: str, labels: MediumLabels) -> MediumRecord:
        """Keep what the client calls the medium; labels that are not given stay."""
        self.medium(medium_id)
        return self.catalogue.label(self.tenant, medium_id, labels)

    def _medium_of(self, url: str, pictures: Sequence[ImageRecord]) -> MediumRecord:
        of_pictures = [image.medium_id for image in pictures if image.medium_id]
        named = named_medium(url)
        if named is not None and (
            named in of_pictures or not of_pictures or self._has_as_cover(named, url)
        ):
            return self.medium(named)
        if not of_pictures:
            raise RequestError("request.not_found", "There is no medium of that picture.")
        return self.medium(of_pictures[0])

    def _has_as_cover(self, medium_id: str, url: str) -> bool:
        if not self.may_see(medium_id):
            return False
        medium = self.state.media.read(self.tenant, medium_id)
        return bool(medium and medium.cover and medium.cover.key == key_in(url))

    def _set_cover(
        self, medium: MediumRecord, url: str, pictures: Sequence[ImageRecord]
    ) -> MediumCover:
        wrong = url_mistake(self.by, without_name(url))
        pictures = pictures or self._shown_as_cover(medium, url)
        if not wrong and not pictures:
            wrong = self._never_copied(url)
        if wrong:
            raise SourceError("source.url_not_allowed", f"The URL {wrong}.")
        picture = _that_of(medium.medium_id, pictures)
        is_private = picture is not None and picture.key is not None and not is_public(picture.key)
        as_set = VendorSetting(
            by=self.by, url=None if is_private else url, of_library=medium.of_library
        )
        if medium.cover and self._is_shown(medium.cover, as_set, picture):
            return medium.cover
        covers = CoversAsSet(self.state, self.catalogue, self.tenant)
        target = FirstframeTarget(provider="firstframe", medium_id=medium.medium_id, as_set=as_set)
        return covers.show(target, picture) if picture else covers.copy(target, as_set, url)

    def _pictures(self, url: str) -> list[ImageRecord]:
        """The account's pictures that a URL of ours shows, newest first."""
        key = key_in(url)
        if key is None or not self._is_ours(key, url):
            return []
        found = self.state.images.of_key(self.tenant, key)
        return [image for image in found if self.may_see(image.medium_id or "")]

    def _shown_as_cover(self, medium: MediumRecord, url: str) -> list[ImageRecord]:
        """The medium's cover, if the URL is its: made of another's picture, it is of that medium.

        So whoever sees this one only can set again what it was told.
        """
        cover, key = medium.cover, key_in(url)
        if cover is None or cover.image_id is None or key is None or cover.key != key:
            return []
        image = self.state.images.read(self.tenant, cover.image_id)
        return [image] if image and self._is_ours(key, url) else []

    def _is_ours(self, key: str, url: str) -> bool:
        if is_public(key):
            return is_shown(self.store.public_url(key), url)
        if not key.startswith(f"private/{self.tenant}/"):
            return False
        try:
            return is_shown(self.store.signed_url(key, expires_s=60), url)
        except StorageError:
            # A store without a secret for links has given out none.
            return False

    def _never_copied(self, url: str) -> str | None:
        key = key_in(url)
        if key is not None and not is_public(key):
            # A link is no leave to show the picture to all, for ever, under another name.
            return "is a link to a private picture"
        return fetch_mistake(
            url,
            allowed_ports=self.fetch.allowed_ports,
            allow_private_addresses=self.fetch.allow_private_addresses,
        )

    def _is_shown(
        self, cover: MediumCover, as_set: VendorSetting, picture: ImageRecord | None
    ) -> bool:
        """Whether the cover is what is to be set, and on its way if it is a copy."""
        if cover.url != as_set.url:
            return False
        if picture is not None:
            return cover.image_id == picture.image_id
        if cover.image_id is not None or cover.record is None:
            return cover.image_id is not None
        record = self.state.records.read(self.tenant, cover.record)
        return record is not None and record.state == "pending"


def _that_of(medium_id: str, pictures: Sequence[ImageRecord]) -> ImageRecord | None:
    """Of pictures with the same bytes that of the medium, else the newest."""
    of_medium = [image for image in pictures if image.medium_id == medium_id]
    return next(iter([*of_medium, *pictures]), None)
