"""What uploads hold: their digests, by which the same bytes are known again under another id."""

import logging
from typing import Final

import redis

from worker.errors import RequestError
from worker.state.scripts import Script

log = logging.getLogger(__name__)

_KEEP: Final = """
redis.call('SET', 'ff:upload:' .. ARGV[1] .. ':' .. ARGV[2], ARGV[3], 'PX', whole(ARGV[4]))
"""
_FIND: Final = """
return redis.call('GET', 'ff:upload:' .. ARGV[1] .. ':' .. ARGV[2])
"""


class UploadDigests:
    """SHA-256 of uploads, in hex, for as long as an upload waits for a job.

    They only spare work: without Redis none is kept and none is found.
    """

    def __init__(self, client: redis.Redis, *, keep_s: float) -> None:
        self._keep_s = keep_s
        self._keep = Script(client, _KEEP)
        self._find = Script(client, _FIND)

    def keep(self, tenant: str, upload: str, sha256: str) -> None:
        try:
            self._keep(tenant, upload, sha256, self._keep_s * 1000)
        except RequestError as error:
            log.warning("the digest of an upload was not kept: %s", error)

    def find(self, tenant: str, upload: str) -> str | None:
        """None when it is not known, or no longer."""
        try:
            found: str | None = self._find(tenant, upload)
        except RequestError as error:
            log.warning("the digest of an upload was not asked: %s", error)
            return None
        return found
