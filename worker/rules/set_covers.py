"""Covers that clients of served vendor APIs set by a URL: of ours, of which medium, or fetched."""

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from worker.contracts.catalogue import ImageRecord
from worker.contracts.jobs import AnyRequest
from worker.contracts.records import RecordedCover
from worker.contracts.requests import CoverRequest
from worker.contracts.targets import FirstframeTarget, VendorSetting
from worker.rules.addresses import is_allowed_host

_HEX_ID: Final = "[0-9a-f]{32}"
# As Huawei's snapshot URLs name their asset (UpdateCoverByThumbnail, example of thumbnailUrl).
_IN_PATH: Final = re.compile(rf"/asset/({_HEX_ID})/")
_IN_FRAGMENT: Final = re.compile(rf"asset/({_HEX_ID})")
_KEY: Final = re.compile(
    r"/((?:covers|snapshots|private/[a-z0-9][a-z0-9_-]{0,62})/[0-9a-f]{2}/[0-9a-f]{64}"
    r"\.[a-z0-9]{1,8})\Z"
)
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def key_in(url: str) -> str | None:
    """What the path of a URL ends with, if that can be the key of a picture of ours."""
    found = _KEY.search(url.partition("#")[0].partition("?")[0])
    return found[1] if found else None


def naming(url: str, medium_id: str) -> str:
    """A picture's URL that says whose it is, which is never sent to the server of the picture.

    Two media may have the same picture: a call that names nothing but a URL has to tell them apart.
    """
    return f"{url.partition('#')[0]}#asset/{medium_id}"


def named_medium(url: str) -> str | None:
    """The medium that a URL names: in its fragment, by `naming`, or as `/asset/{id}/` in it."""
    before, _, fragment = url.partition("#")
    found = _IN_FRAGMENT.fullmatch(fragment) or _IN_PATH.search(before.partition("?")[0])
    return found[1] if found else None


def without_name(url: str) -> str:
    """The URL without what `naming` put there; any other fragment stays."""
    before, _, fragment = url.partition("#")
    return before if _IN_FRAGMENT.fullmatch(fragment) else url


def fetch_mistake(
    url: str, *, allowed_ports: Collection[int], allow_private_addresses: bool
) -> str | None:
    """Why a URL is not fetched whatever its host's address is; None where that decides.

    It is what the guard of `net` refuses before it looks a name up.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme.lower() not in _DEFAULT_PORTS:
        return "must begin with http:// or https://"
    if "@" in parts.netloc:
        return "has user information"
    if not is_allowed_host(parts.hostname or ""):
        return "has a host that is no name and no address"
    port = _DEFAULT_PORTS[parts.scheme.lower()] if port is None else port
    if port == 0 or not (allow_private_addresses or port in allowed_ports):
        return "has a port that is not allowed"
    return None


def set_by_client(request: AnyRequest) -> tuple[str, VendorSetting] | None:
    """The medium whose cover a client of a served API sets by a job, and what it set.

    None of all other jobs.
    """
    target = request.target if isinstance(request, CoverRequest) else None
    if isinstance(target, FirstframeTarget) and target.as_set is not None:
        return target.medium_id, target.as_set
    return None


def cover_of_image(image: ImageRecord) -> RecordedCover:
    """A stored picture of the catalogue as a cover that can be recorded."""
    assert image.key is not None
    return RecordedCover(
        key=image.key,
        url=image.url,
        content_type=image.content_type or "",
        bytes=image.bytes or 0,
        # Objects are named by their bytes.
        sha256=image.key.rpartition("/")[2].partition(".")[0],
        width=image.width or 0,
        height=image.height or 0,
        image_id=image.image_id,
    )
