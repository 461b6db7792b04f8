"""Which callback URLs are taken: what is refused later, whatever is there, is refused at once."""

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from worker.rules.addresses import address_of, is_allowed_address
from worker.rules.set_covers import fetch_mistake

_VISIBLE: Final = re.compile(r"[!-~]+")


def callback_mistake(
    url: str,
    *,
    allow_http: bool,
    allow_private_addresses: bool,
    allowed_ports: Collection[int],
) -> str | None:
    """Why a URL is never called; None where that depends on what its name leads to.

    Names are looked up, and their addresses checked, at each delivery (`net.guard`).
    """
    if not _VISIBLE.fullmatch(url):
        return "has spaces, control characters or letters outside ASCII: they must be escaped"
    wrong = fetch_mistake(
        url, allowed_ports=allowed_ports, allow_private_addresses=allow_private_addresses
    )
    if wrong is not None:
        return wrong
    parts = urlsplit(url)
    if parts.scheme != "https" and not allow_http:
        return "must begin with https://"
    address = address_of(parts.hostname or "")
    if address and not is_allowed_address(address, allow_private_addresses=allow_private_addresses):
        return "has an address that may not be called"
    return None
