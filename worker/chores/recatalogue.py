"""Makes the records of the catalogue anew from the documents that lie in the store."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Final, Literal, NamedTuple

from worker.contracts.catalogue import ImageRecord, MediumRecord
from worker.errors import RequestError
from worker.rules.catalogue import document_key, parsed
from worker.rules.keys import CATALOGUE, PICTURES
from worker.state.catalogue import Catalogue, Stored

_AT_ONCE: Final = 8
_BATCH: Final = 500

# A document gave a record anew, or told what was known; its picture is gone, or it is damaged.
Outcome = Literal["image", "medium", "known", "gone", "damaged"]


class Unknown(NamedTuple):
    """Objects that no picture or job was ever of."""

    objects: int
    bytes: int


def recatalogue(catalogue: Catalogue) -> Iterator[Outcome]:
    """Know every medium and picture that the store has a document of; what is known stays.

    It may be repeated, and run while pictures are made and deleted.
    Raises: RequestError `queue.unavailable`, StorageError.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for batch in _batches(catalogue.objects.list(CATALOGUE)):
            yield from pool.map(lambda stored: _restored(catalogue, stored), batch)


def unknown_objects(
    catalogue: Catalogue, *, release: bool, looked_at: Callable[[int], None]
) -> Unknown:
    """Find pictures that nobody refers to or ever did; with `release` they are swept in time.

    Call it when all records are there. `looked_at` is told how many objects were asked for.
    """
    count = size_bytes = 0
    for prefix in PICTURES:
        for batch in _batches(catalogue.objects.list(prefix)):
            keys = [stored.key for stored in batch]
            found = set(catalogue.references.unknown(keys, release=release))
            count += len(found)
            size_bytes += sum(stored.size_bytes for stored in batch if stored.key in found)
            looked_at(len(batch))
    return Unknown(count, size_bytes)


def _restored(catalogue: Catalogue, stored: Stored) -> Outcome:
    try:
        data = catalogue.objects.read(stored.key, 0, stored.size_bytes)
    except RequestError as error:
        if error.code != "request.not_found":
            raise
        return "gone"
    medium = parsed(MediumRecord, stored.key, data)
    if medium:
        return "medium" if catalogue.media.restore(_with_cover(catalogue, medium)) else "known"
    image = parsed(ImageRecord, stored.key, data)
    return _restored_image(catalogue, image) if image else "damaged"


def _with_cover(catalogue: Catalogue, medium: MediumRecord) -> MediumRecord:
    """The medium with what its cover has left: a URL of another server outlives our picture."""
    cover = medium.cover
    if cover is None or cover.key is None or catalogue.objects.find(cover.key) is not None:
        return medium
    left = cover.model_copy(update={"image_id": None, "key": None})
    is_ours = cover.url is None or cover.key in cover.url
    return medium.model_copy(update={"cover": None if is_ours else left})


def _restored_image(catalogue: Catalogue, image: ImageRecord) -> Outcome:
    if image.key is None or catalogue.objects.find(image.key) is None:
        return "gone"
    if image.medium_id:
        catalogue.media.see_again(image.tenant, image.medium_id, image.created_at)
    if not catalogue.images.restore(image):
        return "known"
    # From now on it refers to its object. Either may have been deleted just before.
    if any(catalogue.objects.find(key) is None for key in (document_key(image), image.key)):
        catalogue.images.remove(image.tenant, image.image_id)
        return "gone"
    return "image"


def _batches(found: Iterable[Stored]) -> Iterator[list[Stored]]:
    rest = iter(found)
    while batch := list(islice(rest, _BATCH)):
        yield batch
